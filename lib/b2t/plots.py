"""Figures in the book's one style: axes in, axes out.

Colours come from ``book/palette.json``, which the pages and the widgets read too. Figures are SVG whose text
stays text, so a reader's browser brings the Chinese and emoji glyphs that matplotlib's own fonts lack.
"""

import json
import logging
import re
import sys
import unicodedata
import warnings
from pathlib import Path

import matplotlib
import matplotlib.figure
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle

THEMES = json.loads((Path(__file__).parent / "book" / "palette.json").read_text(encoding="utf-8"))
PALETTE = {name: shades["light"] for name, shades in THEMES.items()}
"""The colours of the light theme by name: ink, muted, grid, blue, orange and so on."""

CYCLE = ("blue", "red", "green", "purple", "orange", "sky", "muted")
FONTS = ["DejaVu Sans", "Verdana", "Noto Sans CJK SC", "Noto Sans CJK JP", "PingFang SC", "Microsoft YaHei"]
MONO = ["DejaVu Sans Mono", "Menlo", "Consolas", *FONTS[2:], "monospace"]


def _colormap(name, colours):
    return LinearSegmentedColormap.from_list(name, colours).with_extremes(bad=PALETTE["grid"])


SEQUENTIAL = _colormap("b2t", ["#ffffff", PALETTE["sky"], PALETTE["blue"], "#00263d"])
"""A colour map from white to dark blue, for what is never negative."""

SIGNED = _colormap("b2t_signed", [PALETTE["red"], "#ffffff", PALETTE["blue"]])


def use_style():
    """Set the book's style for every figure that follows; call it once, next to the imports.

    In a notebook, figures become SVG: text kept as text, ids from a fixed salt and no date, so that the same
    code gives the same bytes. Elsewhere the backend becomes Agg, which needs no screen.

    Two kinds of message are silenced, both false alarms here because the glyphs come from the browser:
    matplotlib's warning that its fonts lack a glyph (or that it cannot shape a script), and its log about
    font families that this machine does not have. Every other warning still shows.

    Examples
    --------
    >>> use_style()
    >>> matplotlib.rcParams["svg.fonttype"]
    'none'
    """
    warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing from (font|current font)")
    warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support \w+ natively")
    logging.getLogger("matplotlib.font_manager").addFilter(_not_about_families)
    _choose_output()
    matplotlib.rcParams.update(_style())


def _not_about_families(record):
    return not str(record.msg).startswith(("findfont: Font family", "findfont: Generic family"))


def _choose_output():
    ipython = sys.modules.get("IPython")  # in a notebook it is loaded; outside there is no need to load it
    shell = ipython.get_ipython() if ipython else None
    if not hasattr(shell, "kernel"):
        matplotlib.use("Agg")
        return
    from matplotlib_inline.config import InlineBackend

    inline = InlineBackend.instance(parent=shell)
    inline.shell = shell
    inline.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None, "Creator": None}}
    inline.figure_formats = {"svg"}
    matplotlib.use("module://matplotlib_inline.backend_inline")


def _style():
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": "bytes-to-transformers",
        "font.family": [*FONTS, "sans-serif"],
        "font.sans-serif": FONTS,
        "font.size": 10,
        "axes.titlesize": 11,
        "figure.figsize": (6.4, 3.2),
        "figure.constrained_layout.use": True,
        "figure.facecolor": "white",
        "axes.prop_cycle": matplotlib.cycler(color=[PALETTE[name] for name in CYCLE]),
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.unicode_minus": False,
        "legend.frameon": False,
        "grid.color": PALETTE["grid"],
        **dict.fromkeys(
            ["text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"], PALETTE["ink"]
        ),
        **dict.fromkeys(["axes.edgecolor", "xtick.color", "ytick.color"], PALETTE["muted"]),
    }


def visible(piece):
    """Return a label that shows every part of a token, spaces and broken characters included.

    Parameters
    ----------
    piece : str or bytes
        A token. Bytes that are not whole UTF-8 characters are written in hexadecimal.

    Returns
    -------
    str

    Examples
    --------
    >>> visible(" the"), visible("床".encode()), visible(b"\\xe5\\xba")
    ('␣the', '床', 'e5 ba')
    """
    if isinstance(piece, (bytes, bytearray)):
        try:
            piece = piece.decode("utf-8")
        except UnicodeDecodeError:
            return piece.hex(" ")
    return re.sub(r"[ \n\t]", lambda m: {" ": "␣", "\n": "⏎", "\t": "⇥"}[m[0]], piece)


def heatmap(ax, matrix, xlabels=None, ylabels=None, fmt=None, title=None, **options):
    """Draw a matrix as coloured cells: an attention map with query_pos in rows and key_pos in columns.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    matrix : array_like or torch.Tensor, shape (n_rows, n_columns)
        NaN is drawn grey.
    xlabels, ylabels : sequence of str or bytes, optional
        Names of the columns and rows.
    fmt : str, optional
        Format of the value in each cell; ``""`` writes none. By default up to 64 cells show theirs.
    title : str, optional
    **options
        ``xname``, ``yname``: axis titles (``"key_pos"``, ``"query_pos"``); ``signed``: blue for positive and
        red for negative (False); ``vmin``, ``vmax``: the range of the colours.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = heatmap(matplotlib.figure.Figure().subplots(), [[0.9, 0.1], [0.5, 0.5]], "ab", "ab")
    >>> [text.get_text() for text in ax.texts]
    ['0.90', '0.10', '0.50', '0.50']
    """
    matrix = _array(matrix)
    if matrix.ndim != 2:
        raise ValueError(f"heatmap draws a matrix, got shape {matrix.shape}; pick one head or one batch row")
    ax.set(xlabel=options.pop("xname", "key_pos"), ylabel=options.pop("yname", "query_pos"), title=title)
    image = ax.imshow(matrix, interpolation="none", aspect="equal", **_colours(matrix, **options))
    _name_ticks(ax.xaxis, xlabels, matrix.shape[1])
    _name_ticks(ax.yaxis, ylabels, matrix.shape[0])
    if xlabels is not None and max(map(_width, xlabels), default=0) > 3:
        ax.tick_params(axis="x", rotation=90)
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if fmt is None:
        by_kind = {"i": "d", "u": "d", "b": ".0f"}
        fmt = "" if matrix.size > 64 else by_kind.get(matrix.dtype.kind, "z.2f")  # z: no -0.00
    if fmt:
        _write_values(ax, image, matrix, fmt)
    return ax


def _array(values):
    values = values.detach().cpu() if hasattr(values, "detach") else values
    return np.asarray(values)


def _colours(matrix, signed=False, vmin=None, vmax=None):
    largest = float(np.nanmax(np.abs(matrix))) if np.isfinite(matrix).any() else 1.0
    low = -largest if signed else min(0.0, float(np.nanmin(matrix))) if matrix.size else 0.0
    vmin, vmax = low if vmin is None else vmin, largest if vmax is None else vmax
    return {"cmap": SIGNED if signed else SEQUENTIAL, "vmin": vmin, "vmax": vmax}


def _name_ticks(axis, labels, n, as_tokens=True):
    if labels is None:
        return
    if len(labels) != n:
        raise ValueError(
            f"{len(labels)} labels for {n} {axis.axis_name}-positions; give one label a position"
        )
    shown = [visible(label) if as_tokens or isinstance(label, bytes) else label for label in labels]
    axis.set_ticks(range(n), shown)


def _write_values(ax, image, matrix, fmt):
    for (row, column), value in np.ndenumerate(matrix):
        red, green, blue, _ = image.cmap(image.norm(value))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
        text = format(value, fmt) if np.isfinite(value) else "–"
        ax.text(
            column, row, text, ha="center", va="center", size=8, color="white" if dark else PALETTE["ink"]
        )


def bars(ax, labels, values, fmt="g", color="blue", title=None, xlabel=None):
    """Draw horizontal bars, the first on top, each with its value at the end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    labels : sequence of str or bytes
    values : array_like, shape (n_bars,)
    fmt : str, default "g"
        Format of the values; ``""`` writes none.
    color : str or sequence of str, default "blue"
        Palette names, one for all or one a bar.
    title, xlabel : str, optional

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = bars(matplotlib.figure.Figure().subplots(), ["English", "中文"], [1.0, 2.95], xlabel="bytes")
    >>> [text.get_text() for text in ax.texts]
    ['1', '2.95']
    """
    values = _array(values)
    names = [color] if isinstance(color, str) else color
    patches = ax.barh(
        range(len(values)), values, color=[PALETTE.get(name, name) for name in names], height=0.7
    )
    _name_ticks(ax.yaxis, labels, len(values), as_tokens=False)
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.set(title=title, xlabel=xlabel)
    if fmt:
        ax.bar_label(patches, [format(value, fmt) for value in values], padding=3, size=9)
        ax.margins(x=0.12)
    return ax


def curves(ax, x, series, title=None, xlabel=None, ylabel=None, direct=True):
    """Draw lines over a common x, each named at its right end in its own colour.

    Set a logarithmic scale or limits before the call, so that the names find their places.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : array_like, shape (n,)
    series : dict of str to array_like, shape (n,)
        The name and the values of each line; NaN leaves a gap.
    title, xlabel, ylabel : str, optional
    direct : bool, default True
        Name the lines at their ends; otherwise in a legend.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = curves(matplotlib.figure.Figure().subplots(), [1, 2, 3], {"n": [1, 2, 3], "n²": [1, 4, 9]})
    >>> [text.get_text() for text in ax.texts]
    ['n', 'n²']
    """
    lines = [ax.plot(_array(x), _array(y), label=name)[0] for name, y in series.items()]
    ax.set(title=title, xlabel=xlabel, ylabel=ylabel)
    ax.grid(axis="y")
    if direct:
        _name_line_ends(ax, lines)
    else:
        ax.legend()
    return ax


def _name_line_ends(ax, lines, gap=12):
    """Write each name after its line's last point, moved until names are ``gap`` points apart."""
    ax.autoscale_view()
    named = [(line, line.get_xydata()[np.isfinite(line.get_ydata())]) for line in lines]
    ends = sorted(((line, points[-1]) for line, points in named if len(points)), key=lambda end: end[1][1])
    pixels_to_points = 72 / ax.figure.dpi
    heights = [ax.transData.transform(point)[1] * pixels_to_points for _, point in ends]
    for (line, point), height, moved in zip(ends, heights, _spread(heights, gap), strict=True):
        place = {"xytext": (5, moved - height), "textcoords": "offset points", "va": "center", "size": 9}
        ax.annotate(line.get_label(), point, color=line.get_color(), annotation_clip=False, **place)


def _spread(heights, gap):
    """Push sorted heights apart until neighbours differ by ``gap``, keeping their middle."""
    moved = []
    for height in heights:
        moved.append(height if not moved else max(height, moved[-1] + gap))
    shift = (sum(moved) - sum(heights)) / max(len(heights), 1)
    return [height - shift for height in moved]


def tokens(ax, pieces, ids=None, title=None, size=11):
    """Draw tokens as a strip of coloured boxes that wraps like text.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Its own scales and frame disappear.
    pieces : sequence of str or bytes
    ids : sequence of int, optional
        Written small under the pieces.
    title : str, optional
    size : float, default 11
        Font size in points.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> ax = tokens(matplotlib.figure.Figure().subplots(), ["床前", " moon", b"\\xe5"], ids=[700, 300, 229])
    >>> [text.get_text() for text in ax.texts][:3]
    ['床前', '700', '␣moon']
    """
    if ids is not None and len(ids) != len(pieces):
        raise ValueError(f"{len(ids)} ids for {len(pieces)} pieces; give one id a piece")
    columns = ax.get_position().width * ax.figure.get_figwidth() * 72 / (0.62 * size)
    labels = [visible(piece) for piece in pieces]
    notes = [""] * len(labels) if ids is None else [str(int(i)) for i in ids]
    x, row, height = 0.0, 0, 1.0 if ids is None else 1.5
    for number, (label, note) in enumerate(zip(labels, notes, strict=True)):
        width = max(_width(label), 0.75 * len(note)) + 0.8
        if x and x + width > columns:
            x, row = 0.0, row + 1
        tint = PALETTE[("sky", "orange", "green", "purple")[number % 4]]
        ax.add_patch(Rectangle((x, row * 1.15 * height), width - 0.15, height, color=tint, alpha=0.4, lw=0))
        place = {"ha": "center", "va": "center", "family": MONO}
        ax.text(x + width / 2 - 0.08, (row * 1.15 + 0.5 / height) * height, label, size=size, **place)
        if note:
            ax.text(
                x + width / 2 - 0.08,
                row * 1.15 * height + 1.2,
                note,
                size=0.7 * size,
                color=PALETTE["muted"],
                **place,
            )
        x += width
    ax.set(xlim=(0, columns), ylim=((row + 1) * 1.15 * height, -0.1), title=title)
    ax.set_axis_off()
    return ax


def _width(text):
    """Columns that a text takes in a fixed-width font: two for wide characters, none for combining marks."""
    widths = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(c) else widths.get(unicodedata.east_asian_width(c), 1)
        for c in visible(text)
    )
