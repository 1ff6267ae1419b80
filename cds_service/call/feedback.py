"""The CDS Hooks feedback request: the only code that reads its shape (2.0.1; the constraints of 3.0's logical model).

Epic sends ``overrideReasons`` (one or several) beside the standard's ``overrideReason``, and may name the topic of the
card; both are read. Nothing of a patient's is kept: of reasons only codes of ours, comments only where the site wants
them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from cds_service.call.decode import decode, json_of
from cds_service.call.problems import BadRequest

UNRECOGNISED = "unrecognised"
MOST_EVENTS = 1000
MOST_SUGGESTIONS = 100
MOST_REASONS = 20
LONGEST_COMMENT = 4000
LONGEST_CODE = 1_000


class _Coding(msgspec.Struct, frozen=True):
    code: str | None = None
    system: str | None = None


class _Reason(msgspec.Struct, frozen=True, rename="camel"):
    """An OverrideReason, or, where Epic sends a bare Coding, its members."""

    reason: _Coding | None = None
    user_comment: str | None = None
    code: str | None = None
    system: str | None = None


class _Suggestion(msgspec.Struct, frozen=True):
    id: str


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    card: str
    outcome: str
    outcome_timestamp: str
    accepted_suggestions: list[_Suggestion] | None = None
    override_reason: _Reason | None = None
    override_reasons: list[_Reason] | _Reason | None = None
    topic: str | _Coding | None = None


class _Body(msgspec.Struct, frozen=True):
    feedback: list[_Event]


@dataclass(frozen=True, slots=True)
class Feedback:
    """What became of one card. ``reasons`` and ``topic`` are codes of ours; ``outcome_at`` is UTC, by their clock.

    ``reasons_as_sent``: only to tell whether an event is the same again; never kept.
    """

    card: uuid.UUID
    outcome: Literal["accepted", "overridden"]
    outcome_at: datetime
    suggestions: tuple[uuid.UUID, ...] = ()
    reasons: tuple[str, ...] = ()
    topic: str | None = None
    comment: str | None = None
    reasons_as_sent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The codes that feedback may use: ours, Epic's spelling of topics, and what a site maps to ours."""

    system: str
    reasons: frozenset[str]
    topics: Mapping[str, str]  # as sent -> ours
    local: Mapping[tuple[str | None, str], str]
    comments: bool

    def reason(self, system: str | None, code: str) -> str:
        """Our code for a reason as sent; any other is counted without its text."""
        for key in ((system, code), (None, code)):
            if found := self.local.get(key):
                return found
        return code if code in self.reasons and system in (self.system, None) else UNRECOGNISED

    def topic(self, sent: str | None) -> str | None:
        return self.topics.get(sent or "")


_OUTCOMES: Mapping[str, Literal["accepted", "overridden"]] = {"accepted": "accepted", "overridden": "overridden"}
_MOMENT = Annotated[datetime, msgspec.Meta(tz=True)]
_decoder = msgspec.json.Decoder(_Body)


def read_feedback(body: bytes, vocabulary: Vocabulary) -> tuple[Feedback, ...]:
    """The events of a request body. Raises ``BadRequest`` for the whole batch when one of them is wrong."""
    events = decode(json_of(body), _decoder, "").feedback
    if not 0 < len(events) <= MOST_EVENTS:
        what = f"There are {len(events)} events of feedback"
        raise BadRequest(what, "feedback", f"Send 1 to {MOST_EVENTS} in a request.")
    return tuple(_read(event, f"feedback[{number}]", vocabulary) for number, event in enumerate(events))


def _read(event: _Event, where: str, vocabulary: Vocabulary) -> Feedback:
    outcome = _OUTCOMES.get(event.outcome)
    if outcome is None:
        raise BadRequest("The outcome is unknown", f"{where}.outcome", f"Send {' or '.join(_OUTCOMES)}.")
    if outcome == "accepted" and not event.accepted_suggestions:
        raise BadRequest(
            "An accepted card names no suggestion",
            f"{where}.acceptedSuggestions",
            "Send the uuid of each accepted suggestion as id.",
        )
    suggestions = event.accepted_suggestions or []
    if len(suggestions) > MOST_SUGGESTIONS:
        what, remedy = "A card has not so many suggestions", f"Send at most {MOST_SUGGESTIONS}."
        raise BadRequest(what, f"{where}.acceptedSuggestions", remedy)
    reasons = tuple(_reasons(event, where))
    if len(reasons) > MOST_REASONS:
        raise BadRequest("A card is not overridden for so many reasons", where, f"Send at most {MOST_REASONS}.")
    codes = tuple(dict.fromkeys(_codes(reasons)))
    sent = event.topic.code if isinstance(event.topic, _Coding) else event.topic
    return Feedback(
        card=_uuid(event.card, f"{where}.card"),
        outcome=outcome,
        outcome_at=_utc(event.outcome_timestamp, f"{where}.outcomeTimestamp"),
        suggestions=tuple(
            dict.fromkeys(_uuid(s.id, f"{where}.acceptedSuggestions[{n}].id") for n, s in enumerate(suggestions))
        ),
        reasons=tuple(dict.fromkeys(vocabulary.reason(system, code) for system, code in codes)),
        reasons_as_sent=tuple(f"{system or ''}|{code}" for system, code in codes),
        topic=vocabulary.topic(sent),
        comment=_comment(reasons) if vocabulary.comments else None,
    )


def _reasons(event: _Event, where: str) -> Iterator[_Reason]:
    """Every reason, each checked to say something."""
    if event.override_reason is not None:
        yield _said(f"{where}.overrideReason", event.override_reason)
    more = event.override_reasons
    if isinstance(more, _Reason):
        yield _said(f"{where}.overrideReasons", more)
    for number, each in enumerate(more if isinstance(more, list) else ()):
        yield _said(f"{where}.overrideReasons[{number}]", each)


def _said(path: str, reason: _Reason) -> _Reason:
    if len(reason.user_comment or "") > LONGEST_COMMENT:
        remedy = f"Send at most {LONGEST_COMMENT} characters."
        raise BadRequest("The comment is too long", f"{path}.userComment", remedy)
    coding = reason.reason or _Coding(reason.code, reason.system)
    if max(len(coding.code or ""), len(coding.system or "")) > LONGEST_CODE:
        raise BadRequest("The reason's code is too long", path, f"Send at most {LONGEST_CODE} characters.")
    coded = reason.code if reason.reason is None else reason.reason.code
    if not coded and not reason.user_comment:
        raise BadRequest("The override reason is empty", path, "Send a coded reason, a userComment, or leave it out.")
    return reason


def _codes(reasons: Iterable[_Reason]) -> Iterator[tuple[str | None, str]]:
    for each in reasons:
        coding = each.reason or _Coding(each.code, each.system)
        if coding.code:
            yield coding.system, coding.code


def _comment(reasons: Iterable[_Reason]) -> str | None:
    # PostgreSQL keeps no NUL in a text.
    said = [each.user_comment.replace("\0", "") for each in reasons if each.user_comment]
    return "\n".join(dict.fromkeys(said)) or None


def _uuid(text: str, where: str) -> uuid.UUID:
    try:
        # Stricter than UUID(): that takes 0x, braces and underscores.
        return msgspec.convert(text, uuid.UUID)
    except msgspec.ValidationError:
        raise BadRequest("Not a UUID", where, "Send the uuid that came with the card.") from None


def _utc(text: str, where: str) -> datetime:
    try:
        moment: datetime = msgspec.convert(text, _MOMENT)
        return moment.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise BadRequest("Not a moment with its time zone", where, "Send it like 2026-03-01T08:30:00Z.") from None
