"""The two fonts of the pages, cut down to the characters in use. Nothing of them is committed.

MathML needs a font with a MATH table, which Linux and Android rarely have: STIX Two Math, from the package
ziamath (SIL Open Font License). The theme's icons are Font Awesome Free (SIL Open Font License), and the
theme carries the font.
"""

import base64
import re
import zlib
from importlib import metadata
from pathlib import Path

from fontTools import subset

SYMBOLS = (
    "′″‴‖†‡…⋯⋮⋱ℓℕℝℤℂℚℙℒℋℱℬℰ←↑→↓↔↦⇒⇐⇔⟵⟶⟷⟸⟹⟺⟼∀∂∃∅∆∇∈∉∋∏∐∑−∓∕∖∗∘√∝∞∥∧∨∩∪∫∼≃≈≠≡≤≥≪≫≺≻⊂⊃⊆⊇⊕⊖⊗⊘⊙⊢⊤⊥⋅"
    "⌈⌉⌊⌋⏞⏟⟦⟧⟨⟩⩽⩾ˆˇ˘˙˚˜¯´`¨―\xa0\xb1\xb7\xd7\xf7\u2009"
)
RANGES = (
    (0x20, 0x7F),
    (0x391, 0x3D7),
    (0x1D400, 0x1D4B6),  # bold, italic, both; script capitals
    (0x1D538, 0x1D56C),  # double-struck
    (0x1D6A8, 0x1D756),  # Greek
    (0x1D7CE, 0x1D7E2),  # bold and double-struck digits
)
MATHS = {*map(ord, SYMBOLS), *(code for first, end in RANGES for code in range(first, end))}

# Icons in the theme's templates and scripts, by Font Awesome's names.
ICONS = (
    "angle-left angle-right arrow-up bars chevron-down chevron-right circle-half-stroke code download expand "
    "file file-lines file-pdf github home lightbulb list magnifying-glass moon pencil rocket sun xmark"
).split()
ICON_RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]+) ?"\}')


def math_font() -> Path:
    """Find STIX Two Math in the installed package ziamath.

    Returns
    -------
    Path
        The TrueType file.

    Raises
    ------
    FileNotFoundError
        If the package no longer carries it.
    """
    path = Path(metadata.distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf"))
    if not path.exists():
        raise FileNotFoundError(f"ziamath {metadata.version('ziamath')} has no fonts/{path.name}")
    return path


def cut(source: Path, target: Path, characters: set[int], keep: Path) -> None:
    """Write some characters of a font as woff2.

    Parameters
    ----------
    source, target : Path
        Font files; they may be the same.
    characters : set of int
        Code points; those the font lacks are left out.
    keep : Path
        A folder for finished fonts, so that the next build is quick.
    """
    kept = (
        keep / f"{source.stem}-{source.stat().st_size}-{zlib.crc32(str(sorted(characters)).encode()):x}.woff2"
    )
    if not kept.exists():
        options = subset.Options(flavor="woff2", layout_features=[], hinting=False)
        options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]  # names, copyright and licence travel along
        keep.mkdir(parents=True, exist_ok=True)
        with subset.load_font(str(source), options) as font:
            subsetter = subset.Subsetter(options)
            subsetter.populate(unicodes=characters)
            subsetter.subset(font)
            if "MATH" in font:
                narrow_radicals(font)
            subset.save_font(font, str(kept), options)
    target.write_bytes(kept.read_bytes())


def narrow_radicals(font) -> None:
    """Make the taller root signs as narrow as the smallest.

    Chromium gives each root the width of the widest of these glyphs, and draws its bar over the surplus.

    Parameters
    ----------
    font : fontTools.ttLib.TTFont
        A TrueType font with a MATH table; changed in place.
    """
    variants = font["MATH"].table.MathVariants
    root = font.getBestCmap()[ord("√")]
    construction = variants.VertGlyphConstruction[variants.VertGlyphCoverage.glyphs.index(root)]
    glyphs = {variant.VariantGlyph for variant in construction.MathGlyphVariantRecord} - {root}
    glyphs |= {part.glyph for part in construction.GlyphAssembly.PartRecords}
    width = font["hmtx"][root][0]
    for name in glyphs:
        factor = width / font["hmtx"][name][0]
        glyph = font["glyf"][name]
        glyph.coordinates.scale((factor, 1))
        glyph.coordinates.toInt()
        glyph.recalcBounds(font["glyf"])
        font["hmtx"][name] = (width, glyph.xMin)


def trim_icons(css: str) -> tuple[str, set[int]]:
    r"""Leave out the rules of the icons that no page shows.

    Parameters
    ----------
    css : str
        The theme's style sheet, Font Awesome's in it.

    Returns
    -------
    str, set of int
        The shorter style sheet, and the code points that its icons use.

    Raises
    ------
    ValueError
        If an icon in use has no rule, as after a change of the theme.

    Examples
    --------
    >>> rules = [f'.fa-{name}:before{{content:"\\f1{i:02x}"}}' for i, name in enumerate([*ICONS, "yeti"])]
    >>> css, codes = trim_icons("".join(rules))
    >>> "yeti" in css, len(codes) == len(ICONS)
    (False, True)
    """
    wanted, seen = set(ICONS), set()

    def rule(match: re.Match) -> str:
        names = set(re.findall(r"\.fa-([a-z0-9-]+):", match[1]))
        if not names & wanted:
            return ""
        seen.update(names)
        return match[0]

    css = ICON_RULE.sub(rule, css)
    if wanted - seen:
        raise ValueError(f"the theme has no icon {sorted(wanted - seen)}: see ICONS in b2t.book.fonts")
    return css, icon_codes(css)


def icon_codes(css: str) -> set[int]:
    r"""Collect the private-use characters, as Font Awesome's icons are, that a style sheet shows.

    Parameters
    ----------
    css : str
        A style sheet.

    Returns
    -------
    set of int
        Code points, written as escapes or as characters.

    Examples
    --------
    >>> sorted(map(hex, icon_codes('a:before{content:"\\f107"} b{--icon:"\uf05a"}')))
    ['0xf05a', '0xf107']
    """
    escaped = {int(code, 16) for code in re.findall(r"\\([0-9a-f]{4})\b", css)}
    return {code for code in escaped | set(map(ord, css)) if 0xE000 <= code <= 0xF8FF}


def font_script(family: str, font: Path) -> str:
    """Write a script that holds a font and adds it to the page at once, so that no formula jumps.

    Parameters
    ----------
    family : str
        The name that style sheets call it by.
    font : Path
        A woff2 file.

    Returns
    -------
    str
        JavaScript.
    """
    data = base64.b64encode(font.read_bytes()).decode("ascii")
    bytes_of = f'Uint8Array.from(atob("{data}"), c => c.charCodeAt(0))'
    return f'document.fonts.add(new FontFace("{family}", {bytes_of}));\n'


def write(static: Path, keep: Path) -> None:
    """Write the fonts of the built pages, and the theme's style sheet without the icons they lack.

    Parameters
    ----------
    static : Path
        The pages' ``_static`` folder, with the theme's files in place.
    keep : Path
        A folder for finished fonts.
    """
    font = static / "math.woff2"
    cut(math_font(), font, MATHS, keep)
    (static / "math.js").write_text(font_script("B2T Math", font), encoding="utf-8")
    sheet = static / "styles" / "pydata-sphinx-theme.css"
    css, codes = trim_icons(sheet.read_text(encoding="utf-8"))
    sheet.write_text(css, encoding="utf-8")
    codes |= icon_codes((sheet.parent / "sphinx-book-theme.css").read_text(encoding="utf-8"))
    for name in ("fa-solid-900", "fa-regular-400", "fa-brands-400"):
        font = static / "vendor" / "fontawesome" / "webfonts" / f"{name}.woff2"
        cut(font, font, codes, keep)
