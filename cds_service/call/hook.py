"""The CDS Hooks request: the only code that reads its shape (2.0.1, and 3.0 where it is settled).

Unknown members are ignored; a member of the wrong shape is a ``BadRequest`` whose ``where`` points at it. FHIR
resources stay undecoded (``msgspec.Raw``): reading them is the work of ``record`` and ``facts``.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from cds_service.call.access import Authorization, check_server, read_authorization
from cds_service.call.context import read_context
from cds_service.call.decode import decode, json_of
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.call.shape import Kept, members, refuse_twice
from cds_service.fhir.structs import Entry

MOST_PREFETCH = 100


class _Body(msgspec.Struct, frozen=True, rename="camel"):
    hook: str
    hook_instance: str
    context: msgspec.Raw
    prefetch: dict[str, msgspec.Raw] | None = None
    fhir_server: str | None = None
    fhir_authorization: msgspec.Raw = msgspec.Raw()
    extension: msgspec.Raw = msgspec.Raw()

    def kept(self) -> Kept:
        """What was kept undecoded of each member, by its name on the wire."""
        named = {"context": self.context, "fhirAuthorization": self.fhir_authorization, "extension": self.extension}
        return {n: v for n, v in named.items() if v} | ({} if self.prefetch is None else {"prefetch": self.prefetch})


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


_body_decoder = msgspec.json.Decoder(_Body)
_extension_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


def read_hook(body: bytes, hooks: tuple[str, ...]) -> HookCall:
    """The request body as a ``HookCall``.

    ``hooks`` are those the called service has. Raises ``BadRequest`` for a body of another shape, ``TooMuch`` for one
    that holds more than is looked at.
    """
    body = json_of(body)
    parsed = decode(body, _body_decoder, "")
    refuse_twice(body, parsed.kept())
    if parsed.hook not in hooks:
        raise BadRequest(
            "The service is not offered on this hook",
            "hook",
            f"Use one of: {', '.join(hooks)} (see GET /cds-services).",
        )
    if parsed.prefetch and len(parsed.prefetch) > MOST_PREFETCH:
        raise TooMuch(len(parsed.prefetch), MOST_PREFETCH, "members of prefetch", "prefetch")
    instance = _uuid(parsed.hook_instance)
    context = read_context(parsed.context, parsed.hook)
    return HookCall(
        hook=parsed.hook,
        hook_instance=instance,
        user_id=context.user_id,
        patient_id=context.patient_id,
        encounter_id=context.encounter_id,
        drafts=context.drafts,
        selections=context.selections,
        prefetch=parsed.prefetch,
        extension=_extension(parsed.extension),
        fhir_server=check_server(parsed.fhir_server),
        authorization=read_authorization(parsed.fhir_authorization),
    )


def _extension(raw: msgspec.Raw) -> Mapping[str, msgspec.Raw]:
    if not raw or decode(raw, _extension_decoder, "extension") is None:
        return {}
    return members(raw, "extension")


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text)
    except ValueError:
        raise BadRequest("hookInstance is not a UUID", "hookInstance", "Send a new UUID for every hook call.") from None
