"""The report for a terminal."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from cds_service.report import lines
from cds_service.report.figures import Figures, Topic
from cds_service.report.words import Words, minute, plain

# Comments and weeks that fit; the page has the rest.
_COMMENTS = 10
_WEEKS = 12
_BARS = "▁▂▃▄▅▆▇█"
_NUMBERS = ("shown", "accepted", "overridden", "rate", "interval", "silent", "suppressed", "seen")


def render(made: Figures, words: Words, width: int = 100, *, colour: bool = False) -> str:
    """The report in lines of at most ``width`` columns; with escape sequences only where ``colour``."""
    out = io.StringIO()
    console = Console(
        file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False, markup=False, emoji=False
    )
    for part in _parts(made, words):
        console.print(part)
    # Cells are filled up with spaces that nobody sees.
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _parts(made: Figures, words: Words) -> Iterator[RenderableType]:
    yield Text(words("title"), "bold")
    yield words.period(made.period)
    yield from words.scope(made.period)
    if made.calls.lost:
        yield Text("\n" + words("lost", n=made.calls.lost), "bold red")
        yield words("lost_whose")
    if made.empty:
        yield "\n" + words("empty")
    yield from _summary(made, words)
    yield from _alarms(made, words)
    if made.heard:
        yield _numbers(made, words)
    yield from lines.said_at_order_text(made, words)
    yield from lines.via_text(made, words)
    yield from lines.unheard_text(made, words)
    yield from _reasons(made, words)
    yield from _comments(made, words)
    yield Text("\n" + words("heading_meaning"), "bold")
    for key in lines.MEANINGS:
        yield words(f"means_{key}")
    yield words("cut_weeks")


def _summary(made: Figures, words: Words) -> Iterator[RenderableType]:
    yield (
        "\n"
        + words("named", name=words("calls"), n=made.calls.total)
        + (f" ({lines.outcomes_text(made, words)})" if made.calls.total else "")
    )
    for indicator, outcomes in sorted(made.indicators.items()):
        counts = {
            "shown": outcomes.shown,
            "folded": outcomes.folded,
            "silent": outcomes.silent,
            "suppressed": outcomes.suppressed,
            "seen": outcomes.seen,
            "said_at_order": outcomes.said_at_order,
        }
        said = words("comma").join(words("named", name=words(key), n=n) for key, n in counts.items())
        yield words("named", name=words.named("indicator", indicator), n=said)
    if made.unknown:
        yield words("unknown", n=made.unknown)


def _alarms(made: Figures, words: Words) -> Iterator[RenderableType]:
    yield Text("\n" + words("alarms"), "bold")
    for topic in made.alarms:
        name = words("named", name=words(topic.comparison.verdict).upper(), n=words.topic(topic.topic))
        yield Text(name, "bold red")
        yield "  " + lines.alarm_text(topic, words)
    if not made.alarms:
        yield lines.no_alarm_text(made, words)


def _numbers(made: Figures, words: Words) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 0), pad_edge=False, collapse_padding=True, expand=True)
    table.add_column(words("topic"), ratio=1, overflow="fold")
    for key in _NUMBERS:
        table.add_column(words(key), justify="right", overflow="fold", max_width=_longest_word(words(key)))
    table.add_column(words("trend"), no_wrap=False, min_width=min(_WEEKS, max(1, len(made.weeks))), max_width=_WEEKS)
    for topic in made.heard:
        table.add_row(words.topic(topic.topic), *_row(topic, words), bars([week.fired for week in topic.weeks]))
    return table


def _longest_word(header: str) -> int:
    """Wide enough for it and for any number below it."""
    return max(7, *map(cell_len, header.split()))


def _row(topic: Topic, words: Words) -> Iterator[str]:
    cards, rate = topic.cards, topic.rate
    yield from map(str, (cards.told, topic.accepted, topic.overridden))
    yield lines.rate_text(rate, words)
    yield lines.interval_text(rate, words)
    yield from map(str, (cards.silent, cards.suppressed, cards.seen))


def bars(weeks: Sequence[int]) -> str:
    """The last weeks as little bars, the highest one full; a dot where there was no card."""
    last = weeks[-_WEEKS:]
    highest = max(last, default=0)
    return "".join(_BARS[-(-n * len(_BARS) // highest) - 1] if n else "·" for n in last)


def _reasons(made: Figures, words: Words) -> Iterator[RenderableType]:
    overridden = [topic for topic in made.topics if topic.overridden]
    if not overridden:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column(words("overridden"), justify="right")
    table.add_column(words("topic"), ratio=2, overflow="fold")
    table.add_column(words("reasons"), ratio=3, overflow="fold")
    for topic in sorted(overridden, key=lambda each: -each.overridden):
        table.add_row(str(topic.overridden), words.topic(topic.topic), lines.reasons_text(topic, words))
    yield table


def _comments(made: Figures, words: Words) -> Iterator[RenderableType]:
    yield Text(words("heading_comments"), "bold")
    for comment in made.comments[:_COMMENTS]:
        yield f"{minute(comment.at)}  {words.topic(comment.topic)}"
        yield f"  {plain(comment.text)}"
    if not made.comments:
        yield words("no_comments")
    if (more := made.comments_total - _COMMENTS) > 0:
        yield words("more_comments", n=more)
