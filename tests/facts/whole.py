"""Facts of one patient whose record is whole: these resources and nothing else."""

from __future__ import annotations

import msgspec

from cds_service.edition import Edition
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Order
from cds_service.fhir.structs import Resource
from cds_service.record.bundles import readable
from cds_service.record.read import Record
from tests.build import NOW, PATIENT, Json


def facts_of(edition: Edition, *resources: Json, orders: tuple[Order, ...] = ()) -> Facts:
    """Facts read from FHIR. ``orders``: the drafts of the call."""
    read: list[Resource] = [readable.decode(msgspec.json.encode(each)) for each in resources]
    keys = edition.knowledge.services.prefetch
    return Facts(Record.of(read, PATIENT, keys, NOW), orders, NOW, edition.readers)


def orders_of(edition: Edition, *drafts: Json, record: tuple[Json, ...] = ()) -> tuple[Order, ...]:
    """The drafts as they are read from FHIR, all of them selected."""
    read = [readable.decode(msgspec.json.encode(each)) for each in record]
    known = Record.of(read, PATIENT, edition.knowledge.services.prefetch, NOW)
    decoded = [(n, _Entry(), readable.decode(msgspec.json.encode(each))) for n, each in enumerate(drafts)]
    return edition.readers.orders.read(tuple(decoded), None, known.referred)


class _Entry:
    full_url = None
