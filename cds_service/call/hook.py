"""The CDS Hooks request: the only code that reads its shape (2.0.1, and 3.0 where it is settled).

Unknown members are ignored; a member of the wrong shape is a ``BadRequest`` whose ``where`` points at it. FHIR
resources stay undecoded (``msgspec.Raw``): reading them is the work of ``record`` and ``facts``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from cds_service.call.problems import BadRequest
from cds_service.fhir.structs import Bundle, Entry, many

T = TypeVar("T")

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


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    hook: str
    hook_instance: str
    context: msgspec.Raw
    prefetch: dict[str, msgspec.Raw] | None = None
    fhir_server: str | None = None
    fhir_authorization: Authorization | None = None
    extension: dict[str, msgspec.Raw] | None = None


class _OrderContext(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    patient_id: str
    draft_orders: Bundle
    encounter_id: str | None = None
    # Required on order-select only; checked there.
    selections: list[str] | None = None


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of a service. ``prefetch`` is None when the request has no such member."""

    hook: str
    hook_instance: uuid.UUID
    user_id: str
    patient_id: str
    encounter_id: str | None
    drafts: tuple[Entry, ...]
    selections: tuple[str, ...] | None
    prefetch: Mapping[str, msgspec.Raw] | None
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


_body_decoder = msgspec.json.Decoder(_Body)
_context_decoder = msgspec.json.Decoder(_OrderContext)


def read_hook(body: bytes, hooks: tuple[str, ...]) -> HookCall:
    """The request body as a ``HookCall``.

    ``hooks`` are those the called service has. Raises ``BadRequest`` for a body of another shape.
    """
    parsed = decode(body, _body_decoder, "")
    if parsed.hook not in hooks:
        raise BadRequest(
            "The service is not offered on this hook",
            "hook",
            f"Use one of: {', '.join(hooks)} (see GET /cds-services).",
        )
    instance = _uuid(parsed.hook_instance)
    context = decode(parsed.context, _context_decoder, "context")
    _require_id(context.patient_id, "context.patientId")
    if parsed.hook == "order-select" and context.selections is None:
        raise BadRequest(
            "Object missing required field `selections`", "context.selections", "Name the orders just selected."
        )
    return HookCall(
        hook=parsed.hook,
        hook_instance=instance,
        user_id=context.user_id,
        patient_id=context.patient_id.removeprefix("Patient/"),
        encounter_id=context.encounter_id,
        drafts=tuple(many(context.draft_orders.entry)),
        selections=tuple(context.selections or ()) if parsed.hook == "order-select" else None,
        prefetch=parsed.prefetch,
        extension=parsed.extension or {},
        fhir_server=parsed.fhir_server,
        authorization=parsed.fhir_authorization,
    )


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadRequest("hookInstance is not a UUID", "hookInstance", "Send a new UUID for every hook call.") from None


def _require_id(text: str, where: str) -> None:
    if not text.strip() or len(text) > 256:
        raise BadRequest("The id is empty or too long", where, "Send the logical id of the Patient resource.")
