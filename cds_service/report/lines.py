"""What table and page say in the same words: alarms, rates, reasons."""

from __future__ import annotations

from dataclasses import dataclass

from cds_service.report.figures import Figures, Topic
from cds_service.report.rates import Rate
from cds_service.report.words import Words, percent

# What the explanations say, in the order in which they are read.
MEANINGS = ("card", "rate", "interval", "reasons", "via", "alarm", "kept_back", "unknown")
# Reasons that are not codes of override-reasons.yaml.
NO_REASON = "no-reason"


@dataclass(frozen=True)
class Reason:
    """Why cards of a topic were overridden, and how many."""

    code: str
    text: str
    cards: int


def reasons(topic: Topic, words: Words) -> list[Reason]:
    """The reasons of a topic, most frequent first, and last the cards without one."""
    given = [Reason(code, words.reason(code), cards) for code, cards in topic.reasons.items()]
    return given + ([Reason(NO_REASON, words("no_reason"), topic.no_reason)] if topic.no_reason else [])


def reasons_text(topic: Topic, words: Words) -> str:
    """The same as one sentence."""
    return words("comma").join(words("named", name=r.text, n=r.cards) for r in reasons(topic, words))


def rate_text(rate: Rate | None, words: Words) -> str:
    """23 %"""
    return words("none") if rate is None else percent(rate.value)


def interval_text(rate: Rate | None, words: Words) -> str:
    """18-29 %"""
    return words("none") if rate is None else f"{rate.low * 100:.0f}\N{EN DASH}{percent(rate.high)}"


def alarm_text(topic: Topic, words: Words) -> str:
    """What was counted before a topic was marked."""
    compared = topic.comparison
    return words(
        "alarm",
        recent=compared.recent,
        recent_calls=compared.recent_calls,
        before=compared.before,
        before_calls=compared.before_calls,
    )


def no_alarm_text(made: Figures, words: Words) -> str:
    """Why no topic is marked."""
    return words("no_alarm" if made.comparable else "too_little")


def unheard_text(made: Figures, words: Words) -> list[str]:
    """One line for all topics without a card; none where there is none."""
    names = [words.topic(topic.topic) for topic in made.unheard]
    return [words("unheard", n=len(names), topics=words("comma").join(names))] if names else []


def said_at_order_text(made: Figures, words: Words) -> list[str]:
    """One line for each topic that was not repeated because an order's card had just said it."""
    return [
        words("not_repeated", topic=words.topic(t.topic), n=t.cards.said_at_order)
        for t in made.topics
        if t.cards.said_at_order
    ]


def via_text(made: Figures, words: Words) -> list[str]:
    """One line for each topic that was answered through the card that holds it."""
    told = [topic for topic in made.topics if topic.accepted_via or topic.overridden_via]
    return [_via(topic, words) for topic in told]


def _via(topic: Topic, words: Words) -> str:
    said = words("via", topic=words.topic(topic.topic), accepted=topic.accepted_via, overridden=topic.overridden_via)
    why = [words("named", name=words.reason(code), n=cards) for code, cards in topic.reasons_via.items()]
    return words("comma").join([said, *why])


def outcomes_text(made: Figures, words: Words) -> str:
    """The calls by outcome as one sentence."""
    counted = made.calls.outcomes.items()
    return words("comma").join(words("named", name=words.named("outcome", key), n=n) for key, n in counted)


def by_reaction(made: Figures) -> list[Topic]:
    """The topics that were shown, most overridden first; of equal ones the more certain first."""
    shown = [(topic, topic.rate) for topic in made.topics]
    rated = [(rate.value, rate.low, topic) for topic, rate in shown if rate is not None]
    return [topic for *_, topic in sorted(rated, key=lambda each: each[:2], reverse=True)]
