"""Words that were encoded before, and their ids."""

from collections.abc import Mapping, Sequence

from b2t.bpe.core import Pair
from b2t.bpe.fast import encode_short_word, encode_word
from b2t.bpe.split import to_bytes

SHORT_WORD = 24  # bytes
MAX_WORDS = 100_000
MAX_CHARACTERS = 32  # of a word: longer ones hardly come again


class KnownWords(dict):
    """From a word to its ids; one that is missing is encoded, and kept if it is short.

    So it never takes more than some 100 MB, whatever the text: `MAX_WORDS` words (then it starts afresh) of
    `MAX_CHARACTERS` each. With English it takes a tenth of that.

    Parameters
    ----------
    ranks : mapping of (int, int) to int
        Pair to its place in the list of merges.
    ids : sequence of int
        The id of each byte and merge.
    whole : mapping of bytes to list of int
        Words that are not merged at all, and their ids.

    Examples
    --------
    >>> known = KnownWords({(97, 98): 0}, range(257), {})
    >>> known["abc"], known
    ([256, 99], {'abc': [256, 99]})
    """

    def __init__(self, ranks: Mapping[Pair, int], ids: Sequence[int], whole: Mapping[bytes, list[int]]):
        super().__init__()
        self.ranks, self.ids, self.whole = ranks, ids, whole

    def __missing__(self, word: str) -> list[int]:
        """Encode a word that is not known."""
        spelling = to_bytes(word)
        ids = self.whole.get(spelling)
        if ids is None:
            encode = encode_short_word if len(spelling) <= SHORT_WORD else encode_word
            ids = [self.ids[token] for token in encode(list(spelling), self.ranks)]
        if len(word) <= MAX_CHARACTERS:
            if len(self) >= MAX_WORDS:
                self.clear()
            self[word] = ids
        return ids
