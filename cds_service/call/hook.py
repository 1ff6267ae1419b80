"""The CDS Hooks request: the only code that reads its shape (2.0.1, and 3.0 where it is settled).

Unknown members are ignored; a member of the wrong shape is a ``BadRequest`` whose ``where`` points at it. FHIR
resources stay undecoded (``msgspec.Raw``): reading them is the work of ``record`` and ``facts``.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

import msgspec

from cds_service.call.access import Authorization, check_server, read_authorization
from cds_service.call.context import HOOK_KINDS, HookKind, read_context
from cds_service.call.decode import json_of
from cds_service.call.envelope import read_envelope
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.fhir.members import Member
from cds_service.fhir.structs import Entry

MOST_PREFETCH = 100


class HookCall(msgspec.Struct, frozen=True):
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


def read_hook(body: bytes, service: str, hooks: Collection[str]) -> HookCall:
    """The request body as a ``HookCall``.

    ``service`` is the called service's id, ``hooks`` are those it has at the address that was called. Raises
    ``BadRequest`` for a body of another shape, ``TooMuch`` for one that holds more than is looked at.
    """
    parsed = read_envelope(json_of(body))
    if parsed.hook not in hooks:
        raise BadRequest(
            "The service is not offered on this hook at this address",
            "hook",
            f"What is taken here: {', '.join(hooks)} (see GET /cds-services).",
        )
    if parsed.prefetch and len(parsed.prefetch) > MOST_PREFETCH:
        raise TooMuch(len(parsed.prefetch), MOST_PREFETCH, "members of prefetch", "prefetch")
    instance, kind = _uuid(parsed.hook_instance), HOOK_KINDS[parsed.hook]
    context = read_context(parsed.context, parsed.hook)
    return HookCall(
        service=service,
        hook=parsed.hook,
        kind=kind,
        hook_instance=instance,
        user_id=context.user_id,
        patient_id=context.patient_id,
        encounter_id=context.encounter_id,
        drafts=context.drafts,
        selections=context.selections,
        prefetch=parsed.prefetch,
        extension=parsed.extension,
        fhir_server=check_server(parsed.fhir_server),
        authorization=read_authorization(parsed.authorization),
    )


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadRequest("hookInstance is not a UUID", "hookInstance", "Send a new UUID for every hook call.") from None
