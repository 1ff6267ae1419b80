"""A dry run: a request answered and explained as the hook would answer it. Nothing is recorded, nothing is kept."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from cds_service.answer import Answer, answer
from cds_service.base.kinds import LanguageTag
from cds_service.call.hook import read_hook
from cds_service.call.problems import UnknownService
from cds_service.caller import Defaults, settle
from cds_service.deliver.profiles import Offered, transform
from cds_service.edition import Edition
from cds_service.render.explain.model import Explanation
from cds_service.render.explain.whole import Asked, explanation
from cds_service.site.model import Client
from cds_service.trust.gate import ANYBODY

Json = dict[str, Any]
Look = Literal["generic", "epic", "sandbox"]
LOOKS: tuple[Look, ...] = get_args(Look)


@dataclass(frozen=True, slots=True)
class Trial:
    """``at``: the moment it is answered for (aware)."""

    service: str
    body: bytes
    at: datetime
    language: LanguageTag
    look: Look = "generic"


@dataclass(frozen=True, slots=True)
class Tried:
    """``cards``: as a client of this look gets them."""

    answer: Answer
    told: Explanation
    cards: tuple[Json, ...]


def answered(edition: Edition, trial: Trial, defaults: Defaults) -> Answer:
    """The answer alone. Raises the problems of ``call.problems``."""
    service = edition.service(trial.service)
    if service is None:
        raise UnknownService(edition.service_ids)
    call = read_hook(trial.body, service.id, service.hooks)
    caller = settle(edition.site, ANYBODY, call, trial.at.date(), trial.language, defaults)
    return answer(edition, caller, call, trial.at)


def tried(edition: Edition, trial: Trial, defaults: Defaults) -> Tried:
    """The answer, why, and its cards. Raises the problems of ``call.problems``."""
    found = answered(edition, trial, defaults)
    topics = edition.topics_of(trial.service)
    asked = Asked(trial.service, trial.at, found.subjects, found.record, found.findings, topics, found.unmet)
    return Tried(found, explanation(asked, edition.teller(trial.language)), fitted(edition, found, trial))


def fitted(edition: Edition, found: Answer, trial: Trial) -> tuple[Json, ...]:
    """The cards of an answer as this look of client gets them."""
    whole = msgspec.to_builtins(found.response, builtin_types=(msgspec.Raw,))
    client = Client(name=trial.look, profile=trial.look)
    offered = Offered.of(edition.knowledge, edition.site)
    return tuple(transform(whole, client, trial.language, offered)["cards"])


def renewed(document: Json) -> Json:
    """The request as a new call: with another id, so that what is said of its cards is said of them alone."""
    return {**document, "hookInstance": str(uuid.uuid4())}
