"""The CDS Hooks request: the only code that reads its shape (2.0.1, and 3.0 where it is settled).

Unknown members are ignored; a member of the wrong shape is a ``BadRequest`` whose ``where`` points at it. FHIR
resources stay undecoded (``msgspec.Raw``): reading them is the work of ``record`` and ``facts``.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.call.access import Authorization, check_server, read_authorization
from cds_service.call.context import HOOK_KINDS, HookKind, read_context
from cds_service.call.decode import decode, json_of
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.call.shape import Kept, members, refuse_twice
from cds_service.fhir.members import Member
from cds_service.fhir.structs import Entry

MOST_PREFETCH = 100


class _Envelope(msgspec.Struct, frozen=True, rename="camel"):
    hook: str
    hook_instance: str
    context: msgspec.Raw
    fhir_server: str | None = None
    fhir_authorization: msgspec.Raw = msgspec.Raw()
    extension: msgspec.Raw = msgspec.Raw()

    def kept(self) -> Kept:
        """What was kept undecoded of each member, by its name on the wire."""
        named = {"context": self.context, "fhirAuthorization": self.fhir_authorization, "extension": self.extension}
        return {n: v for n, v in named.items() if v}


class _Typed(_Envelope, frozen=True, rename="camel"):
    """A request all of whose prefetch can be read: decoded in one pass."""

    prefetch: dict[str, Member] | None = None


class _Untyped(_Envelope, frozen=True, rename="camel"):
    """Any other: its prefetch is taken member by member."""

    prefetch: dict[str, msgspec.Raw] | None = None


class _Named(msgspec.Struct, frozen=True):
    """The prefetch as bytes by name; everything else of the body is passed over, which costs little."""

    prefetch: dict[str, msgspec.Raw] | None = None


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


_typed = msgspec.json.Decoder(_Typed)
_untyped = msgspec.json.Decoder(_Untyped)
_named = msgspec.json.Decoder(_Named)
_extension_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw] | None)


def _body(body: bytes) -> _Typed | _Untyped:
    try:
        return _typed.decode(body)
    except UNREADABLE:
        # Something of it cannot be read: which, and whether it matters, is told by the slower way.
        return decode(body, _untyped, "")


def _kept(body: bytes, parsed: _Typed | _Untyped) -> Kept:
    prefetch = parsed.prefetch if isinstance(parsed, _Untyped) else decode(body, _named, "").prefetch
    return {**parsed.kept(), **({} if prefetch is None else {"prefetch": prefetch})}


def read_hook(body: bytes, service: str, hooks: Collection[str]) -> HookCall:
    """The request body as a ``HookCall``.

    ``service`` is the called service's id, ``hooks`` are those it has. Raises ``BadRequest`` for a body of another
    shape, ``TooMuch`` for one that holds more than is looked at.
    """
    body = json_of(body)
    parsed = _body(body)
    refuse_twice(body, _kept(body, parsed))
    if parsed.hook not in hooks:
        raise BadRequest(
            "The service is not offered on this hook",
            "hook",
            f"Use one of: {', '.join(hooks)} (see GET /cds-services).",
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
