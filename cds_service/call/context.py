"""The context of a call, as the hooks define it: ``order-select`` 1.0.1, ``order-sign`` 1.1.1, and of the chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from cds_service.call.decode import decode
from cds_service.call.ids import logical_id, user
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.call.shape import members
from cds_service.fhir.structs import Bundle, Entry

HookKind = Literal["order", "chart"]
# What a hook asks about: the draft orders it brings, or the chart that was opened.
HOOK_KINDS: Mapping[str, HookKind] = {
    "order-select": "order",
    "order-sign": "order",
    "patient-view": "chart",
    "encounter-start": "chart",
}

MOST_DRAFTS = 200
MOST_SELECTIONS = 200


class HookContext(msgspec.Struct, frozen=True):
    """Whose call: ids alone, ``user_id`` as it came. Every draft has a resource; a chart hook has none."""

    user_id: str
    patient_id: str
    encounter_id: str | None
    drafts: tuple[Entry, ...] = ()
    selections: tuple[str, ...] | None = None


class ChartSaid(msgspec.Struct, frozen=True, rename="camel"):
    """The context of a chart hook, as it comes."""

    user_id: str
    patient_id: str
    encounter_id: str | None = None


class OrderSaid(ChartSaid, frozen=True, rename="camel", kw_only=True):
    """The context of an order hook, as it comes."""

    draft_orders: msgspec.Raw
    # Required on order-select only; checked there.
    selections: list[str] | None = None


SAID: Mapping[HookKind, type[ChartSaid]] = {"order": OrderSaid, "chart": ChartSaid}
_chart_decoder = msgspec.json.Decoder(ChartSaid)
_order_decoder = msgspec.json.Decoder(OrderSaid)
_bundle_decoder = msgspec.json.Decoder(Bundle)


def read_context(given: Mapping[str, msgspec.Raw], hook: str) -> HookContext:
    """The context of a call, from its members.

    Raises ``BadRequest`` for another shape, ``TooMuch`` for more than is looked at.
    """
    raw = msgspec.json.encode(given)
    if HOOK_KINDS[hook] == "chart":
        return _context(decode(raw, _chart_decoder, "context"))
    context = decode(raw, _order_decoder, "context")
    selections = _selections(hook, context.selections)
    return msgspec.structs.replace(_context(context), drafts=_drafts(context.draft_orders), selections=selections)


def _context(said: ChartSaid) -> HookContext:
    return HookContext(
        user_id=user(said.user_id, "context.userId"),
        patient_id=logical_id(said.patient_id, "Patient", "context.patientId"),
        # No encounter is written where none is named.
        encounter_id=logical_id(said.encounter_id, "Encounter", "context.encounterId") if said.encounter_id else None,
    )


def _selections(hook: str, said: list[str] | None) -> tuple[str, ...] | None:
    """What was just picked, on order-select; on the other hooks every draft counts."""
    if hook != "order-select":
        return None
    if said is None:
        what = "Object missing required field `selections`"
        raise BadRequest(what, "context.selections", "Name the orders just selected.")
    if len(said) > MOST_SELECTIONS:
        raise TooMuch(len(said), MOST_SELECTIONS, "selections", "context.selections")
    return tuple(said)


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
