"""What stands against a clearance: on dialysis none is one, whatever the creatinine; nor is one a diagnosis denies."""

from __future__ import annotations

from dataclasses import replace

from cds_service.base.kinds import Missing
from cds_service.base.numbers import clearance_number
from cds_service.facts.clearances import Clearance
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.renal import Renal
from cds_service.knowledge.measurements import Measurements


def usable(found: Renal, diagnoses: Diagnoses, measurements: Measurements) -> Renal:
    """Renal function without a clearance that nothing may rest on: on dialysis, or against a diagnosis on record."""
    against = _against(found.clearance, diagnoses, measurements)
    return replace(found, clearance=None, problems=(against,), at_least=None) if against else found


def _against(clearance: Clearance | None, diagnoses: Diagnoses, measurements: Measurements) -> Missing | None:
    if dialysis := diagnoses.found("dialysis"):
        return Missing("clearance", "on-dialysis", when=dialysis[0].when)
    if clearance is None or not diagnoses.has("severe-kidney-disease"):
        return None
    if clearance.value < measurements.limit("contradicted-clearance", "mL/min"):
        return None
    return Missing("clearance", "contradicts-diagnosis", f"{clearance_number(clearance.value)} mL/min", clearance.when)
