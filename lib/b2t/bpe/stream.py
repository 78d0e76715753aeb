"""Text while its tokens arrive: a token may end inside a character, which then has to wait."""

from codecs import getincrementaldecoder
from collections.abc import Callable, Iterable


class Stream:
    """Decode token by token, and give only complete characters.

    What `feed` and `end` give, joined, is what decoding all ids at once gives, however they are split.

    Parameters
    ----------
    decode_bytes : function of list of int to bytes
        The bytes of tokens: `Tokenizer.decode_bytes`.
    errors : {"replace", "strict", "ignore"}
        What to do where the bytes are not UTF-8, as in `bytes.decode`.

    Examples
    --------
    >>> stream = Stream(bytes)
    >>> [stream.feed(byte) for byte in "a你".encode()]
    ['a', '', '', '你']
    >>> stream.feed([0xE4, 0xBD]), stream.end()
    ('', '�')
    """

    def __init__(self, decode_bytes: Callable[[list[int]], bytes], errors: str = "replace"):
        self._decode_bytes = decode_bytes
        self._decoder = getincrementaldecoder("utf-8")(errors)

    def feed(self, ids: int | Iterable[int]) -> str:
        """Take an id or several, and return the characters that are complete now.

        Parameters
        ----------
        ids : int or iterable of int
            The next tokens; a NumPy array or a tensor will do.

        Returns
        -------
        str
            Often empty.

        Raises
        ------
        ValueError
            When an id is not in the vocabulary. Nothing of `ids` is taken then.
        """
        ids = ids.tolist() if hasattr(ids, "tolist") else ids
        return self._decoder.decode(self._decode_bytes(list(ids) if isinstance(ids, Iterable) else [ids]))

    def end(self) -> str:
        """Return what an unfinished character comes to; the stream can be used afresh then."""
        rest = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return rest
