"""The plots of the page: SVG by pygal, without scripts, fonts or anything else to load.

Their legends stand beside them in HTML, where text takes the room it needs; pygal reckons with Latin letters only.
"""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pygal  # type: ignore[import-untyped]
from markupsafe import Markup
from pygal import PluginImportFixer
from pygal.style import Style  # type: ignore[import-untyped]

from cds_service.report.rates import Rate
from cds_service.report.words import percent

# pygal looks for plug-ins at every import from here on, in a way that Python 3.12 gave up: what is not found warns.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, PluginImportFixer)]

# M. Okabe & K. Ito's colours, which people with any colour vision tell apart, and greys. "This advice is wrong" and
# overriding are always vermilion.
BLUE, SKY, VERMILION, ORANGE, GREEN, PURPLE, YELLOW = (
    "#0072B2", "#56B4E9", "#D55E00", "#E69F00", "#009E73", "#CC79A7", "#F0E442",
)  # fmt: skip
GREY, PALE = "#8A8A8A", "#D0D0D0"
_WIDTH, _ROW, _FRAME = 1000, 27, 60
_FONT, _SIZE = "system-ui, sans-serif", 14
# What pygal takes for the width of a letter; a Chinese one is as wide as high.
_LETTER = 0.6

Series = Sequence[tuple[str, str, Sequence[float]]]  # name, colour, values


def rates(labels: Sequence[str], values: Sequence[Rate], named: str) -> Markup:
    """A horizontal bar for each rate with its interval as a line, the first at the top."""
    points = [{"value": r.value * 100, "ci": {"low": r.low * 100, "high": r.high * 100}} for r in values]
    # To the next ten: small rates would be invisible on a full scale.
    top = math.ceil(max(rate.high for rate in values) * 10) * 10
    chart = _horizontal(pygal.HorizontalBar, labels, [SKY], range=(0, top), ci_colours=("#000",))
    chart.value_formatter = lambda value: percent(value / 100)
    chart.add("", points[::-1])
    return _svg(chart, named)


def stacked(labels: Sequence[str], series: Series, named: str) -> Markup:
    """A horizontal bar for each label, made of the series one after the other; the first at the top."""
    chart = _horizontal(pygal.HorizontalStackedBar, labels, [colour for _, colour, _ in series])
    for name, _, values in series:
        chart.add(name, list(values)[::-1])
    return _svg(chart, named)


def weekly(series: Series, highest: int, named: str) -> Markup:
    """Small upright bars, one a week, made of the series; only the highest number is written at the axis."""
    chart = pygal.StackedBar(
        **_common([colour for _, colour, _ in series]),
        width=320,
        height=90,
        margin=6,
        spacing=4,
        show_x_labels=False,
        y_labels=[0, highest or 1],
        range=(0, highest or 1),
    )
    chart.value_formatter = _whole
    for name, _, values in series:
        chart.add(name, list(values))
    return _svg(chart, named)


def _horizontal(kind: Callable[..., Any], labels: Sequence[str], colours: Sequence[str], **options: Any) -> Any:
    ci_colours = options.pop("ci_colours", ())
    chart = kind(
        **_common(colours, ci_colours),
        width=_WIDTH,
        height=_ROW * len(labels) + _FRAME,
        margin=8,
        margin_right=24,
        margin_left=8 + _missing_room(labels),
        x_labels=labels[::-1],
        **options,
    )
    chart.value_formatter = _whole
    return chart


def _common(colours: Sequence[str], ci_colours: Sequence[str] = ()) -> Mapping[str, Any]:
    style = Style(
        background="transparent",
        plot_background="transparent",
        font_family=_FONT,
        label_font_size=_SIZE,
        major_label_font_size=_SIZE,
        colors=tuple(colours),
        ci_colors=tuple(ci_colours),
        opacity="1",
        stroke_opacity="1",
        stroke_width="1.5" if ci_colours else "0",
        guide_stroke_color="#ccc",
        major_guide_stroke_color="#ccc",
        transition="0s",
    )
    return {
        "style": style,
        "js": [],
        "disable_xml_declaration": True,
        "show_legend": False,
    }


def _missing_room(labels: Sequence[str]) -> int:
    """What the longest label needs at its left beyond the room that pygal leaves, in pixels."""
    reckoned = max(map(len, labels), default=0) * _LETTER
    needed = max((sum(1.0 if _wide(c) else 0.55 for c in label) for label in labels), default=0)
    return max(0, round((needed - reckoned) * _SIZE))


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def _whole(value: float) -> str:
    """Cards are whole: an axis that divides them has no words for it."""
    return f"{value:.0f}" if value == round(value) else ""


def _svg(chart: Any, named: str) -> Markup:
    """The plot as markup; ``named`` is what it is called to those who do not see it."""
    chart.add_xml_filter(lambda root: _bare(root, named))
    return Markup(chart.render(is_unicode=True))  # noqa: S704  # pygal builds a tree and escapes every text in it


def _bare(root: Any, named: str) -> Any:
    """Without the script that pygal always adds, and its comments, which hold addresses and today's date."""
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag.endswith("script"):
                parent.remove(child)
    root.find("title").text = named
    root.set("role", "img")
    root.set("aria-label", named)
    return root
