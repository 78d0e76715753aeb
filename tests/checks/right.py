"""Right code, written in many ways, that every check must let pass: at least three for each."""

import codecs
import math
from collections import Counter
from functools import partial, wraps

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import b2t.nn
from b2t.bpe import Tokenizer, fast, incremental, reference
from b2t.bpe.split import split
from b2t.bpe.stream import Stream
from b2t.nn import positions

# ---- tokens ------------------------------------------------------------------------------------


def train_with_strings(texts, vocab_size):
    """Words as lists of ids joined in place, pairs counted by a nested loop, NumPy ids in the result."""
    words = Counter()
    for text in [texts] if isinstance(texts, str) else texts:
        for piece in split(text):
            words[piece] += 1
    sequences = [[list(word.encode()), n] for word, n in words.items()]
    merges = []
    for new_id in range(256, vocab_size):
        seen = {}
        for ids, n in sequences:
            for i in range(len(ids) - 1):
                seen[ids[i], ids[i + 1]] = seen.get((ids[i], ids[i + 1]), 0) + n
        if len(seen) == 0:
            return merges
        top = max(seen.values())
        best = sorted(pair for pair in seen if seen[pair] == top)[0]
        for entry in sequences:
            i, ids = 0, entry[0]
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == best:
                    ids[i : i + 2] = [new_id]
                i += 1
        merges.append([np.int64(best[0]), np.int64(best[1])])
    return merges


def train_recursively(texts, vocab_size):
    """One merge more than the trainer of one size less."""
    if vocab_size <= 256:
        return []
    before = reference.train(texts, vocab_size - 1)
    return (before + reference.train(texts, vocab_size)[len(before) :])[: vocab_size - 256]


def encode_merge_by_merge(text, merges):
    """Each merge over the whole word, in the order of the list."""
    found = []
    for word in split(text):
        ids = np.frombuffer(word.encode(), dtype=np.uint8).astype(int).tolist()
        for number, (left, right) in enumerate(merges):
            i = 0
            while i < len(ids) - 1:
                if ids[i] == left and ids[i + 1] == right:
                    ids[i : i + 2] = [256 + number]
                i += 1
        found.extend(ids)
    return np.array(found, dtype=np.int64)


def encode_recursively(text, merges):
    """Cut a word at its best pair."""
    ranks = {tuple(pair): i for i, pair in enumerate(merges)}

    def solve(ids):
        known = [(ranks[pair], i) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
        if not known:
            return ids
        rank, i = min(known)
        return solve([*ids[:i], 256 + rank, *ids[i + 2 :]])

    return tuple(token for word in split(text) for token in solve(list(word.encode())))


def spell(token, merges):
    return bytes([token]) if token < 256 else b"".join(spell(half, merges) for half in merges[token - 256])


def decode_by_tree(ids, merges):
    return b"".join(spell(token, merges) for token in ids).decode("utf8", errors="replace")


def decode_by_stack(ids, merges):
    stack, found = list(ids)[::-1], bytearray()
    while stack:
        token = stack.pop()
        if token < 256:
            found.append(token)
        else:
            left, right = merges[token - 256]
            stack += [right, left]
    return str(found, "utf-8", "replace")


def stream_by_codecs(pieces):
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def stream_by_library(pieces):
    stream = Stream(bytes)
    return "".join([stream.feed(piece) for piece in pieces]) + stream.end()


# ---- attention ---------------------------------------------------------------------------------


def by_einsum(query, key, value, mask=None):
    logits = torch.einsum("bhqd,bhkd->bhqk", query, key) / math.sqrt(query.shape[-1])
    if mask is not None:
        logits = torch.where(mask, logits, torch.tensor(torch.finfo(logits.dtype).min, dtype=logits.dtype))
    return torch.einsum("bhqk,bhkd->bhqd", torch.softmax(logits, -1), value)


def by_loops(Q, K, V, mask=None):
    """One query after the other."""
    out, weights = Q.new_zeros(*Q.shape[:-1], V.size(-1)), Q.new_zeros(*Q.shape[:-1], K.size(-2))
    for b in range(Q.size(0)):
        for h in range(Q.size(1)):
            allowed = None if mask is None else mask.expand(*Q.shape[:-1], K.size(-2))[b, h]
            for i, q in enumerate(Q[b, h]):
                keys = range(K.size(2)) if allowed is None else allowed[i].nonzero().flatten().tolist()
                if not len(keys):
                    continue
                scores = torch.stack([q @ K[b, h, j] for j in keys]) / q.numel() ** 0.5
                weights[b, h, i, list(keys)] = scores.softmax(0)
                out[b, h, i] = sum(w * V[b, h, j] for w, j in zip(scores.softmax(0), keys))
    return [out, weights]


def softmax_in_float32(Q, K, V, *, mask=None):
    """Upcast, as code for half precision does, and come back; −10,000 for −∞."""
    scores = Q @ K.mT * Q.size(-1) ** -0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, -1e4)
    return scores.softmax(-1, dtype=torch.float32).to(Q.dtype) @ V


def by_torch(Q, K, V, attn_mask=None):
    return F.scaled_dot_product_attention(Q, K, V, attn_mask)


def of_matrices(q, k, v, mask=None):
    scores = q.matmul(k.t()).div(k.size(1) ** 0.5)
    if mask is not None:
        scores = scores.masked_fill(mask.logical_not(), -float("inf"))
    shifted = (scores - scores.max(1, keepdim=True)[0].clamp(min=-1e4)).exp()
    return shifted / shifted.sum(1, keepdim=True).clamp(min=1e-30) @ v


class Einsum(nn.Module):
    """Bare matrices, used as x @ W, and einsum throughout."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.h = n_heads
        self.Wq, self.Wk, self.Wv, self.Wo = (nn.Parameter(torch.zeros(d_model, d_model)) for _ in range(4))

    def forward(self, x, mask=None):
        b, n, d = x.shape
        q, k, v = (
            torch.einsum("bnd,de->bne", x, W).reshape(b, n, self.h, d // self.h).permute(0, 2, 1, 3)
            for W in (self.Wq, self.Wk, self.Wv)
        )
        out = by_einsum(q, k, v, mask)
        return torch.einsum("bhnd,hde->bne", out, self.Wo.view(self.h, d // self.h, d))


class Fused(nn.Module):
    """One projection for all three, as many libraries have it."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.qkv, self.proj, self.n_heads = (
            nn.Linear(d_model, 3 * d_model),
            nn.Linear(d_model, d_model),
            n_heads,
        )

    def forward(self, x, mask=None):
        q, k, v = (t.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for t in self.qkv(x).chunk(3, -1))
        return self.proj(F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2))


class OneHead(nn.Module):
    def __init__(self, d_model, d_head):
        super().__init__()
        self.a, self.b, self.c = (nn.Linear(d_model, d_head, bias=False) for _ in range(3))

    def forward(self, x, mask):
        scores = self.a(x) @ self.b(x).mT / self.a.out_features**0.5
        if mask is not None:
            scores = scores.masked_fill(~(mask if mask.dim() == 2 else mask[:, 0]), -1e30)
        return scores.softmax(-1) @ self.c(x)


class Looped(nn.Module):
    """A list of heads, side by side."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.heads = nn.ModuleList(OneHead(d_model, d_model // n_heads) for _ in range(n_heads))
        self.mix = nn.Linear(d_model, d_model)

    def forward(self, x, mask=None):
        return self.mix(torch.cat([head(x, mask) for head in self.heads], dim=-1))


class ThreeInputs(nn.Module):
    """forward(query, key, value, mask), other names, a dictionary of layers."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.n = n_heads
        self.parts = nn.ModuleDict(
            {name: nn.Linear(d_model, d_model) for name in ("one", "two", "three", "four")}
        )

    def forward(self, query, key, value, mask=None):
        q, k, v = (
            self.parts[name](t).view(len(t), -1, self.n, t.size(-1) // self.n).transpose(1, 2)
            for name, t in (("two", query), ("one", key), ("three", value))
        )
        out, weights = by_loops(q, k, v, mask)
        return self.parts["four"](out.transpose(1, 2).reshape(query.shape)), weights


class HeadAxis(nn.Module):
    """Parameters with an axis of heads, (n_heads, d_model, d_head), biases (n_heads, d_head)."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        d_head = d_model // n_heads
        for role in "QKV":
            setattr(self, f"W_{role}", nn.Parameter(torch.zeros(n_heads, d_model, d_head)))
            setattr(self, f"b_{role}", nn.Parameter(torch.zeros(n_heads, d_head)))
        self.W_O, self.b_O = (
            nn.Parameter(torch.zeros(n_heads, d_head, d_model)),
            nn.Parameter(torch.zeros(d_model)),
        )

    def forward(self, x, mask=None):
        q, k, v = (
            torch.einsum("bnd,hde->bhne", x, W) + b[:, None]
            for W, b in ((self.W_Q, self.b_Q), (self.W_K, self.b_K), (self.W_V, self.b_V))
        )
        return (
            torch.einsum("bhne,hed->bnd", F.scaled_dot_product_attention(q, k, v, mask), self.W_O) + self.b_O
        )


class FusedByHead(Fused):
    """One projection, in which each head has its query, key and value side by side."""

    def forward(self, x, mask=None):
        q, k, v = self.qkv(x).unflatten(-1, (self.n_heads, -1)).transpose(1, 2).chunk(3, -1)
        return self.proj(F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2))


class KeysAndValues(nn.Module):
    """Queries alone, keys and values together; the mask by keyword only."""

    def __init__(self, d_model, n_heads):
        super().__init__()
        self.to_q, self.to_kv = nn.Linear(d_model, d_model), nn.Linear(d_model, 2 * d_model, bias=False)
        self.to_out, self.n_heads = nn.Sequential(nn.Linear(d_model, d_model), nn.Dropout(0.2)), n_heads

    def forward(self, x, *, mask=None):
        q, k, v = (
            t.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for t in (self.to_q(x), *self.to_kv(x).chunk(2, -1))
        )
        return self.to_out(F.scaled_dot_product_attention(q, k, v, mask).transpose(1, 2).flatten(2))


def wrapped(fn):
    @wraps(fn)
    def wrapper(*args, **kwargs):
        return fn(*args, **kwargs)

    return wrapper


class Decorated(ThreeInputs):
    """Arguments in another order, under a decorator."""

    @wrapped
    def forward(self, values, keys, queries, mask=None):
        return super().forward(queries, keys, values, mask)


class Assigned(Looped):
    """A forward that is an attribute."""

    def __init__(self, d_model, n_heads):
        super().__init__(d_model, n_heads)
        self.forward = partial(Looped.forward, self)


class TorchHeads(nn.Module):
    """PyTorch's module inside, its masks the other way round."""

    def __init__(self, d_model, n_heads, *, dropout=0.1):
        super().__init__()
        self.inner = nn.MultiheadAttention(d_model, n_heads, dropout, batch_first=True)

    def forward(self, x, mask=None):
        if mask is not None:
            full = mask.expand(len(x), self.inner.num_heads, x.size(1), x.size(1))
            mask = ~(full | ~full.any(dim=-1, keepdim=True)).flatten(0, 1)
        return self.inner(x, x, x, attn_mask=mask, need_weights=False)[0]


# ---- masks, norms, tables ----------------------------------------------------------------------


def causal_by_loops(n):
    return torch.tensor([[j <= i for j in range(n)] for i in range(n)])


def padding_by_loops(lengths, seq_len):
    mask = torch.zeros(len(lengths), 1, 1, seq_len, dtype=torch.bool)
    for row, length in enumerate(lengths):
        mask[row, :, :, : int(length)] = True
    return mask


def norm_by_loops(x, gamma, beta, epsilon):
    rows = []
    for row in x.reshape(-1, x.shape[-1]):
        mu = sum(row) / len(row)
        sigma2 = sum((v - mu) ** 2 for v in row) / len(row)
        rows.append(
            torch.stack([g * (v - mu) / (sigma2 + epsilon) ** 0.5 + b for v, g, b in zip(row, gamma, beta)])
        )
    return torch.stack(rows).reshape(x.shape)


def norm_in_float32(x, weight, bias, *, eps=1e-5):
    return F.layer_norm(x.float(), x.shape[-1:], weight.float(), bias.float(), eps).to(x.dtype)


def norm_by_var(x, weight, bias, eps=1e-5):
    variance, mean = torch.var_mean(x, -1, correction=0, keepdim=True)
    return torch.addcmul(bias, (x - mean) * torch.rsqrt(variance + eps), weight)


def table_by_loops(seq_len, d_model):
    table = np.zeros((seq_len, d_model))
    for pos in range(seq_len):
        for i in range(0, d_model, 2):
            angle = pos / 10000 ** (i / d_model)
            table[pos, i] = math.sin(angle)
            if i + 1 < d_model:
                table[pos, i + 1] = math.cos(angle)
    return table


def table_by_exp(seq_len, d_model):
    position = torch.arange(seq_len).unsqueeze(1)
    div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
    pe = torch.zeros(seq_len, d_model)
    pe[:, 0::2] = torch.sin(position * div_term)
    pe[:, 1::2] = torch.cos(position * div_term)[:, : d_model // 2]
    return pe


def table_in_halves(seq_len, d_model):
    angle = torch.outer(torch.arange(seq_len), 10000.0 ** (-torch.arange(0, d_model, 2) / d_model))
    return torch.cat([angle.sin(), angle.cos()[:, : d_model // 2]], dim=1)


def turn_complex(x):
    angle = torch.outer(
        torch.arange(x.size(-2)).double(), 10000.0 ** (-torch.arange(0, x.size(-1), 2).double() / x.size(-1))
    )
    pairs = torch.complex(x[..., 0::2].double(), x[..., 1::2].double()) * torch.exp(1j * angle)
    return torch.stack([pairs.real, pairs.imag], -1).flatten(-2).to(x.dtype)


def turn_by_matrices(x):
    out = torch.empty_like(x)
    for pos in range(x.size(-2)):
        for i in range(x.size(-1) // 2):
            a = pos * 10000.0 ** (-2 * i / x.size(-1))
            turn = torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]], dtype=x.dtype)
            out[..., pos, 2 * i : 2 * i + 2] = x[..., pos, 2 * i : 2 * i + 2] @ turn.T
    return out


def turn_halves(x):
    table = b2t.nn.sinusoidal(x.size(-2), x.size(-1), dtype=x.dtype)
    sin, cos = table[:, 0::2].repeat(1, 2), table[:, 1::2].repeat(1, 2)
    left, right = x.chunk(2, dim=-1)
    return x * cos + torch.cat([-right, left], dim=-1) * sin


# ---- layers and models -------------------------------------------------------------------------


class MyNorm(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.beta, self.gamma = nn.Parameter(torch.zeros(d)), nn.Parameter(torch.ones(d))

    def forward(self, x):
        return norm_by_var(x, self.gamma, self.beta)


class MyLayer(nn.Module):
    """Other names, the parts made in another order, norms of its own."""

    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.after = MyNorm(d_model)
        self.shrink, self.grow = nn.Linear(d_ff, d_model), nn.Linear(d_model, d_ff)
        self.before, self.mixing = MyNorm(d_model), Looped(d_model, n_heads)

    def forward(self, x, mask=None):
        x = self.before(self.mixing(x, mask) + x)
        return self.after(self.shrink(self.grow(x).clamp(min=0)) + x)


class SmallEps(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.g, self.b = nn.Parameter(torch.ones(d)), nn.Parameter(torch.zeros(d))
        self.variance_epsilon = 1e-12

    def forward(self, x):
        return norm_by_var(x, self.g, self.b, self.variance_epsilon)


class ConvLayer(nn.Module):
    """Convolutions of width 1 for the feed-forward part, norms with an eps under another name."""

    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.heads, self.norms = TorchHeads(d_model, n_heads), nn.ModuleList(SmallEps(d_model) for _ in "12")
        self.wide, self.narrow = nn.Conv1d(d_model, d_ff, 1), nn.Conv1d(d_ff, d_model, 1)

    def forward(self, x, mask=None):
        x = self.norms[0](x + self.heads(x, mask))
        return self.norms[1](x + self.narrow(self.wide(x.mT).relu()).mT)


class TorchLayer(nn.Module):
    """PyTorch's own, with its masks the other way round."""

    def __init__(self, d_model, n_heads, d_ff, norm_first=False):
        super().__init__()
        self.n_heads = n_heads
        self.layer = nn.TransformerEncoderLayer(
            d_model, n_heads, d_ff, batch_first=True, norm_first=norm_first
        )

    def forward(self, x, mask=None):
        if mask is not None:
            n = x.size(1)
            full = mask.expand(len(x), self.n_heads, n, n)
            mask = ~(full | ~full.any(dim=-1, keepdim=True)).flatten(0, 1)  # no row without a key
        return self.layer(x, src_mask=mask)


class FusedLayer(nn.Module):
    def __init__(self, d_model, n_heads, d_ff):
        super().__init__()
        self.att = Fused(d_model, n_heads)
        self.ff = nn.Sequential(
            nn.Linear(d_model, d_ff), nn.ReLU(), nn.Dropout(0.3), nn.Linear(d_ff, d_model)
        )
        self.ln = nn.ModuleList([nn.LayerNorm(d_model), nn.LayerNorm(d_model)])

    def forward(self, x, mask=None):
        x = self.ln[0](x + self.att(x, mask))
        return self.ln[1](x + self.ff(x)), None


def model(**choices):
    config = b2t.nn.Config(256, **{"d_model": 16, "n_heads": 4, "n_layers": 2, "d_ff": 24, **choices})
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(1)
        return b2t.nn.Encoder(config).eval()


class PlainEmbedding(nn.Module):
    """PyTorch's default embedding, which needs no factor."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(2)
            self.tokens = nn.Embedding(256, 33)

    def forward(self, ids):
        return self.tokens(ids) + torch.as_tensor(table_by_loops(ids.shape[1], 33)).float()


def with_maps(ids, mask):
    return model()(ids, mask, need_weights=True)


def text_by_text(ids, mask):
    """No batch at all."""
    encoder, out = model(), torch.zeros(*ids.shape, 16)
    for row, allowed in enumerate(mask[:, 0, 0]):
        n = int(allowed.sum())
        if n:
            out[row, :n] = encoder(ids[row : row + 1, :n])[0]
    return out


RIGHT = {
    "bpe_train": [reference.train, fast.train, incremental.train, train_with_strings, train_recursively],
    "bpe_encode": [
        *(reference.encode, fast.encode, encode_merge_by_merge, encode_recursively),
        lambda text, merges: Tokenizer(merges).encode(text),
    ],
    "bpe_decode": [reference.decode, decode_by_tree, decode_by_stack, lambda i, m: Tokenizer(m).decode(i)],
    "utf8_stream": [
        *(stream_by_codecs, stream_by_library),
        lambda pieces: b"".join(pieces).decode(errors="replace"),
    ],
    "attention": [
        b2t.nn.attention,
        partial(b2t.nn.attention, need_weights=False),
        by_einsum,
        by_loops,
        by_torch,
        softmax_in_float32,
    ],
    "multi_head_attention": [
        *(b2t.nn.MultiHeadAttention, Einsum, Fused, Looped, ThreeInputs),
        *(HeadAxis, FusedByHead, KeysAndValues, Decorated, Assigned, TorchHeads),
    ],
    "causal_mask": [
        *(b2t.nn.causal_mask, causal_by_loops),
        lambda n: torch.triu(torch.ones(n, n), diagonal=1) == 0,
        lambda n: (torch.arange(n)[None, :] <= torch.arange(n)[:, None])[None, None],
    ],
    "padding_mask": [
        *(b2t.nn.padding_mask, padding_by_loops),
        lambda lengths, n: torch.arange(n).expand(len(lengths), 1, 1, n).lt(lengths.view(-1, 1, 1, 1)),
    ],
    "sinusoidal": [b2t.nn.sinusoidal, table_by_loops, table_by_exp],
    "rotary": [positions.rotate, turn_complex, turn_by_matrices],
    "layer_norm": [
        *(b2t.nn.layer_norm, norm_by_loops, norm_by_var, norm_in_float32),
        lambda x, weight, bias, eps: F.layer_norm(x, x.shape[-1:], weight, bias, eps),
    ],
    "encoder_layer": [b2t.nn.EncoderLayer, MyLayer, TorchLayer, FusedLayer, ConvLayer],
    "embedding": [
        *(model(d_model=64).embed, model(d_model=128).embed),
        PlainEmbedding(),
    ],
    "encoder": [
        with_maps,
        text_by_text,
        model(positions="rotary", norm_first=True),
        model(positions="alibi"),
    ],
}
