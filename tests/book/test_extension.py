"""The palette, the trimmed assets, and that rendering needs no torch."""

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from b2t.book import assets, fonts
from tests.conftest import ROOT

KEYS = {"ink", "muted", "grid", "blue", "orange", "green", "red", "purple", "sky", "yellow"}


def luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_palette_reaches_css():
    palette = json.loads(assets.PALETTE.read_text("utf-8"))
    css = assets.palette_css()
    assert set(palette) == KEYS
    assert all(f"--b2t-{name}: {value}" in css for name in palette for value in palette[name].values())


@pytest.mark.parametrize(("theme", "ground"), [("light", "#ffffff"), ("dark", "#14181e")])
@pytest.mark.parametrize("name", ["ink", "muted"])
def test_text_colours_stand_out(name, theme, ground):
    palette = json.loads(assets.PALETTE.read_text("utf-8"))
    dark, light = sorted((luminance(palette[name][theme]), luminance(ground)))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def files(*names: str) -> list:
    return [SimpleNamespace(filename=name, attributes={}) for name in names]


def test_assets_serve_the_page_they_are_on():
    scripts = [SimpleNamespace(filename=None, attributes={"body": "let x = 1;"}) for _ in range(2)]
    context = {
        "body": '<div class="admonition dropdown">',
        "css_files": files("_static/book.css", "_static/togglebutton.css", "_static/sphinx-design.min.css"),
        "script_files": [*files("_static/sphinx-thebe.js"), *scripts],
    }
    assets.trim(None, "page", "page.html", context, None)
    assert [css.filename for css in context["css_files"]] == ["_static/book.css", "_static/togglebutton.css"]
    assert context["script_files"] == scripts[:1]


def test_missing_icon_is_an_error():
    with pytest.raises(ValueError, match="the theme has no icon"):
        fonts.trim_icons('.fa-yeti:before{content:"\\f7ab"}')


def test_fonts_hold_what_chapters_write(tmp_path):
    from fontTools.ttLib import TTFont

    target = tmp_path / "math.woff2"
    fonts.cut(fonts.math_font(), target, set(map(ord, "∑√x")), tmp_path / "keep")
    with TTFont(target) as font:
        assert set(map(ord, "∑√x")) == set(font.getBestCmap())
        assert "MATH" in font


def test_rendering_needs_no_torch():
    code = "import sys, b2t.book.extension, b2t.book.notebooks; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "lib")
