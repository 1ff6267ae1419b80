"""Questions put to the product without HTTP: a call read, a record read, an answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from cds_service.answer import Answer
from cds_service.base.complaints import Faults, StartFault, StartRefused
from cds_service.base.kinds import LanguageTag
from cds_service.call.hook import HookCall, read_hook
from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Order
from cds_service.fetch.obtain import Obtaining
from cds_service.knowledge.load import Guideline, load_guideline
from cds_service.knowledge.model import Recommendation
from cds_service.record.read import Record
from cds_service.render.explain.model import Explanation
from cds_service.render.explain.whole import Asked, explanation
from cds_service.site.check import Known
from cds_service.site.load import load_site
from cds_service.site.model import Site
from cds_service.tools.asking import answer_body
from tests.build import NOW, Json, encoded

BONE = "bone-modifying-agents"
HOOKS = ("order-select", "order-sign")


def answered(edition: Edition, body: Json, language: LanguageTag = "en", now: datetime = NOW) -> Answer:
    """The answer of the bone-modifying service to a request."""
    return answer_body(edition, BONE, encoded(body), now, language)


def explained(edition: Edition, found: Answer, tag: LanguageTag, now: datetime = NOW) -> Explanation:
    """Why an answer is what it is."""
    service = found.call.service
    asked = Asked(service, now, found.subjects, found.record, found.findings, edition.topics_of(service), found.unmet)
    return explanation(asked, edition.teller(tag))


def call_of(body: Json) -> HookCall:
    return read_hook(encoded(body), BONE, HOOKS)


def record_of(call: HookCall, keys: Iterable[str], now: datetime = NOW) -> Record:
    """The record that the prefetch of a call makes."""
    return Obtaining(call, dict.fromkeys(keys, ""), now, None).record


def orders_of(edition: Edition, call: HookCall) -> tuple[Order, ...]:
    """The draft orders of a call."""
    obtaining = Obtaining(call, {}, NOW, None)
    found: Any = edition.readers.subjects(call, obtaining.drafts, obtaining.record)
    return tuple(found)


def facts_of(edition: Edition, call: HookCall, keys: Iterable[str]) -> Facts:
    return Facts(record_of(call, keys), orders_of(edition, call), NOW, edition.readers)


def guideline_of(folder: Any) -> Guideline:
    """The guideline of a folder. Raises what is wrong with it."""
    faults = Faults()
    found = load_guideline(folder, faults)
    faults.stop()
    assert found is not None
    return found


def site_of(path: Any, known: Known, more: str | None = None) -> Site:
    """A site file. Raises what is wrong with it."""
    faults = Faults()
    found = load_site(path, known, faults, more)
    faults.stop()
    return found


def faults_of(error: StartFault) -> tuple[StartFault, ...]:
    """The single faults of what a start was refused for."""
    return error.faults if isinstance(error, StartRefused) else (error,)


def ruled_by(edition: Edition, topic: str, function: Any) -> Edition:
    """The edition with another function as the rule of a topic."""
    own = edition.topics[topic]
    changed = dataclasses.replace(own, rule=dataclasses.replace(own.rule, function=function))
    return dataclasses.replace(edition, topics={**edition.topics, topic: changed})


def with_recommendation(edition: Edition, changed: Recommendation) -> Edition:
    """The edition with a recommendation read otherwise."""
    guideline = edition.knowledge.guideline
    recommendations = {**guideline.recommendations, changed.topic: changed}
    knowledge = dataclasses.replace(
        edition.knowledge, guideline=dataclasses.replace(guideline, recommendations=recommendations)
    )
    return dataclasses.replace(edition, knowledge=knowledge)


def with_limit(edition: Edition, name: str, unit: str, by: Decimal) -> Edition:
    """The edition with one limit of the measurements moved."""
    measurements = edition.knowledge.measurements
    rows = [msgspec.structs.replace(p, value=p.value + by) if p.unit == unit else p for p in measurements.limits[name]]
    changed = msgspec.structs.replace(measurements, limits={**measurements.limits, name: rows})
    return dataclasses.replace(edition, knowledge=dataclasses.replace(edition.knowledge, measurements=changed))
