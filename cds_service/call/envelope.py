"""The members of a request, each given once; what they mean is read by ``hook`` and its neighbours.

msgspec keeps the last of two members of one name without a word. It calls ``dec_hook`` for every value and key of a
type of ours, also for those it then replaces: where it called as often as something was kept, nothing was given twice,
and that is known from the one pass in which the prefetch is decoded too. Every other body is read the exact way, which
takes longer and says what is wrong with it, if anything is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from cds_service.base.decoding import UNREADABLE
from cds_service.call.decode import decode
from cds_service.call.shape import members, refuse_twice
from cds_service.fhir.members import Member


class _Counted(str):
    """A text of the body of which every occurrence was counted."""

    __slots__ = ()


# Never empty, and never null: one of those, given first, would be replaced uncounted.
_Filled = msgspec.Meta(min_length=1)
_Members = Annotated[dict[_Counted, msgspec.Raw], _Filled]


class _Typed(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A request all of whose prefetch can be read, with no member that is unknown: decoded in one pass."""

    hook: _Counted
    hook_instance: _Counted
    context: _Members
    prefetch: Annotated[dict[_Counted, Member], _Filled] | UnsetType = UNSET
    fhir_server: _Counted | UnsetType = UNSET
    fhir_authorization: _Members | UnsetType = UNSET
    extension: _Members | UnsetType = UNSET

    def count(self) -> int:
        """How much that is counted was kept."""
        dicts = (self.context, self.prefetch, self.fhir_authorization, self.extension)
        return 2 + (self.fhir_server is not UNSET) + sum(len(d) for d in dicts if d is not UNSET)


class _Untyped(msgspec.Struct, frozen=True, rename="camel"):
    """Any other: its prefetch is taken member by member."""

    hook: str
    hook_instance: str
    context: msgspec.Raw
    prefetch: dict[str, msgspec.Raw] | None = None
    fhir_server: str | None = None
    fhir_authorization: msgspec.Raw = msgspec.Raw()
    extension: msgspec.Raw = msgspec.Raw()


class Envelope(msgspec.Struct, frozen=True):
    """A request by its members. ``prefetch`` and ``authorization`` are None where it has no such member, or null."""

    hook: str
    hook_instance: str
    context: Mapping[str, msgspec.Raw]
    prefetch: Mapping[str, Member | msgspec.Raw] | None
    fhir_server: str | None
    authorization: Mapping[str, msgspec.Raw] | None
    extension: Mapping[str, msgspec.Raw]


_untyped = msgspec.json.Decoder(_Untyped)


def read_envelope(body: bytes) -> Envelope:
    """The members of a request. Raises ``BadRequest`` for another shape, and for a member given twice."""
    return at_once(body) or exactly(body)


def at_once(body: bytes) -> Envelope | None:
    """The request read in one pass; None where something in it asks for the exact way."""
    seen = 0

    def count(_: type, value: Any) -> _Counted:
        nonlocal seen
        seen += 1
        if not isinstance(value, str):
            raise TypeError
        return _Counted(value)

    try:
        typed = msgspec.json.decode(body, type=_Typed, dec_hook=count)
    except UNREADABLE:
        return None
    if seen != typed.count():
        return None
    return Envelope(
        hook=str(typed.hook),
        hook_instance=str(typed.hook_instance),
        context=_plain(typed.context),
        prefetch=None if typed.prefetch is UNSET else {str(name): each for name, each in typed.prefetch.items()},
        fhir_server=None if typed.fhir_server is UNSET else str(typed.fhir_server),
        authorization=None if typed.fhir_authorization is UNSET else _plain(typed.fhir_authorization),
        extension={} if typed.extension is UNSET else _plain(typed.extension),
    )


def exactly(body: bytes) -> Envelope:
    """The request read member by member. Raises as ``read_envelope``."""
    read = decode(body, _untyped, "")
    named = {"context": read.context, "fhirAuthorization": read.fhir_authorization, "extension": read.extension}
    given = {name: raw for name, raw in named.items() if raw}
    refuse_twice(body, {**given, **({} if read.prefetch is None else {"prefetch": read.prefetch})})
    return Envelope(
        hook=read.hook,
        hook_instance=read.hook_instance,
        context=members(read.context, "context"),
        prefetch=read.prefetch,
        fhir_server=read.fhir_server,
        authorization=_optional(read.fhir_authorization, "fhirAuthorization"),
        extension=_optional(read.extension, "extension") or {},
    )


def _plain(counted: Mapping[_Counted, msgspec.Raw]) -> dict[str, msgspec.Raw]:
    return {str(name): raw for name, raw in counted.items()}


def _optional(raw: msgspec.Raw, where: str) -> Mapping[str, msgspec.Raw] | None:
    return None if not raw or bytes(raw) == b"null" else members(raw, where)
