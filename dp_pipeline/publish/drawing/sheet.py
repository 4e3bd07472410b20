"""One drawing: its size in pixels, its fonts, its attribution; made into SVG and PNG.

The same chart is the same bytes, whenever and in whichever process it is drawn.
"""

import io
import textwrap
import warnings
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from dp_pipeline.pages.palette import light
from dp_pipeline.pages.words import one_line
from dp_pipeline.publish.drawing.svg import dressed
from dp_pipeline.publish.words import About

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

POINTS = 72
"""matplotlib's unit; a pixel of an SVG here is one point."""
TITLE, TEXT, SMALL = 15.0, 11.0, 9.0
"""Sizes of text in pixels."""
FOOT = 15.0
"""Pixels a line of the attribution takes."""
PLAIN_FONT = "DejaVu Sans"
"""Comes with matplotlib: Latin, Greek, Cyrillic and some more."""
FALLBACKS = (
    *("Noto Sans CJK JP", "Noto Sans CJK SC", "Noto Sans JP", "Noto Sans SC", "Noto Sans KR"),
    *("Source Han Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Droid Sans Fallback"),
    *("IPAexGothic", "Hiragino Sans", "PingFang SC", "Apple SD Gothic Neo", "Yu Gothic"),
    *("Microsoft YaHei", "Malgun Gothic", "Arial Unicode MS", "Noto Sans Thai", "Noto Sans Hebrew"),
    *("Noto Sans Devanagari", "Noto Sans Armenian", "Noto Sans Georgian", "Noto Sans"),
)
"""Fonts for what the plain one lacks, of those that a machine has."""
SIZES = (0.75, 0.5, 0.4)
"""Of a PNG, in points a pixel: the first that is small enough is taken."""
COLOURS = 16

_SETTINGS = {
    # Text stays text: it can be read aloud and searched, and the reader's fonts have what ours
    # lack.
    "svg.fonttype": "none",
    "text.parse_math": False,  # a club with two dollar signs in its name is no formula
    "axes.unicode_minus": False,
    "path.simplify": True,
    "hatch.linewidth": 0.8,
}


@dataclass(frozen=True, slots=True)
class DrawnChart:
    """A chart as files.

    Args:
        about: what it shows.
        svg: as it stands in a file; text.
        wide: its pixels from side to side, at which its text is as large as it was meant.
        png: small, for where no file is; None where characters would be boxes in it, or it is
            larger than allowed.
        without_font: characters that no font here has; in the SVG the reader's font draws them.
    """

    about: About
    svg: str
    wide: int
    png: bytes | None = None
    without_font: str = ""


@dataclass(slots=True)
class Sheet:
    """A drawing while it is made, measured in pixels from its upper left corner.

    Args:
        about: what it shows.
        attribution: the sentence at its foot.
        figure: matplotlib's.
        size: width and height in pixels.
    """

    about: About
    attribution: str
    figure: "Figure"
    size: tuple[float, float]
    texts: list[str] = field(default_factory=list)

    def text(self, x: float, y: float, text: str, **more: Any) -> None:
        """A text at a place of the drawing."""
        said = one_line(text)
        self.texts.append(said)
        wide, high = self.size
        given: dict[str, Any] = {"fontsize": TEXT, "color": light("ink"), "va": "center", **more}
        self.figure.text(x / wide, 1 - y / high, said, **given)

    def box(self, left: float, top: float, wide: float, high: float, **look: Any) -> None:
        """A rectangle."""
        from matplotlib.patches import Rectangle

        whole = self.size
        corner = (left / whole[0], 1 - (top + high) / whole[1])
        self.figure.add_artist(Rectangle(corner, wide / whole[0], high / whole[1], **look))

    def stroke(self, *points: tuple[float, float], linewidth: float) -> None:
        """A thin line from point to point."""
        from matplotlib.lines import Line2D

        xs = [x / self.size[0] for x, _ in points]
        ys = [1 - y / self.size[1] for _, y in points]
        self.figure.add_artist(Line2D(xs, ys, color=light("line"), linewidth=linewidth))

    def axes(self, left: float, top: float, wide: float, high: float) -> "Axes":
        """A part of the drawing with a frame of numbers, without the frame's lines."""
        whole = self.size
        axes = self.figure.add_axes(
            (left / whole[0], 1 - (top + high) / whole[1], wide / whole[0], high / whole[1])
        )
        axes.set_facecolor("none")
        axes.tick_params(length=0, labelsize=SMALL, labelcolor=light("soft"))
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes


def foot_of(attribution: str, wide: float) -> list[str]:
    """The attribution in lines that fit a drawing so wide."""
    return textwrap.wrap(one_line(attribution), max(24, int((wide - 24) / (SMALL * 0.6))))


@contextmanager
def sheet(
    about: About, attribution: str, wide: float, high: float, texts: Iterable[str] = ()
) -> Generator[Sheet]:
    """A drawing with its title; its attribution takes room of its own below what is drawn.

    Args:
        about: what it shows.
        attribution: the sentence at its foot.
        wide: pixels.
        high: pixels without the foot.
        texts: what will be written on it, for which fonts are sought.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    foot = foot_of(attribution, wide)
    size = (wide, high + FOOT * len(foot) + 6)
    families = [PLAIN_FONT, *fonts_for("".join([about.title, attribution, *texts]))[0]]
    settings: Any = {
        **_SETTINGS,
        "svg.hashsalt": about.slug,
        "font.family": families,
        "font.size": TEXT,
    }
    with rc_context(settings), warnings.catch_warnings():
        # Of glyphs that no font here has: the SVG leaves them to the reader's.
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        figure = Figure(
            figsize=(size[0] / POINTS, size[1] / POINTS), dpi=POINTS, facecolor=light("paper")
        )
        made = Sheet(about, attribution, figure, size)
        made.text(12, 18, about.title, fontsize=TITLE, weight="bold")
        for n, line in enumerate(foot):
            made.text(12, high + FOOT * (n + 0.5), line, fontsize=SMALL, color=light("soft"))
        yield made


def finished(made: Sheet, most_bytes: int) -> DrawnChart:
    """The drawing as files; its PNG is at most so large, or there is none. 0: none is wanted."""
    svg = io.BytesIO()
    made.figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    missing = fonts_for("".join(made.texts))[1]
    png = None if missing or not most_bytes else _png(made.figure, most_bytes)
    return DrawnChart(
        made.about, dressed(svg.getvalue(), made.about), round(made.size[0]), png, missing
    )


def _png(figure: "Figure", most_bytes: int) -> bytes | None:
    from PIL import Image

    for size in SIZES:
        drawn, small = io.BytesIO(), io.BytesIO()
        figure.savefig(drawn, format="png", dpi=POINTS * size, metadata={"Software": None})
        # A few colours take a third of the bytes.
        Image.open(drawn).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(
            small, format="png", optimize=True
        )
        if len(small.getvalue()) <= most_bytes:
            return small.getvalue()
    return None


def fonts_for(text: str) -> tuple[list[str], str]:
    """The fonts of this machine that have what the plain one lacks, and what none of them has."""
    missing = {each for each in text if not each.isspace()} - _characters(PLAIN_FONT)
    fonts = []
    for family in FALLBACKS:
        if not missing:
            break
        if found := missing & _characters(family):
            fonts.append(family)
            missing -= found
    return fonts, "".join(sorted(missing))


@cache
def _characters(family: str) -> frozenset[str]:
    """What a font has; nothing where this machine has no such font."""
    from matplotlib import font_manager

    if family not in {font.name for font in font_manager.fontManager.ttflist}:
        return frozenset()
    font = font_manager.get_font(font_manager.findfont(family))
    return frozenset(map(chr, font.get_charmap()))
