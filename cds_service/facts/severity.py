"""The chapter of severity: what on record says that the kidneys are severely impaired, with or without a clearance."""

from __future__ import annotations

from typing import Literal

from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.explained import Basis
from cds_service.facts.renal import ANALYTES, KEYS, LOOK_BACK, Renal
from cds_service.knowledge.measurements import Measurements

__all__ = ["ANALYTES", "BASIS", "KEYS", "LOOK_BACK", "Sign", "severe_kidneys"]

BASIS = Basis(limits=("egfr-severe",))

Sign = Literal["dialysis", "severe-kidney-disease", "egfr"]


def severe_kidneys(renal: Renal, diagnoses: Diagnoses, measurements: Measurements) -> Sign | None:
    """The first sign of it: dialysis, a diagnosis, or an eGFR of the look-back below its limit. A clearance is none."""
    if diagnoses.has("dialysis"):
        return "dialysis"
    if diagnoses.has("severe-kidney-disease"):
        return "severe-kidney-disease"
    egfr = renal.egfr
    return "egfr" if egfr and egfr.value < measurements.limit("egfr-severe", "mL/min/{1.73_m2}") else None
