"""What says that the kidneys are severely impaired, asked by every rule alike."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds_service.edition import Edition
from cds_service.facts.diagnoses import DiagnosesGiven
from cds_service.facts.renal import RenalGiven
from cds_service.facts.severity import severe_kidneys
from cds_service.facts.told import NOW


@pytest.mark.parametrize(
    ("egfr", "diagnoses", "sign"),
    [
        ("29.99", [], "egfr"),
        ("30", [], None),
        (None, [], None),
        ("90", ["severe-kidney-disease"], "severe-kidney-disease"),
        ("20", ["chronic-kidney-disease"], "egfr"),
        ("20", ["dialysis", "severe-kidney-disease"], "dialysis"),
    ],
)
def test_the_first_sign_counts(edition: Edition, egfr: str | None, diagnoses: list[str], sign: str | None) -> None:
    renal = RenalGiven(clearance=None, egfr=None if egfr is None else Decimal(egfr)).told()
    on_record = DiagnosesGiven(diagnoses=diagnoses).told(NOW.date())
    assert severe_kidneys(renal, on_record, edition.knowledge.measurements) == sign
