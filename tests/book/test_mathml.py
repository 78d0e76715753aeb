"""LaTeX to MathML: what the chapters write is drawn, and what is unknown ends the build."""

from xml.etree import ElementTree

import pytest

from b2t.book.mathml import convert


def inside(latex: str, display: bool = False) -> str:
    """The formula without its outer element."""
    return convert(latex, display).split("<mrow>", 1)[1].removesuffix("</mrow></math>")


@pytest.mark.parametrize(
    "latex",
    [
        r"\operatorname{softmax}\left(\frac{QK^\top}{\sqrt{d_\text{head}}}\right) V",
        r"\begin{pmatrix} \cos\theta & -\sin\theta \\ \sin\theta & \cos\theta \end{pmatrix}",
        r"\begin{aligned} a &= b \\ &= c \end{aligned}",
        r"\begin{cases} 1 & \text{if } x < 0 \\ 0 & \text{otherwise} \end{cases}",
        r"\underbrace{a + b}_{\text{two}} \quad \hat{y} \quad \lVert x \rVert_2",
        r"\bigl\lVert x \bigr\rVert",
        r"\frac{\partial p_i}{\partial s_j} = p_i (\delta_{ij} - p_j), \qquad x \in \mathbb{R}^{n \times d}",
        r"\operatorname*{arg\,max}_i x_i \odot \mathbf{W} \mid \mathcal{L} \approx 10^{-12} \%",
        r"\text{模型} 100\%",
    ],
)
def test_known_latex_is_well_formed(latex):
    math = ElementTree.fromstring(convert(latex, display=True))
    assert "\\" not in "".join(math.itertext())
    assert not any(
        {"mathvariant", "columnalign"} & set(e.attrib) for e in math.iter() if not e.tag.endswith("}mi")
    )


@pytest.mark.parametrize(
    ("latex", "message"),
    [
        (r"\sofmtax(x)", r"unknown LaTeX \\sofmtax"),
        (r"\frac{1}", "does not parse"),
        (r"\left( x", "does not parse"),
        (r"\text{a $x$}", "unknown LaTeX"),
        (r"\begin{pmatrix} 1", "does not parse"),
    ],
)
def test_faulty_latex_is_an_error(latex, message):
    with pytest.raises(ValueError, match=message):
        convert(latex)


def test_names_of_functions_are_upright_and_spaced():
    thin = '<mspace width="0.167em" />'
    assert inside(r"\log p") == f"<mi>log</mi>{thin}<mi>p</mi>"
    assert inside(r"\mathrm{softmax}(x)").startswith("<mi>softmax</mi><mo")
    assert inside(r"\mathrm{d}x") == '<mi mathvariant="normal">d</mi><mi>x</mi>'


def test_limits_stand_below():
    assert inside(r"\max_j s_j", display=True).startswith("<munder><mo")
    assert inside(r"\sum_i x_i").startswith("<munder><mo>∑</mo>")


def test_a_leading_minus_is_a_sign():
    assert '<mo form="prefix">−</mo>' in inside(r"y = -x")
    assert "prefix" not in inside(r"y - x") + inside(r"(y) - x")


def test_styled_letters_are_characters():
    assert inside(r"\mathbb{R}") == "<mi>ℝ</mi>"
    assert inside(r"\mathbf{x}") == "<mi>\N{MATHEMATICAL BOLD SMALL X}</mi>"
    assert "ℒ" in inside(r"\mathcal{L}")


def test_letters_that_look_like_operators_take_no_space():
    assert inside(r"\partial S") == '<mi mathvariant="normal">∂</mi><mi>S</mi>'


def test_markup_stays_text():
    math = ElementTree.fromstring(convert(r"a < b & \text{<b>}"))
    assert "<b>" in "".join(math.itertext())


def test_the_source_is_kept():
    assert ElementTree.fromstring(convert("x^2")).get("alttext") == "x^2"
