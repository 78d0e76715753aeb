"""What the names in docstrings mean: which of the library's public things each stands for."""

from functools import cache
from pathlib import Path

from b2t.book import api


@cache
def index(library: Path = api.LIBRARY) -> dict[str, str]:
    """Map each public full name to itself, and each exported name to where it is defined.

    Examples
    --------
    >>> index()["b2t.nn.attention"], index()["b2t.nn.Encoder.embed"]
    ('b2t.nn.functional.attention', 'b2t.nn.model.Encoder.embed')
    """
    found = {}
    for name, module in api.modules(library).items():
        found[name] = name
        for thing in module.things:
            found |= {inner.full_name: inner.full_name for inner in (thing, *thing.members)}
    for package in api.modules(library):
        for name, target in api.exports(package, library).items():
            inner = {full: full for full in found if full.startswith(f"{target}.")}
            found |= {f"{package}.{name}{full.removeprefix(target)}": full for full in inner}
            if target in found:
                found.setdefault(f"{package}.{name}", target)
    return found


def meaning(
    word: str, module: str, thing: api.Thing | None = None, library: Path = api.LIBRARY
) -> str | None:
    """Find what a word in a docstring names, as the code there would; None if nothing public.

    Parameters
    ----------
    word : str
        Such as "merge", "Tokenizer.encode" or "b2t.bpe.fast".
    module : str
        Where the docstring stands.
    thing : Thing, optional
        Whose docstring it is: its parameters are no references.

    Examples
    --------
    >>> meaning("merge", "b2t.bpe.core"), meaning("Tokenizer.train", "b2t.bpe.formats.own")
    ('b2t.bpe.core.merge', 'b2t.bpe.tokenizer.Tokenizer.train')
    >>> meaning("pair", "b2t.bpe.core")
    """
    word = word.removesuffix("()")
    if thing and word.partition(".")[0] in thing.parameters:
        return None
    known, names = index(library), api.modules(library)[module].names
    head, dot, rest = word.partition(".")
    owner = thing.name.partition(".")[0] if thing else ""
    package = module if api.exports(module, library) else module.rpartition(".")[0]
    while package.count(".") > 1 and f"{package}.{head}" not in known:
        package = package.rpartition(".")[0]
    guesses = [word, f"{module}.{owner}.{word}", f"{names.get(head, head)}{dot}{rest}", f"{package}.{word}"]
    return next((known[guess] for guess in guesses if guess in known and guess.count(".")), None)
