"""Dosages decoded from JSON as they come, and read with the product's own tables."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.doses import Dosed, DoseReader
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import Dosage, Extension
from cds_service.knowledge.dosing import Dosing

READER = DoseReader(load_as(content_root() / "dosing.yaml", Dosing))


def read(
    *dosages: dict[str, Any], extensions: Any = (), strength: int | None = None, piece: Piece = NOTHING_KNOWN
) -> Dosed:
    """What dosages say together. ``strength``: mg of one piece, where that is all that is known of it."""
    return READER.read(
        msgspec.convert(dosages, list[Dosage], strict=False),
        msgspec.convert(extensions, list[Extension], strict=False),
        Piece(Fraction(strength)) if strength else piece,
    )


def mg(dosed: Dosed) -> Fraction | None:
    return dosed.dose.mg if dosed.dose else None


def quantity(value: Any, unit: str | None = "mg", **members: Any) -> dict[str, Any]:
    return {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit} | members}]}


def every(**repeat: Any) -> dict[str, Any]:
    return {"timing": {"repeat": repeat}}
