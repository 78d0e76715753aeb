"""Wrong trainers and encoders of byte pair encoding."""

import unicodedata
from collections import Counter
from functools import partial

from b2t.bpe.core import N_BYTES, best_pair, count_pairs, merge, vocabulary
from b2t.bpe.split import count_words, split
from b2t.checks.zoo.bug import Bug


def train(texts, vocab_size, words_of=count_words, best=best_pair, per_round=1, stop=True, n_first=N_BYTES):
    """Train as the library does, with parts that can be exchanged."""
    words = {tuple(word): n for word, n in words_of(texts).items()}
    merges = []
    while n_first + len(merges) < vocab_size:
        counts = Counter()
        for ids, n in words.items():
            count_pairs(ids, counts, weight=n)
        if not counts and stop:
            break
        for _ in range(min(per_round, vocab_size - n_first - len(merges), max(1, len(counts)))):
            pair = best(counts)
            words = {tuple(merge(ids, pair, N_BYTES + len(merges))): n for ids, n in words.items()}
            merges.append(pair)
            del counts[pair]
    return merges


def characters(texts):
    """Count words as code points in place of bytes."""
    texts = [texts] if isinstance(texts, str) else texts
    return Counter(tuple(map(ord, word)) for text in texts for word in split(text))


def joined(texts):
    """Make one long word of everything."""
    return count_words(texts if isinstance(texts, str) else "".join(texts), None)


def remembering():
    """Make a trainer that keeps the words of its last call, in a default argument."""

    def train_again(texts, vocab_size, words=Counter()):  # noqa: B006
        words.update(count_words(texts))
        return train(texts, vocab_size, words_of=lambda _: words)

    return train_again


def train_without_rare(texts, vocab_size):
    """Stop at the first pair that occurs once."""
    merges, words = [], {tuple(word): n for word, n in count_words(texts).items()}
    for number in range(vocab_size - N_BYTES):
        counts = Counter()
        for ids, n in words.items():
            count_pairs(ids, counts, weight=n)
        if not counts or max(counts.values()) < 2:
            break
        merges.append(best_pair(counts))
        words = {tuple(merge(ids, merges[-1], N_BYTES + number)): n for ids, n in words.items()}
    return merges


def merge_overlapping(ids, pair, new_id):
    """Replace a pair, and look again at its second half."""
    merged, i = [], 0
    while i < len(ids):
        hit = tuple(ids[i : i + 2]) == pair
        merged.append(new_id if hit else ids[i])
        i += 2 if hit and ids[i + 1 : i + 3] != [pair[1]] * 2 else 1
    return merged


def by_rank(ids, merges, join=merge):
    """Apply the merges of one word by rank."""
    for rank, pair in enumerate(merges):
        ids = join(ids, pair, N_BYTES + rank)
    return ids


def left_to_right(ids, merges):
    """Apply the first merge that fits from the left, whatever its rank."""
    ranks = {pair: rank for rank, pair in enumerate(merges)}
    while pairs := [pair for pair in zip(ids, ids[1:]) if pair in ranks]:
        ids = merge(ids, pairs[0], N_BYTES + ranks[pairs[0]])
    return ids


def longest_match(ids, merges):
    """Take the longest token that fits, again and again."""
    id_of = {token: i for i, token in vocabulary(merges).items()}
    word, found = bytes(ids), []
    while word:
        size = max(n for n in range(1, len(word) + 1) if word[:n] in id_of)
        found.append(id_of[word[:size]])
        word = word[size:]
    return found


def encode(text, merges, cut=split, to_ids=lambda word: list(word.encode()), word=by_rank):
    """Encode as the library does, with parts that can be exchanged."""
    return [token for piece in cut(text) for token in word(to_ids(piece), merges)]


def encode_special(text, merges):
    """Give a special token's id to any text that spells its name."""
    parts = text.split("<|endoftext|>")
    found = encode(parts[0], merges)
    for part in parts[1:]:
        found += [N_BYTES + len(merges), *encode(part, merges)]
    return found


def encode_popping(text, merges):
    """Use up the list of merges."""
    ids, rank = list(text.encode()), 0
    while merges:
        ids, rank = merge(ids, merges.pop(0), N_BYTES + rank), rank + 1
    return ids


BUGS = [
    Bug(
        "characters taken for bytes",
        "bpe_train",
        partial(train, words_of=characters),
        "ids_exist",
        "callummcdougall/ARENA_3.0#362",
    ),
    Bug(
        "several merges from one count",
        "bpe_train",
        partial(train, per_round=2),
        "most_frequent definition",
        "karpathy/minbpe#69 (a proposal), karpathy/minbpe#95 (a reply names the trouble)",
    ),
    Bug(
        "an error when no pair is left",
        "bpe_train",
        partial(train, stop=False),
        "runs_out",
        "karpathy/minbpe!54, karpathy/minbpe#114 (both open when read)",
    ),
    Bug("vocab_size taken for the number of merges", "bpe_train", partial(train, n_first=0), "stops_at_size"),
    Bug("pairs counted across words", "bpe_train", partial(train, words_of=joined), "inside_words"),
    Bug(
        "the least frequent pair",
        "bpe_train",
        partial(train, best=lambda c: min(c, key=c.get)),
        "most_frequent",
    ),
    Bug(
        "the first of equal pairs",
        "bpe_train",
        partial(train, best=lambda counts: max(counts, key=counts.get)),
        "smallest_tie",
    ),
    Bug("words kept from the last call", "bpe_train", remembering, "definition", fresh=True),
    Bug("pairs that occur once left out", "bpe_train", train_without_rare, "runs_out"),
    Bug(
        "characters taken for bytes, encoding",
        "bpe_encode",
        partial(encode, to_ids=lambda word: [ord(character) for character in word]),
        "bytes_without_merges",
        "callummcdougall/ARENA_3.0#362",
    ),
    Bug(
        "text normalised first",
        "bpe_encode",
        lambda text, merges: encode(unicodedata.normalize("NFKC", text.replace("\t", " ")), merges),
        "bytes_without_merges",
    ),
    Bug(
        "greedy longest match",
        "bpe_encode",
        partial(encode, word=longest_match),
        "no_longest_match definition",
        "d2l-ai/d2l-en, `segment_BPE` in section 15.6",
    ),
    Bug(
        "merges from left to right",
        "bpe_encode",
        partial(encode, word=left_to_right),
        "lowest_rank definition",
        "ztxz16/fastllm!715 (reports it and mends it)",
    ),
    Bug("merges across words", "bpe_encode", partial(encode, cut=lambda text: [text]), "inside_words"),
    Bug(
        "special tokens from user text",
        "bpe_encode",
        encode_special,
        "no_special_tokens",
        "huggingface/tokenizers#1850 (asks how to avoid it; an option does)",
    ),
    Bug(
        "overlapping pairs merged twice",
        "bpe_encode",
        partial(encode, word=partial(by_rank, join=merge_overlapping)),
        "round_trip definition",
    ),
    Bug("the list of merges used up", "bpe_encode", encode_popping, "returns_ids"),
]
