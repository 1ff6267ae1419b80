"""A request as a document whose resources can be shown, found by reference, and given another number.

It was read as a call before: what is no JSON, or no call, never comes here.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec

Json = dict[str, Any]

# Numbers stay as they are written: 4.0 is not 4.
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")
# More would only make the page long.
MOST_SHOWN = 200


class Shown(msgspec.Struct, frozen=True):
    """One resource of a request. ``number`` is its place on the page; ``reference``: ``Type/id``, where it has one."""

    number: int
    where: str
    reference: str | None
    text: str


def read(body: bytes) -> Json:
    """The document. Raises ``msgspec.DecodeError``, ``UnicodeDecodeError`` or ``RecursionError`` for what is none."""
    document: Json = _decoder.decode(body.removeprefix(codecs.BOM_UTF8))
    return document


def written(document: Json) -> bytes:
    return _encoder.encode(document)


def resources(document: Json) -> Iterator[tuple[str, Json]]:
    """Every resource of context and prefetch with the member it stands in; of a Bundle its entries."""
    for part in ("context", "prefetch"):
        held = document.get(part)
        for key, value in held.items() if isinstance(held, dict) else ():
            for resource in _within(value):
                yield f"{part}.{key}", resource


def _within(value: Any) -> Iterator[Json]:
    if not isinstance(value, dict) or "resourceType" not in value:
        return
    if value["resourceType"] != "Bundle":
        yield value
        return
    entries = value.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield entry["resource"]


def reference(resource: Json) -> str | None:
    """``Type/id``; None where either is no text."""
    kind, name = resource.get("resourceType"), resource.get("id")
    return f"{kind}/{name}" if isinstance(kind, str) and isinstance(name, str) else None


def shown(document: Json) -> tuple[Shown, ...]:
    """The resources as they are put on the page: the same one sent under two keys once."""
    made: dict[bytes, Shown] = {}
    for where, resource in resources(document):
        raw = written(resource)
        if raw not in made and len(made) < MOST_SHOWN:
            text = msgspec.json.format(raw, indent=2).decode()
            made[raw] = Shown(len(made) + 1, where, reference(resource), text)
    return tuple(made.values())
