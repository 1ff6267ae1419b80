"""The context of the order hooks (CDS Hooks: ``order-select`` 1.0.1, ``order-sign`` 1.1.1)."""

from __future__ import annotations

import msgspec

from cds_service.call.decode import decode
from cds_service.call.ids import logical_id, user
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.call.shape import members
from cds_service.fhir.structs import Bundle, Entry

MOST_DRAFTS = 200
MOST_SELECTIONS = 200


class OrderContext(msgspec.Struct, frozen=True):
    """Whose orders: ids alone, ``user_id`` as it came; every draft has a resource."""

    user_id: str
    patient_id: str
    encounter_id: str | None
    drafts: tuple[Entry, ...]
    selections: tuple[str, ...] | None


class _Context(msgspec.Struct, frozen=True, rename="camel"):
    user_id: str
    patient_id: str
    draft_orders: msgspec.Raw
    encounter_id: str | None = None
    # Required on order-select only; checked there.
    selections: list[str] | None = None


_context_decoder = msgspec.json.Decoder(_Context)
_bundle_decoder = msgspec.json.Decoder(Bundle)


def read_context(raw: msgspec.Raw, hook: str) -> OrderContext:
    """The context of a call. Raises ``BadRequest`` for another shape, ``TooMuch`` for more than is looked at."""
    members(raw, "context")
    context = decode(raw, _context_decoder, "context")
    selections = None
    if hook == "order-select":
        if context.selections is None:
            what = "Object missing required field `selections`"
            raise BadRequest(what, "context.selections", "Name the orders just selected.")
        selections = tuple(context.selections)
        if len(selections) > MOST_SELECTIONS:
            raise TooMuch(len(selections), MOST_SELECTIONS, "selections", "context.selections")
    return OrderContext(
        user_id=user(context.user_id, "context.userId"),
        patient_id=logical_id(context.patient_id, "Patient", "context.patientId"),
        # No encounter is written where none is named.
        encounter_id=logical_id(context.encounter_id, "Encounter", "context.encounterId")
        if context.encounter_id
        else None,
        drafts=_drafts(context.draft_orders),
        selections=selections,
    )


def _drafts(raw: msgspec.Raw) -> tuple[Entry, ...]:
    """The entries of draftOrders. One that is misspelt would read as no orders, and no orders as no cards."""
    where = "context.draftOrders"
    named = members(raw, where)
    for member in ("resourceType", "entry"):
        if bytes(named.get(member, b"null")) == b"null":
            what = f"Object missing required field `{member}`"
            raise BadRequest(what, f"{where}.{member}", "Send a Bundle with an entry for every draft order.")
    entry = decode(raw, _bundle_decoder, where).entry
    listed = isinstance(entry, list)
    entries = (entry,) if isinstance(entry, Entry) else tuple(entry or ())
    if len(entries) > MOST_DRAFTS:
        raise TooMuch(len(entries), MOST_DRAFTS, "draft orders", f"{where}.entry")
    for number, each in enumerate(entries):
        if not each.resource or bytes(each.resource) == b"null":
            place = f"{where}.entry[{number}].resource" if listed else f"{where}.entry.resource"
            raise BadRequest("Object missing required field `resource`", place, "Send the order as the resource.")
    return entries
