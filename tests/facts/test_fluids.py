"""In what a result was measured: a specimen beside a code, contained in it, or named only."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.asked import call_of, facts_of
from tests.build import Json, bundle, observation, prefetch, request, zoledronic

KEYS = ("patient", "conditions", "laboratory", "measurements")


def _laboratory(edition: Edition, *entries: Json) -> Any:
    found = prefetch(laboratory=bundle(*entries))
    return facts_of(edition, call_of(request(zoledronic(), prefetch=found)), KEYS).results


def _specimen(kind: Json, name: str = "s1") -> Json:
    return {"resourceType": "Specimen", "id": name, "type": kind}


URINE: list[Json] = [
    {"text": "Urine"},
    {"text": "尿"},
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0487", "code": "UR"}]},
    {"text": "Pleural fluid"},
    {"text": "胸水"},
    {"text": "drain fluid"},
]
BLOOD: list[Json] = [
    {"text": "Serum"},
    {"text": "静脉血"},
    {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0487", "code": "PLAS"}]},
    {"text": "specimen 4711"},
    {},
]


@pytest.mark.parametrize("kind", URINE)
def test_a_result_of_another_fluid_is_none_of_ours(edition: Edition, kind: Json) -> None:
    code = "2160-0"
    apart = observation(code, 9.1, "mg/dL", 1) | {"specimen": {"reference": "Specimen/s1"}}
    inside = observation(code, 9.1, "mg/dL", 1) | {"specimen": {"reference": "#s1"}, "contained": [_specimen(kind)]}
    for found in (_laboratory(edition, apart, _specimen(kind)), _laboratory(edition, inside)):
        assert "creatinine" not in found


@pytest.mark.parametrize("kind", BLOOD)
def test_blood_and_a_specimen_that_says_nothing_count(edition: Edition, kind: Json) -> None:
    apart = observation("2160-0", 0.9, "mg/dL", 1) | {"specimen": {"reference": "Specimen/s1"}}
    assert len(_laboratory(edition, apart, _specimen(kind))["creatinine"]) == 1


@pytest.mark.parametrize(
    "specimen", [{"reference": "Specimen/nowhere"}, {"reference": "#nowhere"}, {"display": "EDTA tube"}, {}]
)
def test_a_specimen_that_nobody_can_follow_leaves_the_result(edition: Edition, specimen: Json) -> None:
    contained = [{"resourceType": "Patient"}, {"resourceType": "Specimen", "type": 1}]
    row = observation("2160-0", 0.9, "mg/dL", 1) | {"specimen": specimen, "contained": contained}
    assert len(_laboratory(edition, row)["creatinine"]) == 1


def test_a_name_beside_the_reference_is_enough(edition: Edition) -> None:
    row = observation("2160-0", 9.1, "mg/dL", 1) | {"specimen": {"reference": "Specimen/x", "display": "Ascites"}}
    assert "creatinine" not in _laboratory(edition, row)


def test_what_is_measured_elsewhere_by_its_nature_stays(edition: Edition) -> None:
    """A clearance is measured in urine."""
    row = observation("2164-2", 45, "mL/min", 1) | {"specimen": {"display": "Urine 24 h"}}
    assert len(_laboratory(edition, row)["creatinine-clearance-measured"]) == 1
