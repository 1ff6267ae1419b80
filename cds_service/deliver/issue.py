"""Which cards leave, which are kept back, and why: what is remembered of a response.

Silent mode keeps back topics the site has silenced; an opened chart does not repeat what an order's card has just said
(``deliver.claims``). Two things keep back a card that is the same as an earlier one, to the same user and for the same
patient: it was overridden a short while ago (suppressed; never a critical card), or it is an info card and all that it
says was shown (seen). A site may want the same of warnings; those are told by their evidence alone, not by their words,
and some are sent every time (``always`` of a recommendation). At encounter-start everything is said once in full in
that encounter, whatever was shown before. The card of what was not checked is never kept back.

What makes two cards the same (``_marks``) is the evidence: what is ordered, topic, scope, sentence, language and
the data that the rule gave, of the card itself, of every topic folded into it and of every line it carries, and what
could not be looked at. What only grows older (``kinds.Elapsed``) is none of it. An info card is about the drug; where
its dose matters the rule gives it. Any other card is about the whole order (without its id and the days it was written
or is due) and is told by its words too, ages and all.

An override is about the whole card. What was said is remembered by topic (``_parts``), in whatever card it stood: a
card that says less than an earlier one says nothing new.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from cds_service.base.kinds import NOT_EVALUATED, URGENCY
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.deliver.claims import claims_of
from cds_service.deliver.evidence import Asked, content
from cds_service.deliver.profiles import shown_indicator
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise
from cds_service.facts.subjects import DrugOrder, Subject
from cds_service.render.cards import card_uuid
from cds_service.render.model import Card, FoldedOut, Response

Fate = Literal["shown", "folded", "silent", "suppressed", "seen", "said-at-order"]
LEAST = URGENCY[0]
ENCOUNTER_START = "encounter-start"


@dataclass(frozen=True, slots=True)
class Issued:
    """A card as it is remembered: no word of it. ``sameness`` and ``part``: keyed hashes of the whole card, and of
    what its topic alone says of what may wait; only where earlier cards are looked up.

    ``folded``: what another card that was shown holds too. ``held_by``: that card. ``claims``: keyed
    hashes of what an order's card says, by which an opened chart knows it again.
    """

    uuid: UUID
    topic: str
    indicator: str
    fate: Fate
    sameness: bytes | None = None
    part: bytes | None = None
    held_by: UUID | None = None
    claims: tuple[bytes, ...] = ()


class Earlier(Protocol):
    """The memory of the cards of earlier calls."""

    key: bytes
    warning_days: int | None

    def overridden(self, samenesses: Iterable[bytes]) -> frozenset[bytes]:
        """Those that were overridden within their window; none when that cannot be said."""

    def seen(self, parts: Mapping[UUID, bytes]) -> frozenset[bytes]:
        """Those that were shown, in another call, by themselves or folded, within their window; none when that cannot
        be said."""

    def claimed(self, cards: Mapping[UUID, bytes], days: int | None = None) -> frozenset[bytes]:
        """Those (a claim of each card) that a card of another call made that was shown within ``days``, or the window
        of ``seen``; none when that cannot be said."""

    def said_at_order(self, claims: Iterable[bytes]) -> frozenset[bytes]:
        """Those that a card of an order said a short while ago; none when that cannot be said."""


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
    marks: Mapping[str, _Mark] = {}
    parts: Mapping[str, bytes] = {}
    fates: Mapping[str, Fate] = {}
    claims: Mapping[str, tuple[bytes, ...]] = {}
    # A user without an id is nobody in particular: what one was shown or has overridden is not another's.
    if earlier and findings and call.user_id.strip():
        hashed = _Hashed(findings, call, caller, earlier.key)
        marks, parts = dict(_marks(response, hashed, call, earlier)), dict(_parts(response, hashed))
        fates = _fates(response, marks, parts, earlier)
        claims = claims_of(findings, call, caller, earlier.key) if call.kind == "order" else {}
    kept = [card for card in response.cards if card.uuid not in fates]
    issued = []
    for card in response.cards:
        topic = card.source.topic.code
        indicator = shown_indicator(caller.client, topic, card.indicator)
        fate = fates.get(card.uuid, "shown")
        mark, name = marks.get(card.uuid, _Mark()), UUID(card.uuid)
        made = (*claims.get(card.uuid, ()), *(each for each in (mark.warning, mark.encounter) if each))
        issued.append(Issued(name, topic, indicator, fate, mark.sameness, parts.get(card.uuid), claims=made))
        for held in _held(card):
            urgency = shown_indicator(caller.client, held.topic, held.indicator)
            within = "folded" if fate == "shown" else fate
            part, said = parts.get(held.uuid), claims.get(held.uuid, ())
            issued.append(Issued(UUID(held.uuid), held.topic, urgency, within, None, part, name, said))
    for finding, advice in findings.kept_back if findings else ():
        name = card_uuid(call.hook_instance, finding.code, finding.subject.key)
        indicator = shown_indicator(caller.client, finding.code, advice.indicator)
        issued.append(Issued(name, finding.code, indicator, "silent" if finding.silent else "said-at-order"))
    return (response if len(kept) == len(response.cards) else Response(cards=kept)), tuple(issued)


def _held(card: Card) -> Iterator[FoldedOut]:
    """The topics folded into a card."""
    return (each for listed in card.extension.values() for each in listed)


@dataclass(frozen=True, slots=True)
class _Mark:
    """By what a card is known again. ``sameness``: to an override; ``warning``: the evidence of a warning;
    ``encounter``: that of a warning or of what may wait, in this encounter."""

    sameness: bytes | None = None
    info: bool = False
    warning: bytes | None = None
    encounter: bytes | None = None


def _fates(
    response: Response, marks: Mapping[str, _Mark], parts: Mapping[str, bytes], earlier: Earlier
) -> dict[str, Fate]:
    """The cards that are kept back, and why."""
    samenesses = [mark.sameness for mark in marks.values() if mark.sameness]
    gone = earlier.overridden(samenesses) if samenesses else frozenset()
    again = {UUID(name): mark.encounter for name, mark in marks.items() if mark.encounter}
    usual = {name: mark for name, mark in marks.items() if not mark.encounter}
    warnings = {UUID(name): mark.warning for name, mark in usual.items() if mark.warning}
    looked = [
        (again, earlier.claimed(again) if again else ()),
        (warnings, earlier.claimed(warnings, earlier.warning_days) if warnings else ()),
    ]
    fates: dict[str, Fate] = {str(name): "seen" for asked, seen in looked for name, it in asked.items() if it in seen}
    info = frozenset(name for name, mark in usual.items() if mark.info)
    fates |= dict.fromkeys(_said(response, info, parts, earlier), "seen")
    return fates | {name: "suppressed" for name, mark in marks.items() if mark.sameness in gone}


def _said(response: Response, info: frozenset[str], parts: Mapping[str, bytes], earlier: Earlier) -> Iterator[str]:
    """The info cards of which everything was said, whatever card it stood in."""
    told = {
        card.uuid: [each for each in (card.uuid, *(held.uuid for held in _held(card))) if each in parts]
        for card in response.cards
        if card.uuid in info
    }
    asked = {UUID(each): parts[each] for some in told.values() for each in some}
    seen = earlier.seen(asked) if asked else frozenset()
    return (name for name, some in told.items() if some and all(parts[each] in seen for each in some))


class _Hashed:
    """What was found, with the keyed hash of who asked about whom."""

    def __init__(self, findings: Findings, call: HookCall, caller: Caller, key: bytes) -> None:
        self.findings = findings
        self.about = {
            str(card_uuid(call.hook_instance, f.code, f.subject.key)): (f, f.outcome)
            for f in findings.all
            if isinstance(f.outcome, Advise)
        }
        self.digest = Asked(call, caller, key).digest


def _marks(response: Response, hashed: _Hashed, call: HookCall, earlier: Earlier) -> Iterator[tuple[str, _Mark]]:
    """By card, the keyed hashes of everything that must be the same."""
    encounter = (call.encounter_id or "").strip() if call.hook == ENCOUNTER_START else ""
    for card in response.cards:
        if card.indicator == URGENCY[-1] or card.source.topic.code == NOT_EVALUATED:
            continue
        info = card.indicator == LEAST
        # The summary of an opened chart rests on what is folded into it alone.
        names = (card.uuid, *(held.uuid for held in _held(card)))
        said = [hashed.about[each] for each in names if each in hashed.about]
        evidence = (
            card.source.topic.code,
            card.indicator,
            _evidence(hashed.findings, said, whole=not info),
        )
        sameness = hashed.digest(*evidence, *(() if info else (card.summary, card.detail or "")))
        insists = any(f.topic.recommendation.always_sent(advice.say) for f, advice in said)
        warning = hashed.digest("warning", *evidence) if earlier.warning_days and not info and not insists else None
        known = encounter and (info or warning)
        again = hashed.digest("encounter", encounter, *evidence) if known else None
        yield card.uuid, _Mark(sameness, info, warning, again)


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
    return content(stated)


def _drug(subject: Subject) -> object:
    """Of an order, which drug it is of, and how sure that is."""
    if not isinstance(subject, DrugOrder):
        return subject
    return (subject.drugs, subject.substance, subject.product, subject.stops, subject.low_confidence)
