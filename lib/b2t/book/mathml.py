r"""LaTeX to MathML while the book is built, so that a page needs neither a script nor the network.

latex2mathml does the parsing. What it writes is older MathML than browsers draw (MathML Core), and it passes
an unknown command through as text; b2t.book.mathml_core puts the first right, and here the second becomes an
error.
"""

import html
import re
from xml.etree import ElementTree

from latex2mathml.converter import Converter

from b2t.book.mathml_core import NAME, NAME_WITH_LIMITS, arrange, restyle

ENVIRONMENTS = re.compile(r"\\(begin|end)\{(align|aligned|gather|gathered|gather\*|equation|equation\*)\}")
ALIGNED = {"align": "align*", "aligned": "align*", "gather": "displaylines", "gathered": "displaylines",
           "gather*": "displaylines"}  # fmt: skip
UPRIGHT = re.compile(r"\\(operatorname\*|operatorname|mathrm)\s*\{((?:[A-Za-z0-9 -]|\\[,;: ])+)\}")
PARTS = {"mfrac": 2, "mroot": 2, "msub": 2, "msup": 2, "munder": 2, "mover": 2, "msubsup": 3, "munderover": 3}


def convert(latex: str, display: bool = False) -> str:
    r"""Convert one formula.

    Parameters
    ----------
    latex : str
        The formula without its dollar signs.
    display : bool
        Whether it stands on lines of its own.

    Returns
    -------
    str
        A ``<math>`` element that holds its source in ``alttext``.

    Raises
    ------
    ValueError
        If the formula holds a command that is not known, or does not parse.

    Examples
    --------
    >>> print(convert("x_i < 2").split("<mrow>")[1])
    <msub><mi>x</mi><mi>i</mi></msub><mo>&lt;</mo><mn>2</mn></mrow></math>
    >>> convert(r"\softmacks(x)")
    Traceback (most recent call last):
    ...
    ValueError: unknown LaTeX \softmacks in: \softmacks(x)
    """
    try:
        math = Converter(display="block" if display else "inline").convert_to_element(_prepare(latex))
    except Exception as error:
        raise ValueError(f"LaTeX does not parse ({type(error).__name__}) in: {latex}") from error
    for element in math.iter():
        element.text = html.unescape(element.text or "") or None
        restyle(element)
        _check(element, latex)
    arrange(math)
    math.set("alttext", " ".join(latex.split()))
    return ElementTree.tostring(math, encoding="unicode")


def _prepare(latex: str) -> str:
    """Say in latex2mathml's words what it knows by another name."""
    latex = re.sub(r"(?<!\\)%.*", "", latex)
    latex = ENVIRONMENTS.sub(lambda m: f"\\{m[1]}{{{ALIGNED[m[2]]}}}" if m[2] in ALIGNED else "", latex)
    latex = re.sub(r"(?i)(\\bigg?[lrm]?)\s*\\[lr]Vert(?![A-Za-z])", r"\1‖", latex)
    return UPRIGHT.sub(_upright, latex).strip()


def _upright(match: re.Match) -> str:
    mark = NAME_WITH_LIMITS if match[1].endswith("*") else NAME
    name = match[2].replace(" ", "") if match[1] == "mathrm" else match[2]
    name = re.sub(r"\\[,;: ]", "\u2009", name)
    return f"\\text{{{mark}{name}}}"


def _check(element: ElementTree.Element, latex: str) -> None:
    unknown = re.search(r"\\[A-Za-z]+|\\.|\$", element.text or "")
    if unknown:
        raise ValueError(f"unknown LaTeX {unknown[0]} in: {latex}")
    if len(element) != PARTS.get(element.tag, len(element)):
        raise ValueError(f"LaTeX does not parse ({element.tag} of {len(element)}) in: {latex}")
