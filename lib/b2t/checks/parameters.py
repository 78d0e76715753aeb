"""Modules of unknown make: build one, give it seeded weights, and find out which weight is which."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations, product

import torch
from torch import Tensor, nn

from b2t.checks.core import Seen, attempt
from b2t.checks.tensors import call, normal, out_and_weights, own_randomness, sizes, takes

ROLES = ("W_Q", "W_K", "W_V", "W_O")
ROLE = re.compile(
    r"^(?:w|to|fc|lin|linear|proj)?_?(q|k|v|o|query|key|value|queries|keys|values|out|output)"
    r"_?(?:proj|projection|linear|lin|layer|weight|w)?$"
)
BIAS = re.compile(r"bias|^b_|^b[qkvo]$", re.IGNORECASE)
REMEDY = "name the projections W_Q, W_K, W_V, W_O, or say which they are: names={'W_Q': 'mine', …}"
Linear = tuple[Tensor, Tensor | None]  # weight (out, in), bias


@dataclass(frozen=True)
class Matrix:
    """A weight of a module, as `nn.Linear` would store it, with its bias if it has one."""

    name: str
    weight: Tensor
    bias: Tensor | None

    @property
    def linear(self) -> Linear:
        """What `F.linear` takes."""
        return self.weight, self.bias


class Built:
    """A class under test, made into a module in eval mode whose parameters are seeded numbers."""

    def __init__(self, cls: Callable, arguments: Mapping[str, int], case, names: Mapping[str, str] | None):
        self.cls, self.arguments, self.case, self.names = cls, arguments, case, names

    @cached_property
    def module(self) -> nn.Module:
        """Build it; a failure is seen by the detector that asks."""
        at = ", ".join(f"{name} {value}" for name, value in self.arguments.items())
        with own_randomness(self.case.seed):
            module = attempt(at, self.cls, *self.arguments.values())
        if not isinstance(module, nn.Module):
            raise Seen(
                f"a {type(module).__name__}", at, "pass the class itself, an nn.Module, not an object of it"
            )
        module = module.to(self.case.dtype).eval()
        refill(module, self.case.seed)
        return module

    def __call__(self, x: Tensor | tuple, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
        three = x if isinstance(x, tuple) else (x, x, x)
        named = dict(zip(("query", "key", "value"), three)) if isinstance(x, tuple) else {"x": x}
        at = sizes(**named, **({} if mask is None else {"mask": mask}))
        at += "".join(f", {name} {value}" for name, value in self.arguments.items())
        forward = self.module.forward
        inputs = arranged(three, required(forward))
        extra = {"need_weights": True} if takes(forward, "need_weights") else {}
        return out_and_weights(call(at, self.module, *inputs, mask=mask, like=forward, **extra), at)


def required(forward: Callable) -> list[str]:
    """Name the arguments without a default: x, or query, key and value."""
    given = inspect.signature(forward).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in given if p.default is p.empty and "mask" not in p.name and p.kind in kinds]


def arranged(three: tuple[Tensor, ...], names: list[str]) -> list[Tensor]:
    """Put query, key and value in the order of the names; the first alone, where there is one name."""
    letters = "".join(name[0].lower() for name in names)
    if sorted(letters) == ["k", "q", "v"]:
        return [three["qkv".index(letter)] for letter in letters]
    return list(three[: max(1, len(names))])


@torch.no_grad()
def refill(module: nn.Module, seed: int) -> None:
    """Overwrite all parameters, so that no initialisation (zeros, ones) hides a mistake."""
    for number, (name, parameter) in enumerate(module.named_parameters()):
        values = normal(*parameter.shape, seed=1000 * seed + number, dtype=torch.float64)
        if parameter.dim() >= 2:
            values = values * parameter.size(-1) ** -0.5
        else:
            is_norm = re.search(r"weight|gamma|scale|alpha|(^|\.)a_", name)
            values = 0.3 * values + (1.0 if is_norm else 0.0)
        parameter.copy_(values)


def matrices(module: nn.Module, flip: bool = False) -> list[Matrix]:
    """List the weights of a module. `flip`: bare parameters are used as W @ x and not as x @ W."""
    found, seen = [], set()
    for path, part in module.named_modules():
        own = dict(part.named_parameters(recurse=False))
        vectors = {name: p.flatten() for name, p in own.items() if p.dim() == 1 or BIAS.search(name)}
        big = {name: p for name, p in own.items() if name not in vectors and p.dim() and id(p) not in seen}
        seen |= {id(p) for p in big.values()}
        stored = flip or isinstance(part, (nn.Linear, nn.MultiheadAttention))
        for number, (name, p) in enumerate(big.items()):
            weight = stacked(p, stored)
            bias = bias_of(name, number, weight.size(0), vectors, len(big))
            found.append(Matrix(f"{path}.{name}".strip("."), weight.detach(), bias))
    return found


def stacked(p: Tensor, stored: bool) -> Tensor:
    """Write a parameter as (out, in); of three axes, the first is the head."""
    if p.dim() == 3:
        p = p if stored else p.transpose(1, 2)  # (n_heads, out, in)
        return p.flatten(0, 1) if p.size(1) <= p.size(2) else p.transpose(0, 1).flatten(1)
    return p if stored or p.dim() != 2 else p.T


def bias_of(name: str, number: int, size: int, vectors: dict[str, Tensor], n_big: int) -> Tensor | None:
    """Find the bias of a weight: the only vector, the one of like name, or the one in the same place."""

    def bare(text):
        return re.sub(r"weight|bias|^[wb]_?|_", "", text.lower())

    alike = [p for other, p in vectors.items() if bare(other) == bare(name)]
    if not alike and len(vectors) == n_big:
        alike = [list(vectors.values())[number]]
    fitting = [p.detach() for p in alike if len(p) == size]
    return fitting[0] if fitting else None


def attention_weights(found: list[Matrix], d_model: int, n_heads: int, names=None) -> list[dict[str, Linear]]:
    """Return every way to take some matrices for W_Q, W_K, W_V and W_O: one, where names decide."""
    squares = [m for m in found if m.weight.shape == (d_model, d_model)]
    named = by_names(squares, names)
    if named:
        return [named]
    fused = [m for m in found if m.weight.shape == (3 * d_model, d_model)]
    heads = [m for m in found if m.weight.shape == (d_model // n_heads, d_model)]
    if len(fused) == 1 and len(squares) == 1:
        three = cuts(fused[0].linear, 3, n_heads)
        return [way for parts in three for way in in_any_order(parts, squares[0].linear)]
    pair = [m for m in found if m.weight.shape == (2 * d_model, d_model)]
    if len(pair) == 1 and len(squares) == 2:
        one_and_two = product(permutations([m.linear for m in squares]), cuts(pair[0].linear, 2, n_heads))
        return [way for (one, last), two in one_and_two for way in in_any_order([one, *two], last)]
    if len(heads) == 3 * n_heads and len(squares) == 1:
        return [way for three in grouped(heads, n_heads) for way in in_any_order(three, squares[0].linear)]
    if len(squares) == 4:
        orders = permutations([m.linear for m in squares])
        return [dict(zip(ROLES, order)) for order in orders]
    return []


def by_names(squares: list[Matrix], names: Mapping[str, str] | None) -> dict[str, Linear] | None:
    """Tell the roles by name: by those given, or by the usual ones."""
    roles = {}
    for m in squares:
        path = m.name.removesuffix(".weight")
        if names:
            role = next((role for role, mine in names.items() if path in (mine, f"{mine}.weight")), None)
        else:
            usual = ROLE.match(path.split(".")[-1].lower())
            role = f"W_{usual[1][0].upper()}" if usual else None
        roles |= {role: m.linear} if role else {}
    return {role: roles[role] for role in ROLES} if set(roles) == set(ROLES) else None


def cuts(linear: Linear, n: int, n_heads: int) -> Iterator[list[Linear]]:
    """Cut one big projection into n: in blocks, in blocks of each head, or feature by feature."""
    weight, bias = linear
    for shape, axis in (((n, -1), 0), ((n_heads, n, -1), 1), ((-1, n), 1)):
        parts = [
            [None] * n
            if p is None
            else [part.reshape(-1, *p.shape[1:]) for part in p.unflatten(0, shape).unbind(axis)]
            for p in (weight, bias)
        ]
        yield list(zip(*parts))


def grouped(heads: list[Matrix], n_heads: int) -> Iterator[list[Linear]]:
    """Join the projections of single heads, listed by role (Q Q … K K …) or by head (Q K V, Q K V, …)."""
    for by_role in (True, False):
        cut = [heads[i * n_heads : (i + 1) * n_heads] if by_role else heads[i::3] for i in range(3)]
        yield [
            (
                torch.cat([m.weight for m in part]),
                None if part[0].bias is None else torch.cat([m.bias for m in part]),
            )
            for part in cut
        ]


def in_any_order(three: list[Linear], output: Linear) -> list[dict[str, Linear]]:
    """Take three projections for W_Q, W_K and W_V in each of six ways."""
    return [dict(zip(ROLES, [*order, output])) for order in permutations(three)]
