"""MathML as browsers draw it (MathML Core), out of the older MathML that latex2mathml writes."""

import functools
import html
import re
import unicodedata
from xml.etree import ElementTree

NAME, NAME_WITH_LIMITS = "\ue000", "\ue001"  # private characters that mark the name of a function in an mtext
LIMITS = {"max", "min", "sup", "inf", "lim", "arg\u2009max", "arg\u2009min"}
FENCES = dict.fromkeys("⟨⌊⌈⟦", "prefix") | dict.fromkeys("⟩⌋⌉⟧", "postfix")
CLOSERS = (")", "]", "}", "⟩", "⌋", "⌉")
SIGNS = set(":⟹⟺⟸⧵")  # operators that latex2mathml takes for identifiers
LETTERS = set("∂∞∅ℓ")  # and the other way round
LIMIT_TAGS = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
SCRIPTS = ("msub", "msup", "msubsup", "munder", "mover", "munderover")
ACCENTS = set("^ˆ~˜¯―→ˇ˙¨´`")

# Browsers ignore mathvariant but for "normal": a styled letter is a character of its own in Unicode.
STYLES = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold-italic": "BOLD ITALIC",
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "fraktur": "FRAKTUR",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}


def restyle(element: ElementTree.Element) -> None:
    """Write what latex2mathml says with old attributes in the words of MathML Core.

    Parameters
    ----------
    element : xml.etree.ElementTree.Element
        One element; changed in place, its children left alone.
    """
    tag, text = element.tag, element.text or ""
    variant = element.attrib.pop("mathvariant", None)
    align = element.attrib.pop("columnalign", None)
    if tag == "mtd" and align:
        element.set("class", f"b2t-{align}")
    elif tag == "mtable" and element.attrib.pop("columnspacing", "").startswith("0em"):
        element.set("class", "b2t-aligned")
    elif tag == "mspace" and element.get("width", "").startswith("negative"):
        element.set("width", "-0.167em")
    elif tag == "mtext" and text[:1] in (NAME, NAME_WITH_LIMITS) and text:
        _set(element, "mo" if text[0] == NAME_WITH_LIMITS else "mi", text[1:])
    elif tag == "mtext":
        element.text = re.sub(r"\\([_%#&${}])", r"\1", text)
        if variant in STYLES:
            element.set("class", f"b2t-{variant}")
    elif variant in STYLES:
        element.text = styled(text, STYLES[variant])
    elif tag == "mi" and text in FENCES:
        _set(element, "mo", text, stretchy="false", form=FENCES[text])
    elif tag == "mo" and text == "‖" and not element.attrib:
        _set(element, "mo", text, stretchy="false", lspace="0", rspace="0")
    elif tag == "mi" and text in SIGNS:
        _set(element, "mo", text)
    elif tag == "mi" and variant == "normal":
        _set(element, "mi", text)
    elif tag == "mo" and text in LIMITS:
        _set(element, "mo", text)
    elif tag == "mo" and (text in LETTERS or (text.isalpha() and text.isascii())):
        _set(element, "mi", text)
    elif tag == "mover" and len(element) == 2 and html.unescape(element[1].text or "") in ACCENTS:
        element.set("accent", "true")


def _set(element: ElementTree.Element, tag: str, text: str, **attributes: str) -> None:
    element.tag, element.text = tag, text
    element.attrib.clear()
    if tag == "mi" and len(text) == 1:
        attributes["mathvariant"] = "normal"
    if tag == "mo" and text[0].isalpha():
        attributes |= {"movablelimits": "true", "lspace": "0.167em", "rspace": "0.167em"}
    element.attrib.update(attributes)


def arrange(math: ElementTree.Element) -> None:
    """Set limits, spaces and brackets as TeX would.

    Parameters
    ----------
    math : xml.etree.ElementTree.Element
        A formula whose elements are restyled; changed in place.
    """
    for element in list(math.iter()):
        _limits(element)
        _tighten(element)
        _space(element)
        _enclose(element)


def _limits(element: ElementTree.Element) -> None:
    """Put what stands under max or a sum under it (a browser moves it beside in running text)."""
    if element.tag in LIMIT_TAGS and (element[0].get("movablelimits") or element[0].text in set("∑∏⋃⋂")):
        element.tag = LIMIT_TAGS[element.tag]


def _tighten(element: ElementTree.Element) -> None:
    """Set signs as TeX does: no space around them in a script, nor between a leading sign and its number."""
    if element.tag in SCRIPTS:
        for sign in (sign for script in list(element)[1:] for sign in script.iter("mo")):
            sign.attrib.update(lspace="0", rspace="0")
    before = None
    for child in element if _is_row(element) else []:
        if child.tag == "mo" and child.text in ("−", "+", "±") and _opens(before):
            child.set("form", "prefix")
        if child.tag == "mo" and child.text == "/":
            child.attrib.update(lspace="0", rspace="0")
        before = child


def _opens(before: ElementTree.Element | None) -> bool:
    return before is None or (
        before.tag == "mo" and before.text not in (")", "]", "}", "|", "‖", "!", "⟩", "⌋")
    )


def _space(row: ElementTree.Element) -> None:
    """Set a thin space between the name of a function and what is no bracket or sign."""
    for here, there in list(zip(list(row), list(row)[1:], strict=False)) if _is_row(row) else []:
        closed = here.tag == "mo" and here.text in CLOSERS
        if (_is_name(here) and _is_operand(there)) or (_is_name(there) and (closed or _is_operand(here))):
            row.insert(list(row).index(there), ElementTree.Element("mspace", width="0.167em"))


def _is_row(element: ElementTree.Element) -> bool:
    return element.tag in ("mrow", "math", "mtd", "mstyle", "msqrt")


def _is_name(element: ElementTree.Element) -> bool:
    while element.tag in SCRIPTS and len(element):
        element = element[0]
    return element.tag == "mi" and len(element.text or "") > 1 and element.text.isascii()


def _is_operand(element: ElementTree.Element) -> bool:
    return element.tag not in ("mo", "mspace", "mtext") and not (
        element.tag in SCRIPTS and element[0].tag == "mo"
    ) and not (element.tag == "mrow" and len(element) and element[0].tag == "mo")  # fmt: skip


def _enclose(row: ElementTree.Element) -> None:
    """Give a matrix and its brackets a row of their own, so that the brackets grow no taller than it."""
    children = list(row)
    if len(children) <= 3 and row.tag == "mrow" and not row.attrib:
        return
    for i in range(len(children) - 2):
        triple = children[i : i + 3]
        if [e.tag for e in triple] == ["mo", "mtable", "mo"] and not triple[0].attrib:
            inner = ElementTree.Element("mrow")
            for element in triple:
                row.remove(element)
                inner.append(element)
            row.insert(i, inner)
            return _enclose(row)


@functools.cache
def _alphabets() -> dict[tuple[str, str], str]:
    """Map (style, letter) to Unicode's character, for all its mathematical alphabets."""
    letters = {}
    for character in map(chr, [*range(0x2102, 0x2139), *range(0x1D400, 0x1D800)]):
        name = unicodedata.name(character, "").replace("BLACK-LETTER", "FRAKTUR")
        style = re.sub(r"^MATHEMATICAL | (CAPITAL|SMALL|DIGIT|NABLA|PARTIAL|EPSILON).*", "", name)
        letters[style, unicodedata.normalize("NFKC", character)] = character
    return letters


def styled(text: str, style: str) -> str:
    r"""Spell a text in one of Unicode's mathematical alphabets.

    Parameters
    ----------
    text : str
        Any characters.
    style : str
        The alphabet as Unicode names it, without "MATHEMATICAL".

    Returns
    -------
    str
        The text with each character styled that has a styled form.

    Examples
    --------
    >>> ascii(styled("Rk+1", "DOUBLE-STRUCK"))
    "'\\u211d\\U0001d55c+\\U0001d7d9'"
    """
    return "".join(_alphabets().get((style, letter), letter) for letter in text)
