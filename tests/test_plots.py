"""b2t.plots: one style, one palette, and figures whose bytes and text are the same every time."""

import io
import itertools
import json
import warnings

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from b2t import plots

TEXT = "床前明月光 🌙 naïve हिन्दी"


@pytest.fixture(autouse=True)
def style():
    with matplotlib.rc_context(), warnings.catch_warnings():
        plots.use_style()
        yield


def axes(**options):
    return Figure(**options).subplots()


def svg(ax):
    file = io.StringIO()
    ax.figure.savefig(file, format="svg", bbox_inches="tight", metadata={"Date": None})
    return file.getvalue()


def labels(ax):
    return [text.get_text() for text in ax.texts]


def draw_everything():
    figure = Figure(figsize=(8, 6))
    (a, b), (c, d) = figure.subplots(2, 2)
    plots.heatmap(a, [[0.5, np.nan], [0.1, 0.9]], ["床前", " moon"], ["🌙", b"\xe5"], title=TEXT)
    plots.bars(b, ["中文", "English"], [2.95, 1], xlabel=TEXT)
    plots.curves(c, [1, 2, 3], {"训练": [1, 2, 3], "🙂": [3, np.nan, np.nan]}, ylabel="损失")
    plots.tokens(d, ["床前", b"\xe6\x98", " moon", "\n"], ids=[300, 301, 302, 10])
    return a


def test_svg_keeps_its_text_and_its_bytes():
    first, second = svg(draw_everything()), svg(draw_everything())
    assert first == second
    assert "<dc:date>" not in first
    for text in (TEXT, "床前", "🌙", "e6 98", "␣moon", "训练"):
        assert f">{text}<" in first
    assert "'Noto Sans CJK SC'" in first and "sans-serif" in first


def test_only_missing_glyphs_are_silenced():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        plots.use_style()
        warnings.warn("Glyph 24202 (\\N{CJK}) missing from font(s) DejaVu Sans.", UserWarning, stacklevel=1)
        warnings.warn("Matplotlib currently does not support Devanagari natively.", UserWarning, stacklevel=1)
        warnings.warn("something else", UserWarning, stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["something else"]


def test_no_message_about_fonts(caplog):
    svg(draw_everything())
    assert "findfont" not in caplog.text


def test_the_palette_is_the_pages():
    shades = json.loads((plots.Path(plots.__file__).parent / "book/palette.json").read_text())
    assert {name: shade["light"] for name, shade in shades.items()} == plots.PALETTE
    assert set(plots.CYCLE) <= set(plots.PALETTE)


def luminance(colour):
    return float(np.dot(matplotlib.colors.to_rgb(colour), [0.2126, 0.7152, 0.0722]))


def test_colours_of_a_heatmap_darken_with_the_value():
    levels = [luminance(plots.SEQUENTIAL(x)) for x in np.linspace(0, 1, 20)]
    assert all(np.diff(levels) < 0)


def test_heatmap():
    ax = plots.heatmap(axes(), np.array([[0, 1, 2], [3, 4, 5]]), xlabels=["a", " b", "c"])
    assert labels(ax) == list("012345")
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "␣b", "c"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("key_pos", "query_pos")
    assert labels(plots.heatmap(axes(), np.zeros((9, 9)))) == []
    assert labels(plots.heatmap(axes(), np.zeros((2, 2)), fmt="")) == []
    assert labels(plots.heatmap(axes(), [[True, False]])) == ["1", "0"]
    assert labels(plots.heatmap(axes(), [[np.nan, 0.25]])) == ["–", "0.25"]
    assert labels(plots.heatmap(axes(), [[-0.001, -0.5]])) == ["0.00", "-0.50"]
    signed = plots.heatmap(axes(), [[-1.0, 3.0]], signed=True).images[0]
    assert signed.get_clim() == (-3.0, 3.0)


def test_heatmap_takes_tensors_and_refuses_other_shapes():
    weights = torch.full((2, 2), 0.5, requires_grad=True)
    assert labels(plots.heatmap(axes(), weights)) == ["0.50"] * 4
    with pytest.raises(ValueError, match=r"shape \(1, 2, 2\); pick one head"):
        plots.heatmap(axes(), weights[None])
    with pytest.raises(ValueError, match="3 labels for 2 x-positions"):
        plots.heatmap(axes(), weights, xlabels="abc")


def test_values_can_be_read_on_every_colour():
    ax = plots.heatmap(axes(), np.linspace(0, 1, 21)[None])
    image = ax.images[0]
    for text, value in zip(ax.texts, image.get_array().ravel(), strict=True):
        contrast = abs(luminance(text.get_color()) - luminance(image.cmap(image.norm(value))))
        assert contrast > 0.3, value


def test_bars():
    ax = plots.bars(axes(), ["New York", b"\xe5"], [1, 2.5], color=["blue", "red"])
    assert labels(ax) == ["1", "2.5"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["New York", "e5"]
    assert [matplotlib.colors.to_hex(bar.get_facecolor()) for bar in ax.patches] == [
        plots.PALETTE["blue"],
        plots.PALETTE["red"],
    ]
    assert ax.yaxis_inverted()


def test_names_at_line_ends_do_not_overlap():
    ax = plots.curves(axes(), [0, 1], {name: [0, 1 + 0.001 * n] for n, name in enumerate("abcd")})
    ax.figure.canvas.draw()
    boxes = sorted((text.get_window_extent() for text in ax.texts), key=lambda box: box.y0)
    assert all(below.y1 <= above.y0 + 1 for below, above in itertools.pairwise(boxes))
    assert plots.curves(axes(), [0, 1], {"a": [1, 2]}, direct=False).get_legend()


def test_tokens_wrap_inside_the_axes():
    pieces = ["床前明月光"] * 9 + ["x" * 30]
    ax = plots.tokens(axes(figsize=(4, 3)), pieces, ids=range(10))
    right = max(patch.get_x() + patch.get_width() for patch in ax.patches)
    assert len(ax.patches) == 10 and right <= ax.get_xlim()[1]
    assert len({patch.get_y() for patch in ax.patches}) > 1
    assert labels(plots.tokens(axes(), ["a", " b"])) == ["a", "␣b"]
    with pytest.raises(ValueError, match="1 ids for 2 pieces"):
        plots.tokens(axes(), ["a", "b"], ids=[7])


def test_visible():
    assert plots.visible("a b\n\t") == "a␣b⏎⇥"
    assert plots.visible("明".encode()) == "明"
    assert plots.visible("明".encode()[:2]) == "e6 98"
