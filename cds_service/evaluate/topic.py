"""A topic as it runs: what is reviewed, the rule tied to it, and what the two need to be answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import msgspec

from cds_service.base.kinds import Need
from cds_service.evaluate.triggers import Kind, Rule
from cds_service.facts.subjects import Subject
from cds_service.knowledge.model import Parameters, Recommendation
from cds_service.record.completeness import Completeness, Wanted

ABSENT = Completeness("not-obtained", "absent")


@dataclass(frozen=True, eq=False)
class Topic:
    """``needs``: prefetch keys that rule and texts read, with the days back to which each must be known (None: whole).

    They are derived from the chapters of facts that rule and texts read; ``required`` are those of them without which
    the topic must not be answered, a clinical choice of the YAML. ``chapters``: the names of those that are read.
    """

    recommendation: Recommendation
    rule: Rule
    needs: Mapping[Need, int | None]
    chapters: tuple[str, ...] = ()

    @cached_property
    def code(self) -> str:
        return self.recommendation.topic

    @cached_property
    def parameters(self) -> Parameters:
        """The numbers its rule sees."""
        return Parameters(self.recommendation)

    @cached_property
    def required(self) -> tuple[Need, ...]:
        return tuple(self.recommendation.needs.required)

    @cached_property
    def optional(self) -> tuple[Need, ...]:
        """What the topic also looks at; not obtained, its card says so."""
        return tuple(key for key in self.needs if key not in self.recommendation.needs.required)


class Question(msgspec.Struct, frozen=True):
    """A topic, asked about one subject."""

    topic: Topic
    subject: Subject


def questions(topics: Iterable[Topic], subjects: Iterable[Subject]) -> tuple[Question, ...]:
    """Which topics are about which of the selected subjects, in the order of the topics."""
    topics = tuple(topics)
    asked = [(s, _about(topics, Kind.of_subject(s))) for s in subjects if s.selected]
    return tuple([Question(topic, subject) for topic in topics for subject, its in asked if topic in its])


def wanted(asked: Iterable[Question], today: date) -> Wanted:
    """The prefetch keys these questions can use, each with the day back to which it must be known."""
    return _wanted(_topics(asked), today)


def required(asked: Iterable[Question]) -> tuple[Need, ...]:
    """The prefetch keys without which these questions must not be answered."""
    return _required(_topics(asked))


def _topics(asked: Iterable[Question]) -> tuple[Topic, ...]:
    return tuple(dict.fromkeys([q.topic for q in asked]))


# Drafts of one kind ask the same topics in every call. What a draft is of comes from the code lists, so there are few.
@lru_cache(maxsize=256)
def _about(topics: tuple[Topic, ...], kind: Kind) -> frozenset[Topic]:
    """The topics that are about subjects of a kind."""
    return frozenset(topic for topic in topics if topic.rule.concerns(kind))


@lru_cache(maxsize=64)
def _wanted(topics: tuple[Topic, ...], today: date) -> Wanted:
    """By prefetch key the day back to which it must be known; None: whole. The same for all calls of a day."""
    days: dict[Need, int | None] = {}
    for topic in topics:
        for key, back in topic.needs.items():
            known = days.get(key, back)
            days[key] = None if back is None or known is None else max(known, back)
    return {key: None if back is None else (today - timedelta(days=back)).isoformat() for key, back in days.items()}


@lru_cache(maxsize=64)
def _required(topics: tuple[Topic, ...]) -> tuple[Need, ...]:
    return tuple(dict.fromkeys(key for topic in topics for key in topic.required))
