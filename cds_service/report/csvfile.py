"""The report as CSV: one row a topic, for a spreadsheet or a script. Column names do not depend on the language.

=============================== ======================================================================================
column                          content
=============================== ======================================================================================
``since``, ``until``            the period, ISO 8601, UTC; its end is not included
``issuer``, ``tenant``          what the report is limited to; empty: all
``topic``, ``name``             code of the topic, and its name in the language asked for. Without code, the last row:
                                feedback and comments that belong to no topic listed
``shown``                       cards shown, each counted once
``folded``                      shown as a line of another card
``accepted``, ``overridden``    of those, cards with such a feedback; a card can be both
``accepted_via_summary``,        folded cards of which only the card that holds them was accepted (overridden): in no
``overridden_via_summary``      other column
``reasons_via_summary``         the reasons of those, ``code:cards``, separated by blanks
``override_rate``               overridden / (shown + folded), 0 to 1; empty where nothing was shown
``rate_low``, ``rate_high``     its 95 % interval (Wilson)
``silent``, ``suppressed``,     cards made and not shown
``seen``, ``said_at_order``
``info``, ``warning``,          cards shown with this indicator
``critical``
``change``                      steady, stopped, exploded or too-little: the last 7 days and the time before them
``fired_last_7_days``,          cards made (shown or not) and calls answered, which ``change`` compares
``calls_last_7_days``,
``fired_before``,
``calls_before``
``feedback_not_on_record``      feedback events for cards that are not on record
``calls_not_recorded``          calls of the whole period that were answered but not recorded, in every row the same
``no_reason``                   overridden cards without any reason
``reason:<code>``               overridden cards with this reason; one column for every code, and ``unrecognised``
``wrong_advice_comments``       comments with the reason that means "this advice is wrong", a line each, newest first
=============================== ======================================================================================
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

from cds_service.report.figures import UNRECOGNISED, Figures, Topic
from cds_service.report.words import Words, minute, plain

# Excel on a Chinese (or any) Windows takes a file without this mark for the local code page and shows gibberish;
# Python (utf-8-sig), R and LibreOffice know the mark.
ENCODING = "utf-8-sig"
# Excel cuts off what is longer, without a word.
_CELL = 32_767
# A cell that begins so is a formula to a spreadsheet; also in the full width of a Chinese or Japanese keyboard.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Row = Mapping[str, object]


def render(made: Figures, words: Words) -> str:
    """The report as CSV text, to be written in ``ENCODING``."""
    out = io.StringIO()
    codes = [*words.reasons, UNRECOGNISED]
    # A code that the content of another version knew.
    codes += sorted({code for topic in made.topics for code in topic.reasons} - set(codes))
    rows = list(_rows(made, words, codes))
    writer = csv.DictWriter(out, list(rows[0]), restval="") if rows else None
    if writer:
        writer.writeheader()
        writer.writerows({key: safe(value) for key, value in row.items()} for row in rows)
    return out.getvalue()


def safe(value: object) -> object:
    """A cell that no spreadsheet runs: text that looks like a formula begins with a quote."""
    if not isinstance(value, str):
        return value
    formula = unicodedata.normalize("NFKC", value[:1]).startswith(_FORMULA)
    return f"'{value}"[:_CELL] if formula else value[:_CELL]


def _rows(made: Figures, words: Words, codes: Iterable[str]) -> Iterable[Row]:
    listed = {topic.topic for topic in made.topics}
    comments: defaultdict[str, list[str]] = defaultdict(list)
    for comment in made.comments:
        where = comment.topic if comment.topic in listed else None
        comments[where or ""].append(f"{safe(plain(comment.text))} ({minute(comment.at)})")
    for topic in made.topics:
        yield _row(made, topic, words, codes) | {"wrong_advice_comments": "\n".join(comments[topic.topic])}
    nowhere = made.unknown - sum(topic.unknown for topic in made.topics)
    if nowhere or comments[""]:
        rest = {"name": words("unknown_topic"), "feedback_not_on_record": nowhere}
        yield _of_all(made) | rest | {"wrong_advice_comments": "\n".join(comments[""])}


def _of_all(made: Figures) -> dict[str, object]:
    period = made.period
    return {
        "since": period.since.isoformat(timespec="seconds"),
        "until": period.until.isoformat(timespec="seconds"),
        "issuer": plain(period.issuer or ""),
        "tenant": plain(period.tenant or ""),
        "calls_not_recorded": made.calls.lost,
    }


def _row(made: Figures, topic: Topic, words: Words, codes: Iterable[str]) -> dict[str, object]:
    cards, rate, compared = topic.cards, topic.rate, topic.comparison
    shown = {key: outcomes.shown for key, outcomes in topic.indicators.items()}
    common = _of_all(made)
    lost = common.pop("calls_not_recorded")
    return {
        **common,
        "topic": topic.topic,
        "name": words.topic(topic.topic),
        "shown": cards.shown,
        "folded": cards.folded,
        "accepted": topic.accepted,
        "overridden": topic.overridden,
        "accepted_via_summary": topic.accepted_via,
        "overridden_via_summary": topic.overridden_via,
        "reasons_via_summary": " ".join(f"{code}:{n}" for code, n in topic.reasons_via.items()),
        "override_rate": round(rate.value, 4) if rate else "",
        "rate_low": round(rate.low, 4) if rate else "",
        "rate_high": round(rate.high, 4) if rate else "",
        "silent": cards.silent,
        "suppressed": cards.suppressed,
        "seen": cards.seen,
        "said_at_order": cards.said_at_order,
        **{key: shown.get(key, 0) for key in ("info", "warning", "critical")},
        "change": compared.verdict,
        "fired_last_7_days": compared.recent,
        "calls_last_7_days": compared.recent_calls,
        "fired_before": compared.before,
        "calls_before": compared.before_calls,
        "feedback_not_on_record": topic.unknown,
        "calls_not_recorded": lost,
        "no_reason": topic.no_reason,
        **{f"reason:{code}": topic.reasons.get(code, 0) for code in codes},
    }
