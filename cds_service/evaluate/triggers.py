"""Ties each rule to its recommendation: topic code = YAML = module = texts = cases.

A rule is a pure function ``(order, facts, parameters) -> Outcome``, called once for every draft order it is about.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from cds_service.evaluate.outcome import Outcome
from cds_service.facts.facts import DrugGroup, DrugOrder, Facts, Order, ServiceOrder
from cds_service.knowledge.model import Parameters

DrugRule = Callable[[DrugOrder, Facts, Parameters], Outcome]
ServiceRule = Callable[[ServiceOrder, Facts, Parameters], Outcome]
R = TypeVar("R", bound=Callable[..., Outcome])

BONE_MODIFYING: tuple[DrugGroup, ...] = ("bisphosphonate", "rankl-inhibitor")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and the draft orders it is about."""

    topic: str
    function: Callable[..., Outcome]
    groups: frozenset[str]
    services: frozenset[str]
    starting: bool
    stopping: bool

    def about(self, order: Order) -> bool:
        """Whether this draft order is the rule's business."""
        if not (self.stopping if order.stops else self.starting):
            return False
        if isinstance(order, DrugOrder):
            return bool(self.groups & order.groups)
        return bool(self.services & set(order.services))


_rules: dict[str, Rule] = {}


def _register(rule: Rule) -> None:
    if rule.topic in _rules:
        raise ValueError(f"two rules for topic {rule.topic}")
    _rules[rule.topic] = rule


def _on_drug(
    topic: str, groups: tuple[DrugGroup, ...], *, starting: bool, stopping: bool
) -> Callable[[DrugRule], DrugRule]:
    def tie(function: DrugRule) -> DrugRule:
        _register(Rule(topic, function, frozenset(groups), frozenset(), starting, stopping))
        return function

    return tie


def drug_ordered(topic: str, *groups: DrugGroup) -> Callable[[DrugRule], DrugRule]:
    """The rule is asked for every draft that orders a drug of these groups."""
    return _on_drug(topic, groups, starting=True, stopping=False)


def drug_stopped(topic: str, *groups: DrugGroup) -> Callable[[DrugRule], DrugRule]:
    """The rule is asked for every draft that ends a drug of these groups."""
    return _on_drug(topic, groups, starting=False, stopping=True)


def drug_ordered_or_stopped(topic: str, *groups: DrugGroup) -> Callable[[DrugRule], DrugRule]:
    """The rule is asked for every draft that orders or ends a drug of these groups."""
    return _on_drug(topic, groups, starting=True, stopping=True)


def service_ordered(topic: str, *services: str) -> Callable[[ServiceRule], ServiceRule]:
    """The rule is asked for every draft that orders one of these services (concept ids)."""

    def tie(function: ServiceRule) -> ServiceRule:
        _register(Rule(topic, function, frozenset(), frozenset(services), starting=True, stopping=False))
        return function

    return tie


def load_rules() -> Mapping[str, Rule]:
    """Every rule by its topic, importing all modules of ``rules/`` (their names are the topics')."""
    package = importlib.import_module("cds_service.rules")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"cds_service.rules.{module.name}")
    return dict(_rules)
