"""LanguageFinder: what the same text costs in each language, and a field in which readers find theirs."""

import unicodedata
from collections.abc import Iterable, Sequence
from html import escape

import regex
import traitlets

from b2t import data
from b2t.widgets.base import PageWidget, asset, check_one_of, number_table

ORDERS = ("premium", "name")
FIELDS = ("code", "name", "script", "dir", "tag", "opening")
MOST = 1000  # languages
MOST_QUERY = 100  # characters
SHORTEST = 4  # an ASCII word of a query is looked for in the openings from this length
FIRST_ROWS = 5
OPENING = 90  # characters of a text that a default language begins with


def plain(text: str) -> str:
    """Write a text without case and marks, as the search compares it.

    Examples
    --------
    >>> plain("Tiếng Việt"), plain("Éwé")
    ('tieng viet', 'ewe')
    """
    return regex.sub(r"\p{M}+", "", unicodedata.normalize("NFD", text.lower()))


def words(text: str) -> list[str]:
    """Cut a plain text into its words: runs of letters and digits.

    Examples
    --------
    >>> words("chinese (simplified)")
    ['chinese', 'simplified']
    """
    return regex.findall(r"[\p{L}\p{N}]+", text)


def fits(word: str, language: Sequence[str]) -> bool:
    """Tell whether a word of a query fits: begins a word of the name or script, is the code, is in the text.

    Examples
    --------
    >>> maori = ["mri", "Maori", "Latin", "ltr", "mi", "Ko te katoa o nga tangata"]
    >>> [fits(word, maori) for word in ("mao", "mri", "katoa", "kat", "aori")]
    [True, True, True, False, False]
    """
    code, name, script, _, tag, opening = map(plain, language)
    if word in (code, tag) or any(w.startswith(word) for w in words(f"{name} {script}")):
        return True
    return (len(word) >= SHORTEST or not word.isascii()) and word in opening


class LanguageFinder(PageWidget):
    """Every language as a dot on a scale of premiums; a field to find one; its numbers under each vocabulary.

    Parameters
    ----------
    languages : sequence of (code, name, script, dir, tag, opening), optional
        As in `b2t.data.Language`, and how the text begins. English has the code "eng" and must be there.
        The Declaration in all languages by default.
    premiums : dict of str to sequence of float, optional
        By name of the vocabulary: tokens over those of English, one a language, two digits kept.
        By default those of bytes and of characters.
    vocabulary : str
        Whose premiums are drawn; the first one by default.
    query : str
        What is looked for: names, scripts, codes, or words of the text, in any case and without accents.
    order : {"premium", "name"}
        How the list is sorted.
    selected : str or None
        Code of the language whose numbers are shown.

    Examples
    --------
    >>> finder = LanguageFinder(
    ...     languages=[
    ...         ("eng", "English", "Latin", "ltr", "en", "All human"),
    ...         ("mri", "Maori", "Latin", "ltr", "mi", "Ko te"),
    ...     ],
    ...     premiums={"Raw bytes": [1, 1.2]},
    ...     query="mao",
    ... )
    >>> finder.found
    ['mri']
    """

    kind = "language-finder"
    page_state = ("languages", "premiums", "vocabulary", "query", "order", "selected")
    _esm = asset("language_finder.js")
    languages = traitlets.List().tag(sync=True)
    premiums = traitlets.Dict().tag(sync=True)
    vocabulary = traitlets.Unicode().tag(sync=True)
    query = traitlets.Unicode("").tag(sync=True)
    order = traitlets.Unicode("premium").tag(sync=True)
    selected = traitlets.Unicode(None, allow_none=True).tag(sync=True)

    def __init__(
        self, languages: Iterable[Sequence[str]] | None = None, premiums: dict | None = None, **traits
    ):
        if languages is None and premiums is None:
            languages, premiums = declaration()
        if languages is None or premiums is None:
            raise traitlets.TraitError("languages and premiums belong together: give both, or neither")
        languages = [list(map(str, language)) for language in languages]
        rounded = {str(name): [round(float(v), 2) for v in values] for name, values in premiums.items()}
        check_languages(languages)
        check_premiums(rounded, len(languages))
        vocabulary = traits.pop("vocabulary", next(iter(rounded)))
        super().__init__(languages=languages, premiums=rounded, vocabulary=vocabulary, **traits)

    @traitlets.validate("vocabulary")
    def _check_vocabulary(self, proposal):
        return check_one_of("vocabulary", proposal.value, self.premiums)

    @traitlets.validate("order")
    def _check_order(self, proposal):
        return check_one_of("order", proposal.value, ORDERS)

    @traitlets.validate("query")
    def _check_query(self, proposal):
        if len(proposal.value) > MOST_QUERY:
            raise traitlets.TraitError(
                f"query has {len(proposal.value)} characters; give at most {MOST_QUERY}"
            )
        return proposal.value

    @traitlets.validate("selected")
    def _check_selected(self, proposal):
        codes = [language[0] for language in self.languages]
        if proposal.value is not None and proposal.value not in codes:
            raise traitlets.TraitError(f"selected is {proposal.value!r}; choose a code such as {codes[0]!r}")
        return proposal.value

    @property
    def found(self) -> list[str]:
        """Codes of the languages that fit the query, in the order of the list."""
        wanted = words(plain(self.query))
        rows = [i for i, each in enumerate(self.languages) if all(fits(word, each) for word in wanted)]
        cost = self.premiums[self.vocabulary]
        by_name = {i: (plain(self.languages[i][1]), self.languages[i][0]) for i in rows}
        key = by_name.get if self.order == "name" else lambda i: (-cost[i], *by_name[i])
        return [self.languages[i][0] for i in sorted(rows, key=key)]

    def rank(self, code: str) -> int:
        """Give a language's place under the vocabulary, 1 for the lowest premium; equals share it."""
        cost = self.premiums[self.vocabulary]
        mine = cost[[language[0] for language in self.languages].index(code)]
        return 1 + sum(value < mine for value in cost)

    def still(self) -> str:
        """Draw the range in words and a table of all languages, which a browser can search."""
        header = ["language", "script", *self.premiums]
        cost = self.premiums[self.vocabulary]
        order = sorted(range(len(cost)), key=lambda i: (cost[i], self.languages[i][0]))
        rows = [[*self.languages[i][1:3], *(values[i] for values in self.premiums.values())] for i in order]
        ends = rows[:FIRST_ROWS] + rows[-FIRST_ROWS:] if len(rows) > 2 * FIRST_ROWS else rows
        return (
            f"<p>{escape(self._sentence(order))}</p>{number_table(header, ends)}"
            f"<details><summary>All {len(rows)}</summary>{number_table(header, rows)}</details>"
        )

    def _sentence(self, order: Sequence[int]) -> str:
        cost, names = self.premiums[self.vocabulary], [language[1] for language in self.languages]
        low, middle, high = order[0], order[len(order) // 2], order[-1]
        return (
            f"Tokens for the same text, English = 1, under the vocabulary “{self.vocabulary}”: "
            f"from {cost[low]:.2f} ({names[low]}) over {cost[middle]:.2f} in the middle "
            f"to {cost[high]:.2f} ({names[high]})."
        )


def declaration() -> tuple[list[tuple[str, ...]], dict[str, list[float]]]:
    """Give every language of the Declaration, and its length against English in bytes and in characters.

    Examples
    --------
    >>> languages, premiums = declaration()
    >>> len(languages), list(premiums)
    (521, ['Raw bytes', 'Characters'])
    """
    texts: dict[str, str] = {}
    for article in data.udhr_all("test"):
        texts[article.code] = texts.get(article.code, "") + article.text
    openings = {each.code: each.text[:OPENING] for each in data.udhr_all("test") if each.article == 1}
    languages = [(*language, openings[language.code]) for language in data.all_languages()]
    lengths = {"Raw bytes": lambda text: len(text.encode()), "Characters": len}
    premiums = {
        name: [length(texts[row[0]]) / length(texts["eng"]) for row in languages]
        for name, length in lengths.items()
    }
    return languages, premiums


def check_languages(languages: Sequence[Sequence[str]]) -> None:
    """Refuse languages without a row for English, with a wrong row, or with a code twice."""
    wrong = next((row for row in languages if len(row) != len(FIELDS)), None)
    codes = [row[0] for row in languages]
    if wrong is not None:
        raise traitlets.TraitError(f"a language is {wrong!r:.80}; give ({', '.join(FIELDS)})")
    if len(set(codes)) != len(codes) or "eng" not in codes or len(codes) > MOST:
        raise traitlets.TraitError(
            f"there are {len(codes)} languages with {len(set(codes))} codes; give at most {MOST}, "
            "each code once, 'eng' (English) among them"
        )


def check_premiums(premiums: dict[str, list[float]], n: int) -> None:
    """Refuse an empty table, a list of another length than the languages', and a premium that is no ratio."""
    if not premiums:
        raise traitlets.TraitError("there are no premiums; give {'name of a vocabulary': [one a language]}")
    for name, values in premiums.items():
        if len(values) != n:
            raise traitlets.TraitError(
                f"{name!r} has {len(values)} premiums for {n} languages; give one a language"
            )
        wrong = [value for value in values if not 0.01 <= value < 1000]
        if wrong:
            raise traitlets.TraitError(f"{name!r} has the premium {wrong[0]}; it runs from 0.01 to 1000")
