"""The CDS Hooks request: the only code that reads its shape (2.0.1, and 3.0 where it is settled).

Unknown members are ignored; a member of the wrong shape is a ``BadRequest`` whose ``where`` points at it. FHIR
resources stay undecoded (``msgspec.Raw``): reading them is the work of ``record`` and ``facts``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar

import msgspec

from cds_service.call.problems import BadRequest
from cds_service.fhir.members import Member
from cds_service.fhir.structs import Bundle, Entry, many

T = TypeVar("T")
HookKind = Literal["order", "chart"]
# What a hook asks about: the draft orders it brings, or the chart that was opened.
HOOK_KINDS: Mapping[str, HookKind] = {
    "order-select": "order",
    "order-sign": "order",
    "patient-view": "chart",
    "encounter-start": "chart",
}

# msgspec says which types met; these words of its message carry no value, everything else of it is withheld.
_MISMATCH = re.compile(r"^Expected `[\w| ,\[\]\.]+`, got `\w+`|^Object missing required field `\w+`")
_ABSENT = re.compile(r"^Object missing required field `(\w+)`")
_PATH = re.compile(r" - at `(?:key in )?\$([^`]*)`$")


class Authorization(msgspec.Struct, frozen=True):
    """``fhirAuthorization``; the token is held only to be used, never shown (see ``__repr__``)."""

    access_token: str
    token_type: str | None = None
    expires_in: float | None = None
    scope: str | None = None
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "Authorization(...)"


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    hook: str
    hook_instance: str
    context: msgspec.Raw
    fhir_server: str | None = None
    fhir_authorization: Authorization | None = None
    extension: dict[str, msgspec.Raw] | None = None


class _Typed(_Envelope, frozen=True, rename="camel"):
    """A request all of whose prefetch can be read: decoded in one pass."""

    prefetch: dict[str, Member] | None = None


class _Untyped(_Envelope, frozen=True, rename="camel"):
    """Any other: its prefetch is taken member by member."""

    prefetch: dict[str, msgspec.Raw] | None = None


class _ChartContext(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    patient_id: str
    encounter_id: str | None = None


class _OrderContext(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    patient_id: str
    draft_orders: Bundle
    encounter_id: str | None = None
    # Required on order-select only; checked there.
    selections: list[str] | None = None


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of a service. ``prefetch`` is None when the request has no such member; a chart hook has no drafts."""

    service: str
    hook: str
    kind: HookKind
    hook_instance: uuid.UUID
    user_id: str
    patient_id: str
    encounter_id: str | None
    drafts: tuple[Entry, ...]
    selections: tuple[str, ...] | None
    prefetch: Mapping[str, Member | msgspec.Raw] | None
    extension: Mapping[str, msgspec.Raw]
    fhir_server: str | None = None
    authorization: Authorization | None = None


def decode(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], where: str) -> T:
    """``raw`` as the decoder's type. Raises ``BadRequest`` pointing below ``where``, without any value of ``raw``."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        message = str(error)
        path, mismatch, absent = _PATH.search(message), _MISMATCH.match(message), _ABSENT.match(message)
        place = (path.group(1) if path else "") + (f".{absent.group(1)}" if absent else "")
        raise BadRequest(
            what=mismatch.group(0) if mismatch else "The value is not of the expected form",
            where=(where + place).strip(".") or "$",
            remedy="Send the member in the shape the CDS Hooks specification gives for it.",
        ) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise BadRequest(
            "The body is not well-formed JSON in UTF-8", where or "$", "Send one JSON object, encoded in UTF-8."
        ) from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply", where or "$", "Send FHIR resources as they are.") from None


_typed = msgspec.json.Decoder(_Typed)
_untyped = msgspec.json.Decoder(_Untyped)
_order_context = msgspec.json.Decoder(_OrderContext)
_chart_context = msgspec.json.Decoder(_ChartContext)


def _body(body: bytes) -> _Typed | _Untyped:
    try:
        return _typed.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        # Something of it cannot be read: which, and whether it matters, is told by the slower way.
        return decode(body, _untyped, "")


def read_hook(body: bytes, service: str, hooks: Collection[str]) -> HookCall:
    """The request body as a ``HookCall``.

    ``service`` is the called service's id, ``hooks`` are those it has. Raises ``BadRequest`` for a body of another
    shape.
    """
    parsed = _body(body)
    if parsed.hook not in hooks:
        raise BadRequest(
            "The service is not offered on this hook",
            "hook",
            f"Use one of: {', '.join(hooks)} (see GET /cds-services).",
        )
    instance, kind = _uuid(parsed.hook_instance), HOOK_KINDS[parsed.hook]
    context: _OrderContext | _ChartContext
    drafts: tuple[Entry, ...] = ()
    selections = None
    if kind == "order":
        context = decode(parsed.context, _order_context, "context")
        drafts, selections = tuple(many(context.draft_orders.entry)), _selections(parsed.hook, context)
    else:
        context = decode(parsed.context, _chart_context, "context")
    _require_id(context.patient_id, "context.patientId")
    return HookCall(
        service=service,
        hook=parsed.hook,
        kind=kind,
        hook_instance=instance,
        user_id=context.user_id,
        patient_id=context.patient_id.removeprefix("Patient/"),
        encounter_id=context.encounter_id,
        drafts=drafts,
        selections=selections,
        prefetch=parsed.prefetch,
        extension=parsed.extension or {},
        fhir_server=parsed.fhir_server,
        authorization=parsed.fhir_authorization,
    )


def _selections(hook: str, context: _OrderContext) -> tuple[str, ...] | None:
    """What was just picked, on order-select; on the other hooks every draft counts."""
    if hook != "order-select":
        return None
    if context.selections is None:
        raise BadRequest(
            "Object missing required field `selections`", "context.selections", "Name the orders just selected."
        )
    return tuple(context.selections)


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadRequest("hookInstance is not a UUID", "hookInstance", "Send a new UUID for every hook call.") from None


def _require_id(text: str, where: str) -> None:
    if not text.strip() or len(text) > 256:
        raise BadRequest("The id is empty or too long", where, "Send the logical id of the Patient resource.")
