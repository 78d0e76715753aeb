"""What a tokenizer is made of, checked: merges, ids, special tokens."""

from collections.abc import Mapping, Sequence

from b2t.bpe.core import N_BYTES, Pair
from b2t.bpe.split import compile_pattern, to_bytes

MAX_ID = 2**31 - 1
MAX_SPELLING = 1 << 26  # bytes of all tokens together; the largest vocabularies in use take 1 << 21


def check_merges(merges: Sequence[Pair], early: bool = False) -> list[Pair]:
    """Return the merges as a list of pairs of int, or say which of them cannot be.

    With `early`, a merge may come before those that make its halves; `spell` finds the circles.
    """
    checked = [as_pair(i, pair) for i, pair in enumerate(merges)]
    for i, pair in enumerate(checked):
        exist = N_BYTES + (len(checked) if early else i)
        if not all(0 <= token < exist for token in pair):
            raise ValueError(f"merge {i} is {pair}, but only the tokens 0 to {exist - 1} exist by then")
    first = {}
    for i, pair in enumerate(checked):
        if first.setdefault(pair, i) != i:
            raise ValueError(
                f"the pair {pair} is merged twice (merges {first[pair]} and {i}); each can be merged once"
            )
    return checked


def as_pair(i: int, pair: Pair) -> Pair:
    """Return merge `i` as a pair of int, or say that it is none."""
    try:
        left, right = pair
        return int(left), int(right)
    except (TypeError, ValueError) as error:
        raise ValueError(f"merge {i} is {pair!r}; a merge is a pair of token ids, (left, right)") from error


def spell(merges: Sequence[Pair]) -> list[bytes]:
    """Spell out every token, as `b2t.bpe.core.vocabulary` does, also where a merge comes before its halves.

    Raises
    ------
    ValueError
        When merges need each other, or when a few lines of merges would fill the memory: 60 merges that each
        double the last make a token of 2 ** 60 bytes.

    Examples
    --------
    >>> spell([(97, 257), (98, 99)])[256:]
    [b'abc', b'bc']
    """
    spelling = [bytes([byte]) for byte in range(N_BYTES)] + [b""] * len(merges)
    waiting, size = list(range(len(merges))), 0
    while waiting:
        left_over = []
        for i in waiting:
            left, right = (spelling[token] for token in merges[i])
            if left and right:
                size += len(left) + len(right)
                check_size(size, i)
                spelling[N_BYTES + i] = left + right
            else:
                left_over.append(i)
        if left_over == waiting:
            raise ValueError(f"merge {waiting[0]} is {merges[waiting[0]]}, which needs itself to be made")
        waiting = left_over
    return spelling


def check_size(size: int, i: int) -> None:
    """Refuse merges whose tokens would fill the memory."""
    if size > MAX_SPELLING:
        raise ValueError(f"merge {i} brings all tokens together to {size} bytes (limit {MAX_SPELLING})")


def check_ids(ids: Sequence[int] | None, n: int) -> list[int]:
    """Return the id of each byte and merge: those given, or 0, 1, 2 and so on."""
    if ids is None:
        return list(range(n))
    checked = [int(token) for token in ids]
    if len(checked) != n:
        raise ValueError(f"ids has {len(checked)} ids; {N_BYTES} bytes and {n - N_BYTES} merges need {n}")
    return checked


def number_tokens(spelling: Sequence[bytes], ids: Sequence[int], unmerged: Mapping[int, bytes]) -> dict:
    """Give each token its id.

    Raises
    ------
    ValueError
        When an id is given twice or is none, or a token without a merge is spelled like another.

    Examples
    --------
    >>> number_tokens([b"a", b"b"], [7, 3], {5: b"ab"})
    {7: b'a', 3: b'b', 5: b'ab'}
    """
    vocab = {}
    for token, bytes_ in [*zip(ids, spelling), *unmerged.items()]:
        check_free(token, bytes_, vocab)
        vocab[token] = bytes_
    if unmerged:
        seen = set(spelling)
        for token, bytes_ in unmerged.items():
            if not bytes_ or bytes_ in seen:
                raise ValueError(f"token {token} without a merge, {bytes_!r}, is empty or there already")
            seen.add(bytes_)
    return vocab


def no_such_id(ids: Sequence[int], vocab: Mapping[int, bytes]) -> ValueError:
    """Make the error for ids that cannot be looked up, which names the first of them and what to do.

    Examples
    --------
    >>> print(no_such_id([97, 300], {97: b"a"}))
    id 300 is not in the vocabulary, whose ids run from 0 to 97
    >>> print(no_such_id([[97], [97]], {97: b"a"}))
    id [97] is not in the vocabulary; decode one text at a time, [tok.decode(row) for row in ids]
    """
    wrong = next(token for token in ids if isinstance(token, (list, tuple)) or token not in vocab)
    if isinstance(wrong, (list, tuple)) or getattr(wrong, "ndim", 0):
        remedy = "; decode one text at a time, [tok.decode(row) for row in ids]"
    elif hasattr(wrong, "item"):  # a tensor's hash is not that of its number
        remedy = "; pass whole tensors or plain ints, [int(token) for token in ids]"
    else:
        remedy = f", whose ids run from 0 to {max(vocab)}"
    return ValueError(f"id {wrong!r} is not in the vocabulary{remedy}")


def check_free(token: int, spelling: bytes, vocab: Mapping[int, bytes]) -> None:
    """Refuse an id that is taken or that is none."""
    if not 0 <= token <= MAX_ID:
        raise ValueError(f"id {token} of {spelling[:40]!r} is not between 0 and {MAX_ID}")
    if token in vocab:
        raise ValueError(f"id {token} of {spelling[:40]!r} is already that of {vocab[token][:40]!r}")


def number_special_tokens(
    special_tokens: Sequence[str] | Mapping[str, int], vocab: Mapping[int, bytes]
) -> dict[str, int]:
    """Give each special token the id that the mapping names, or the next after all others.

    Examples
    --------
    >>> number_special_tokens(("<s>", "</s>"), {0: b"a", 9: b"b"})
    {'<s>': 10, '</s>': 11}
    """
    names = check_special_tokens(special_tokens)
    first = max(vocab) + 1
    given = special_tokens if isinstance(special_tokens, Mapping) else {}
    numbered, taken = {}, dict(vocab)
    for i, name in enumerate(names):
        token, spelling = int(given.get(name, first + i)), to_bytes(name)
        check_free(token, spelling, taken)
        numbered[name] = token
        taken[token] = spelling
    return numbered


def check_special_tokens(special_tokens: Sequence[str] | Mapping[str, int]) -> list[str]:
    """Return the names as a list, or say which of them cannot be."""
    if isinstance(special_tokens, str):
        raise ValueError(
            f"special_tokens is the string {special_tokens!r}; pass a tuple such as ({special_tokens!r},)"
        )
    names = list(special_tokens)
    for name in names:
        if not isinstance(name, str) or not name or names.count(name) > 1:
            raise ValueError(f"special token {name!r} is no text, empty or given twice")
    return names


def check_pattern(pattern: str | None) -> str | None:
    """Return the pattern if it can be compiled."""
    if pattern is not None:
        compile_pattern(pattern)
    return pattern
