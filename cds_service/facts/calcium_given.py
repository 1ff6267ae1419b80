"""What a case of the content may say of calcium: a level, or the numbers that give it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

import msgspec

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.calcium import Calcium, CalciumLevel, Kind, calcium
from cds_service.facts.results import Reading, Results
from cds_service.facts.told import NOW, Number, ProblemGiven, ago
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File


class OneCalciumGiven(File, frozen=True):
    """What a case may say of a calcium: its level, or (``level`` left out) the numbers that give it.

    ``total_mmol_l``: the total as measured, where ``kind`` is corrected-computed, with the albumin that corrects it.
    """

    level: CalciumLevel | Literal["by-number"] | None = "by-number"
    mmol_l: Number = Decimal("2.30")
    mg_dl: Number | None = None
    total_mmol_l: Number | None = None
    albumin_g_l: Number = 40
    kind: Kind = "corrected-reported"
    days_ago: int = 1


class CalciumGiven(File, frozen=True):
    """What a case may say of calcium."""

    calcium: OneCalciumGiven = OneCalciumGiven(level="normal")
    calcium_problems: list[ProblemGiven] = []

    def told(self, measurements: Measurements) -> Calcium:
        one, days = self.calcium, measurements.days("calcium")
        if one.level is None:
            problems = tuple(p.told() for p in self.calcium_problems)
            return Calcium(days, None, problems=problems or (Missing("calcium", "not-on-record"),))
        found = calcium(_results(one, measurements), NOW.date(), measurements)
        return found if one.level == "by-number" else replace(found, level=one.level)


def _results(one: OneCalciumGiven, measurements: Measurements) -> Results:
    if one.total_mmol_l is not None:
        albumin = _given("albumin", Fraction(one.albumin_g_l), "g/L", f"{one.albumin_g_l} g/L", one)
        total = _given("calcium-total", Fraction(one.total_mmol_l), "mmol/L", f"{one.total_mmol_l} mmol/L", one)
        return {"calcium-total": (total,), "albumin": (albumin,)}
    analyte = next(a for a, kind in KIND_OF.items() if kind == one.kind)
    if one.mg_dl is None:
        return {analyte: (_given(analyte, Fraction(one.mmol_l), "mmol/L", f"{one.mmol_l} mmol/L", one),)}
    value = Fraction(one.mg_dl) * measurements.analytes[analyte].factor("mg/dL")
    told = _given(analyte, value, "mmol/L", f"{one.mg_dl} mg/dL", one)
    return {analyte: (msgspec.structs.replace(told, own=Fraction(one.mg_dl), own_unit="mg/dL"),)}


KIND_OF: dict[str, Kind] = {
    "calcium-ionised": "ionised",
    "calcium-corrected": "corrected-reported",
    "calcium-total": "total-uncorrected",
}


def _given(analyte: str, value: Fraction, unit: str, shown: str, one: OneCalciumGiven) -> Reading:
    when = ago(one.days_ago)
    assert when is not None
    return Reading(analyte, value, unit, shown, when, RequestText(f"Observation/{analyte}"))
