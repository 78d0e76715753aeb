"""From tokens with ranks to merges: which two halves a token is made of.

tiktoken keeps no merges. It joins, in a word, the two neighbours whose joined bytes have the lowest rank,
until no joined bytes are a token. Within the bytes of a token this always goes the same way, whatever stands
around them: as long as nothing is joined across its edges, its inside is a word of its own. So each token has
one last joining at most, and that is its merge.
"""

from collections.abc import Callable, Mapping
from math import inf

from b2t.bpe.core import N_BYTES, Pair

MAX_TOKEN = 1 << 13  # bytes; cl100k's longest token has 128


def halves(token: bytes, rank_of: Callable[[bytes, bytes], float]) -> tuple[bytes, bytes] | None:
    """Join the bytes of a token, the lowest rank first, until two parts are left.

    Parameters
    ----------
    token : bytes
        Two bytes at least.
    rank_of : function of (bytes, bytes) to float
        The rank of joining two parts; infinity where they cannot be joined.

    Returns
    -------
    (bytes, bytes) or None
        None when the parts never become two that can be joined.

    Examples
    --------
    >>> ranks = {b"bc": 5, b"ab": 7, b"abc": 8}
    >>> halves(b"abc", lambda left, right: ranks.get(left + right, inf))
    (b'a', b'bc')
    """
    parts = [token[i : i + 1] for i in range(len(token))]
    ranks = [rank_of(left, right) for left, right in zip(parts, parts[1:])]
    while len(parts) > 2:
        rank = min(ranks)
        if rank == inf:
            return None
        i = ranks.index(rank)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
        del ranks[i]
        for j in (i - 1, i):
            if 0 <= j < len(ranks):
                ranks[j] = rank_of(parts[j], parts[j + 1])
    return (parts[0], parts[1]) if ranks[0] < inf else None


def recover(ranks: Mapping[bytes, int]) -> dict:
    """Find the merges behind ranked tokens.

    Parameters
    ----------
    ranks : mapping of bytes to int
        Each token to its rank, which is also its id; the 256 bytes among them.

    Returns
    -------
    dict
        The arguments `merges`, `ids` and `unmerged` of `Tokenizer`. A token that its bytes are never
        joined to is among the unmerged.

    Raises
    ------
    ValueError
        When a byte is missing or a token is too long.

    Examples
    --------
    >>> single = {bytes([byte]): byte for byte in range(256)}
    >>> found = recover(single | {b"ab": 300, b"abc": 301, b"xyz": 302})
    >>> found["merges"], found["ids"][256:], found["unmerged"]
    ([(97, 98), (256, 99)], [300, 301], {302: b'xyz'})
    """
    check_spellings(ranks)
    made = {}
    for token in sorted(ranks, key=ranks.__getitem__):
        if len(token) > 1:
            made[token] = halves(token, lambda left, right: ranks.get(left + right, inf))
    return numbered(ranks, made)


def numbered(ids: Mapping[bytes, int], made: Mapping[bytes, tuple[bytes, bytes] | None]) -> dict:
    """Number the merges of tokens, in the order given, as `Tokenizer` takes them."""
    merged = [token for token, pair in made.items() if pair]
    single = [bytes([byte]) for byte in range(N_BYTES)]
    number = {token: i for i, token in enumerate(single + merged)}
    merges: list[Pair] = [(number[made[token][0]], number[made[token][1]]) for token in merged]
    unmerged = {ids[token]: token for token, pair in made.items() if not pair}
    return {"merges": merges, "ids": [ids[token] for token in single + merged], "unmerged": unmerged}


def check_spellings(tokens: Mapping[bytes, int]) -> None:
    """Refuse a vocabulary that lacks a byte, or has a token that is empty or endless."""
    missing = [byte for byte in range(N_BYTES) if bytes([byte]) not in tokens]
    if missing:
        raise ValueError(
            f"the vocabulary has no token for {len(missing)} of the 256 bytes, the first 0x{missing[0]:02x}; "
            "without them some texts have no ids"
        )
    for token, rank in tokens.items():
        if not 0 < len(token) <= MAX_TOKEN:
            raise ValueError(f"token {rank} has {len(token)} bytes; 1 to {MAX_TOKEN} can be read")
