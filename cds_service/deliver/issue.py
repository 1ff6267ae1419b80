"""Which cards leave, which are kept back, and why: what is remembered of a response.

Silent mode keeps back topics the site has silenced. Two things keep back a card that is the same as an earlier one, to
the same user and for the same patient: it was overridden a short while ago (suppressed; never a critical card), or it
is an info card and all that it says was shown (seen). The card of what was not checked is never kept back.

What makes two cards the same (``_samenesses``) is the evidence: what is ordered, topic, scope, sentence, language and
the data that the rule gave, of the card itself, of every topic folded into it and of every line it carries, and what
could not be looked at. What only grows older (``kinds.Elapsed``) is none of it. An info card is about the drug; where
its dose matters the rule gives it. Any other card is about the whole order (without its id and the days it was written
or is due) and is told by its words too, ages and all.

An override is about the whole card. What was said is remembered by topic (``_parts``), in whatever card it stood: a
card that says less than an earlier one says nothing new.
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
from cds_service.base.kinds import NOT_EVALUATED, URGENCY, Elapsed
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.deliver.profiles import shown_indicator
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise
from cds_service.facts.subjects import DrugOrder, RequestedProcedure, Subject
from cds_service.render.cards import card_uuid
from cds_service.render.model import Card, FoldedOut, Response

Fate = Literal["shown", "folded", "silent", "suppressed", "seen"]
LEAST = URGENCY[0]


@dataclass(frozen=True, slots=True)
class Issued:
    """A card as it is remembered: no word of it. ``sameness`` and ``part``: keyed hashes of the whole card, and of
    what its topic alone says of what may wait; only where earlier cards are looked up.

    ``folded``: what another card that was shown holds too.
    """

    uuid: uuid.UUID
    topic: str
    indicator: str
    fate: Fate
    sameness: bytes | None = None
    part: bytes | None = None


class Earlier(Protocol):
    """The memory of the cards of earlier calls."""

    key: bytes

    def overridden(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        """Those that were overridden within their window; none when that cannot be said."""

    def seen(self, parts: Mapping[uuid.UUID, bytes]) -> frozenset[bytes]:
        """Those that were shown, in another call, by themselves or folded, within their window; none when that cannot
        be said."""


def issue(
    response: Response,
    findings: Findings | None,
    call: HookCall,
    caller: Caller,
    earlier: Earlier | None,
) -> tuple[Response, tuple[Issued, ...]]:
    """The response without the cards that are kept back, and what is to be remembered of all cards.

    The urgency that is shown may differ from ours by the caller's profile.
    """
    samenesses: Mapping[str, bytes] = {}
    parts: Mapping[str, bytes] = {}
    fates: Mapping[str, Fate] = {}
    # A user without an id is nobody in particular: what one was shown or has overridden is not another's.
    if earlier and findings and call.user_id.strip():
        hashed = _Hashed(findings, call, caller, earlier.key)
        samenesses, parts = dict(_samenesses(response, hashed)), dict(_parts(response, hashed))
        fates = _fates(response, samenesses, parts, earlier)
    kept = [card for card in response.cards if card.uuid not in fates]
    issued = []
    for card in response.cards:
        topic = card.source.topic.code
        indicator = shown_indicator(caller.client, topic, card.indicator)
        fate = fates.get(card.uuid, "shown")
        name = uuid.UUID(card.uuid)
        issued.append(Issued(name, topic, indicator, fate, samenesses.get(card.uuid), parts.get(card.uuid)))
        for held in _held(card):
            urgency = shown_indicator(caller.client, held.topic, held.indicator)
            part, within = parts.get(held.uuid), "folded" if fate == "shown" else fate
            issued.append(Issued(uuid.UUID(held.uuid), held.topic, urgency, within, part=part))
    for finding, advice in findings.kept_back if findings else ():
        name = card_uuid(call.hook_instance, finding.code, finding.subject.key)
        indicator = shown_indicator(caller.client, finding.code, advice.indicator)
        issued.append(Issued(name, finding.code, indicator, "silent"))
    return (response if len(kept) == len(response.cards) else Response(cards=kept)), tuple(issued)


def _held(card: Card) -> Iterator[FoldedOut]:
    """The topics folded into a card."""
    return (each for listed in card.extension.values() for each in listed)


def _fates(
    response: Response, samenesses: Mapping[str, bytes], parts: Mapping[str, bytes], earlier: Earlier
) -> dict[str, Fate]:
    """The cards that are kept back, and why."""
    gone = earlier.overridden(samenesses.values()) if samenesses else frozenset()
    said = {
        card.uuid: [each for each in (card.uuid, *(held.uuid for held in _held(card))) if each in parts]
        for card in response.cards
        if card.indicator == LEAST and card.uuid in samenesses
    }
    asked = {uuid.UUID(each): parts[each] for some in said.values() for each in some}
    seen = earlier.seen(asked) if asked else frozenset()
    fates: dict[str, Fate] = {
        name: "seen" for name, some in said.items() if some and all(parts[each] in seen for each in some)
    }
    return fates | {each: "suppressed" for each, same in samenesses.items() if same in gone}


class _Hashed:
    """What was found, with the keyed hash of who asked about whom."""

    def __init__(self, findings: Findings, call: HookCall, caller: Caller, key: bytes) -> None:
        who = caller.who
        self.findings = findings
        self.about = {
            str(card_uuid(call.hook_instance, f.code, f.subject.key)): (f, f.outcome)
            for f in findings.all
            if isinstance(f.outcome, Advise)
        }
        self._key = key
        self._asked = (who.issuer, who.tenant, call.fhir_server or "", call.patient_id, call.user_id, caller.language)

    def digest(self, *told: str) -> bytes:
        """Of what is told to this user of this patient."""
        return hmac.new(self._key, joined(*self._asked, *told), hashlib.sha256).digest()


def _samenesses(response: Response, hashed: _Hashed) -> Iterator[tuple[str, bytes]]:
    """By card, the keyed hash of everything that must be the same."""
    for card in response.cards:
        if card.indicator == URGENCY[-1] or card.source.topic.code == NOT_EVALUATED:
            continue
        # The summary of an opened chart rests on what is folded into it alone.
        names = (card.uuid, *(held.uuid for held in _held(card)))
        said = [hashed.about[each] for each in names if each in hashed.about]
        yield (
            card.uuid,
            hashed.digest(
                card.source.topic.code,
                card.indicator,
                _evidence(hashed.findings, said, whole=card.indicator != LEAST),
                *(() if card.indicator == LEAST else (card.summary, card.detail or "")),
            ),
        )


def _parts(response: Response, hashed: _Hashed) -> Iterator[tuple[str, bytes]]:
    """By the uuid of its card, or of the card it would have been, the keyed hash of what a topic says that may wait."""
    for card in response.cards:
        own = [(card.uuid, card.indicator)] if card.source.topic.code != NOT_EVALUATED else []
        for name, indicator in (*own, *((held.uuid, held.indicator) for held in _held(card))):
            if indicator == LEAST and name in hashed.about:
                finding, advice = hashed.about[name]
                yield name, hashed.digest(_evidence(hashed.findings, [(finding, advice)], whole=False, alone=True))


def _evidence(findings: Findings, said: Iterable[tuple[Finding, Advise]], *, whole: bool, alone: bool = False) -> str:
    """What a card rests on, with what is folded into it, what it carries, and what it had to do without. ``alone``:
    without what is folded into it."""
    stated: list[object] = []
    for finding, advice in said:
        carried = [(f, a) for f, a in findings.carried(finding) if not alone or f.replaced_by == finding.code]
        lines = [(f.code, a.say, a.data) for f, a in carried]
        gaps = findings.facts.lacking(*finding.topic.optional)
        ordered = finding.subject if whole else _drug(finding.subject)
        stated += [finding.code, finding.scope, advice.say, ordered, advice.data, *lines, *gaps]
    return _content(stated)


def _drug(subject: Subject) -> object:
    """Of an order, which drug it is of, and how sure that is."""
    if not isinstance(subject, DrugOrder):
        return subject
    return (subject.drugs, subject.substance, subject.product, subject.stops, subject.low_confidence)


def _content(value: object) -> str:
    return msgspec.json.encode(_same(value), enc_hook=_plain, order="deterministic").decode()


def _plain(value: object) -> str | None:
    return None if isinstance(value, Elapsed) else str(value)


def _same(value: object) -> object:
    """What is ordered and found, without what differs between two drafts of the same: ids, positions, the days of
    writing and of giving."""
    if isinstance(value, Mapping):
        return {name: _same(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_same(each) for each in value]
    if isinstance(value, DrugOrder):
        return dataclasses.replace(value, key="", position=0, ref=None, authored=None, due=None)
    return dataclasses.replace(value, key="", position=0, ref=None) if isinstance(value, RequestedProcedure) else value
