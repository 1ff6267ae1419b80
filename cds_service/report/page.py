"""The report as one HTML page that loads nothing: it can be sent by mail and opened behind any firewall."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from cds_service import __version__
from cds_service.report import lines, plots
from cds_service.report.figures import Figures, Topic
from cds_service.report.words import Words, minute, percent, plain

# More reasons than colours that can be told apart: the rest are one.
_REASONS = (plots.BLUE, plots.ORANGE, plots.GREEN, plots.PURPLE, plots.YELLOW)


@dataclass(frozen=True)
class Plot:
    """A plot and its legend: (name, colour) pairs."""

    svg: Markup
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Small:
    """The weeks of one topic."""

    name: str
    svg: Markup
    highest: int
    verdict: str


def render(made: Figures, words: Words) -> str:
    """The page in the language of ``words``."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(words=words, lines=lines, plain=plain, minute=minute, percent=percent)
    return environment.get_template("page.html.j2").render(
        made=made,
        version=__version__,
        rates=_rates(made, words),
        reasons=_reasons(made, words),
        volume=_volume(made, words),
        legend_weeks=_week_legend(words),
        calls=_calls(made, words),
        weeks=[_weeks(topic, words) for topic in made.topics if topic.cards.fired],
        never_shown=words("comma").join(words.topic(t.topic) for t in made.heard if not t.cards.told),
        first=made.weeks[0].isoformat(),
        last=made.weeks[-1].isoformat(),
    )


def _rates(made: Figures, words: Words) -> Plot | None:
    rated = [(topic, rate) for topic in lines.by_reaction(made) if (rate := topic.rate)]
    if not rated:
        return None
    labels = [
        f"{words.topic(topic.topic)}\N{EM SPACE}{percent(rate.value)} ({topic.overridden}/{topic.cards.told})"
        for topic, rate in rated
    ]
    return Plot(plots.rates(labels, [rate for _, rate in rated], words("heading_rates")))


def _reasons(made: Figures, words: Words) -> Plot | None:
    topics = sorted((t for t in made.topics if t.overridden), key=lambda t: -t.overridden)
    if not topics:
        return None
    counts = [Counter({reason.code: reason.cards for reason in lines.reasons(topic, words)}) for topic in topics]
    frequent = [code for code, _ in sum(counts, Counter()).most_common() if code in words.reasons]
    frequent = [code for code in frequent if code != words.wrong_advice][: len(_REASONS)]
    named = {words.wrong_advice, lines.NO_REASON, *frequent}
    rest = [sum(n for code, n in count.items() if code not in named) for count in counts]
    series = [
        (words("wrong"), plots.VERMILION, [count[words.wrong_advice] for count in counts]),
        *(
            (words.reason(code), colour, [count[code] for count in counts])
            for code, colour in zip(frequent, _REASONS, strict=False)
        ),
        (words("other_reasons"), plots.GREY, rest),
        (words("no_reason"), plots.PALE, [count[lines.NO_REASON] for count in counts]),
    ]
    return _stacked(topics, series, words, words("heading_reasons"), lambda topic: topic.overridden)


def _volume(made: Figures, words: Words) -> Plot | None:
    topics = sorted((t for t in made.topics if t.cards.fired), key=lambda t: -t.cards.fired)
    if not topics:
        return None
    series = [
        (words("shown"), plots.BLUE, [t.cards.shown for t in topics]),
        (words("folded"), plots.PALE, [t.cards.folded for t in topics]),
        (words("silent"), plots.GREY, [t.cards.silent for t in topics]),
        (words("suppressed"), plots.ORANGE, [t.cards.suppressed for t in topics]),
        (words("seen"), plots.YELLOW, [t.cards.seen for t in topics]),
        (words("said_at_order"), plots.GREEN, [t.cards.said_at_order for t in topics]),
    ]
    return _stacked(topics, series, words, words("heading_volume"), lambda topic: topic.cards.fired)


def _stacked(
    topics: Sequence[Topic],
    series: plots.Series,
    words: Words,
    named: str,
    number: Callable[[Topic], int],
) -> Plot:
    """Without the series that are nowhere, which would only make the legend longer."""
    used = [each for each in series if any(each[2])]
    labels = [f"{words.topic(topic.topic)}\N{EM SPACE}{number(topic)}" for topic in topics]
    return Plot(plots.stacked(labels, used, named), [(name, colour) for name, colour, _ in used])


def _weeks(topic: Topic, words: Words) -> Small:
    parts = [(week.overridden, week.shown - week.overridden, week.kept_back) for week in topic.weeks]
    series = [(*entry, values) for entry, values in zip(_week_legend(words), zip(*parts, strict=True), strict=True)]
    highest, name = max(week.fired for week in topic.weeks), words.topic(topic.topic)
    return Small(name, plots.weekly(series, highest, name), highest, topic.comparison.verdict)


def _week_legend(words: Words) -> list[tuple[str, str]]:
    return [
        (words("overridden"), plots.VERMILION),
        (words("not_overridden"), plots.BLUE),
        (words("kept_back"), plots.PALE),
    ]


def _calls(made: Figures, words: Words) -> Small:
    highest, name = max(made.calls.weeks), words("weekly_calls")
    svg = plots.weekly([(name, plots.GREY, made.calls.weeks)], highest, name)
    return Small(name, svg, highest, "steady")
