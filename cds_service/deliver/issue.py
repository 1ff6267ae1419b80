"""Which cards leave, which are kept back, and why: what is remembered of a response.

Silent mode keeps back topics the site has silenced. Suppression keeps back a card that the same user has overridden
for the same patient, the same order and the same facts; never a critical one, never the card of what was not checked.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import msgspec

from cds_service.base.hashing import joined
from cds_service.base.kinds import NOT_EVALUATED
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.deliver.profiles import shown_indicator
from cds_service.evaluate.findings import Findings
from cds_service.facts.subjects import DrugOrder, RequestedProcedure, Subject
from cds_service.render.cards import card_uuid
from cds_service.render.model import Response
from cds_service.trust.gate import Identity

Fate = Literal["shown", "folded", "silent", "suppressed"]


@dataclass(frozen=True, slots=True)
class Issued:
    """A card as it is remembered: no word of it. ``sameness``: keyed hash, only where suppression is on.

    ``folded``: what another card that was shown holds too.
    """

    uuid: uuid.UUID
    topic: str
    indicator: str
    fate: Fate
    sameness: bytes | None = None


class Overridden(Protocol):
    """The memory of cards that users have overridden."""

    key: bytes

    def among(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        """Those that were overridden within the window; none when that cannot be said."""


def issue(
    response: Response,
    findings: Findings | None,
    call: HookCall,
    caller: Caller,
    overridden: Overridden | None,
) -> tuple[Response, tuple[Issued, ...]]:
    """The response without its suppressed cards, and what is to be remembered of all cards.

    The urgency that is shown may differ from ours by the caller's profile.
    """
    samenesses = dict(_samenesses(response, findings, call, caller.who, overridden.key)) if overridden else {}
    gone = overridden.among(samenesses.values()) if overridden and samenesses else frozenset()
    kept = [card for card in response.cards if samenesses.get(card.uuid) not in gone]
    shown = {card.uuid for card in kept}
    issued = []
    for card in response.cards:
        topic = card.source.topic.code
        indicator = shown_indicator(caller.client, topic, card.indicator)
        fate: Fate = "shown" if card.uuid in shown else "suppressed"
        issued.append(Issued(uuid.UUID(card.uuid), topic, indicator, fate, samenesses.get(card.uuid)))
        for held in (each for listed in card.extension.values() for each in listed):
            urgency = shown_indicator(caller.client, held.topic, held.indicator)
            issued.append(Issued(uuid.UUID(held.uuid), held.topic, urgency, "folded" if fate == "shown" else fate))
    for finding, advice in findings.kept_back if findings else ():
        name = card_uuid(call.hook_instance, finding.code, finding.subject.key)
        indicator = shown_indicator(caller.client, finding.code, advice.indicator)
        issued.append(Issued(name, finding.code, indicator, "silent"))
    return (response if len(kept) == len(response.cards) else Response(cards=kept)), tuple(issued)


def _samenesses(
    response: Response, findings: Findings | None, call: HookCall, who: Identity, key: bytes
) -> Iterator[tuple[str, bytes]]:
    """By card, the keyed hash of everything that must be the same. The facts are those the card states, in its words,
    and those its rule gave it: a new result, a new date or a new dose is another card."""
    about = {
        str(card_uuid(call.hook_instance, f.code, f.subject.key)): (f.subject, advice.data)
        for f, advice in (findings.advice if findings else ())
    }
    if not call.user_id.strip():
        return  # nobody in particular: one user's override is not another's
    for card in response.cards:
        if card.indicator == "critical" or card.source.topic.code == NOT_EVALUATED:
            continue
        same = joined(
            *(who.issuer, who.tenant, call.fhir_server or "", call.patient_id, call.user_id),
            *(card.source.topic.code, card.indicator),
            *map(_content, about.get(card.uuid, ())),
            *(card.summary, card.detail or ""),
        )
        yield card.uuid, hmac.new(key, same, hashlib.sha256).digest()


def _content(value: Subject | Mapping[str, object]) -> str:
    return msgspec.json.encode(_same(value), enc_hook=str, order="deterministic").decode()


def _same(value: object) -> object:
    """What is ordered and found, without what differs between two drafts of the same: ids, positions, the day of
    writing."""
    if isinstance(value, Mapping):
        return {name: _same(each) for name, each in value.items()}
    if isinstance(value, tuple):
        return [_same(each) for each in value]
    if isinstance(value, DrugOrder):
        return dataclasses.replace(value, key="", position=0, ref=None, authored=None)
    return dataclasses.replace(value, key="", position=0, ref=None) if isinstance(value, RequestedProcedure) else value
