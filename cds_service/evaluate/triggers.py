"""Ties each rule to its topic and to what it is about: topic code = YAML = module = texts = cases.

A rule is a pure function ``(subject, facts, parameters) -> Outcome``, called once for every subject that one of its
triggers fits. Its name in the module is the ``Rule``; whoever runs rules is given them, there is no registry.

A trigger sees of a subject no more than its ``Kind``: few kinds are ordered over and over, so which rules are about one
is worked out once (``topic.questions``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from cds_service.base.kinds import DrugGroup
from cds_service.evaluate.outcome import Outcome
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, DrugOrder, RequestedProcedure, Subject
from cds_service.knowledge.model import Parameters

BONE_MODIFYING: tuple[DrugGroup, ...] = ("bisphosphonate", "rankl-inhibitor")


class Kind(NamedTuple):
    """What a subject is of: drug groups or procedures (concept ids), and whether it ends them."""

    type: type[Subject]
    stops: bool = False
    of: Collection[str] = ()

    @classmethod
    def of_subject(cls, subject: Subject) -> Kind:
        if isinstance(subject, DrugOrder):
            return cls(DrugOrder, subject.stops, subject.groups)
        return cls(Chart) if isinstance(subject, Chart) else cls(RequestedProcedure, subject.stops, subject.concepts)


@dataclass(frozen=True, slots=True)
class OnDrug:
    """A draft that orders (or, with ``stops``, ends) a drug of these groups."""

    groups: frozenset[DrugGroup]
    stops: bool

    def fits(self, kind: Kind) -> bool:
        return kind.type is DrugOrder and kind.stops is self.stops and not self.groups.isdisjoint(kind.of)


@dataclass(frozen=True, slots=True)
class OnProcedure:
    """A draft that requests one of these procedures (concept ids)."""

    concepts: frozenset[str]

    def fits(self, kind: Kind) -> bool:
        return kind.type is RequestedProcedure and not kind.stops and not self.concepts.isdisjoint(kind.of)


@dataclass(frozen=True, slots=True)
class OnChart:
    """The chart was opened."""

    def fits(self, kind: Kind) -> bool:
        return kind.type is Chart


Trigger = OnDrug | OnProcedure | OnChart


def ordered(*groups: DrugGroup) -> Trigger:
    """A drug of these groups is ordered."""
    return OnDrug(frozenset(groups), stops=False)


def stopped(*groups: DrugGroup) -> Trigger:
    """A drug of these groups is ended."""
    return OnDrug(frozenset(groups), stops=True)


def procedure(*concepts: str) -> Trigger:
    """One of these procedures (concept ids of the code lists) is requested."""
    return OnProcedure(frozenset(concepts))


def chart_opened() -> Trigger:
    """The patient's chart is opened."""
    return OnChart()


# The subject's own type depends on the triggers: a rule on drugs takes a DrugOrder.
RuleFunction = Callable[[Any, Facts, Parameters], Outcome]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and what it is about."""

    topic: str
    function: RuleFunction
    triggers: tuple[Trigger, ...]

    def about(self, subject: Subject) -> bool:
        """Whether this subject is the rule's business."""
        return self.concerns(Kind.of_subject(subject))

    def concerns(self, kind: Kind) -> bool:
        """Whether subjects of this kind are."""
        return any(trigger.fits(kind) for trigger in self.triggers)


def rule(topic: str, *triggers: Trigger) -> Callable[[RuleFunction], Rule]:
    """The function is the rule of this topic, asked for every subject that one of the triggers fits."""

    def tie(function: RuleFunction) -> Rule:
        return Rule(topic, function, triggers)

    return tie
