"""What a Condition says beside its code: body site, and that it is over."""

from __future__ import annotations

from datetime import date
from functools import cache
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.facts.conditions import has_abated, meanings
from cds_service.fhir.structs import Condition
from cds_service.knowledge.terminology import Terminology

Json = dict[str, Any]
TODAY = date(2026, 3, 2)
SCT = "http://snomed.info/sct"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SECONDARY = {"coding": [{"system": SCT, "code": "128462008"}]}
MALIGNANT = {"coding": [{"system": SCT, "code": "363346000"}]}
BONE = {"coding": [{"system": SCT, "code": "272673000"}]}


@cache
def terminology() -> Terminology:
    return Terminology.load(content_root() / "codelists")


def condition(**members: Any) -> Condition:
    return msgspec.json.decode(msgspec.json.encode({"resourceType": "Condition", "id": "c"} | members), type=Condition)


@pytest.mark.parametrize(
    ("code", "sites", "expected"),
    [
        (SECONDARY, [BONE], {"bone-metastasis"}),
        (SECONDARY, [{"coding": [{"system": SCT, "code": "71341001"}]}], {"bone-metastasis"}),
        (SECONDARY, [{"coding": [{"system": SCT, "code": "91609006"}]}], {"bone-metastasis"}),
        (SECONDARY, [{"coding": [{"system": SCT, "code": "39607008"}]}], set()),
        (SECONDARY, [{"coding": [{"system": SCT, "code": "39607008"}]}, BONE], {"bone-metastasis"}),
        (SECONDARY, [], set()),
        ({"text": "转移瘤"}, [{"text": "第3腰椎"}], {"bone-metastasis"}),
        ({"text": "Metastasis"}, [{"coding": [{"display": "Left femur"}]}], {"bone-metastasis"}),
        ({"text": "Metastasis"}, [{"text": "Liver"}], set()),
        ({"text": "Metastasis?"}, [BONE | {"text": "spine"}], set()),
        ({"text": "no metastasis"}, [{"text": "spine"}], set()),
        ({"text": "Pain"}, [BONE | {"text": "spine"}], set()),
        (MALIGNANT, [{"coding": [{"system": SCT, "code": "39607008"}]}], {"lung-cancer"}),
        ({"text": "Adenocarcinoma"}, [{"text": "Right upper lobe of lung"}], {"lung-cancer"}),
        ({"text": "Adenocarcinoma"}, [{"text": "Stomach"}], {"other-primary-cancer"}),
        ({"text": "Osteonecrosis"}, [{"text": "Mandible"}], {"osteonecrosis-of-jaw"}),
        ({"text": "Osteonecrosis"}, [{"text": "Femoral head"}], set()),
        ({"coding": [{"system": ICD, "code": "C34.11"}]}, [BONE], {"lung-cancer"}),
        (None, [BONE], set()),
    ],
)
def test_the_body_site_belongs_to_the_diagnosis(code: Json | None, sites: list[Json], expected: set[str]) -> None:
    found = meanings(condition(code=code, bodySite=sites), terminology())
    assert {match.concept for match in found if "broad" not in match.flags} == expected


def test_one_body_site_that_is_no_list_is_read() -> None:
    assert [m.concept for m in meanings(condition(code=SECONDARY, bodySite=BONE), terminology())] == ["bone-metastasis"]


@pytest.mark.parametrize(
    ("members", "over"),
    [
        ({}, False),
        ({"abatementDateTime": "2015-06-01"}, True),
        ({"abatementDateTime": "2015"}, True),
        ({"abatementDateTime": "2026-03-02T08:00:00Z"}, True),
        ({"abatementDateTime": "2026-03-03"}, False),
        ({"abatementDateTime": "2027"}, False),
        ({"abatementDateTime": "some years ago"}, True),
        ({"abatementPeriod": {"start": "2015-01-01", "end": "2015-06-01"}}, True),
        ({"abatementPeriod": {"start": "2015-01-01"}}, True),
        ({"abatementPeriod": {"start": "2026-01-01", "end": "2026-12-31"}}, False),
        ({"abatementPeriod": {}}, False),
        ({"abatementAge": {"value": 52, "unit": "a"}}, True),
        ({"abatementRange": {"low": {"value": 50}, "high": {"value": 55}}}, True),
        ({"abatementString": "last year"}, True),
        ({"abatementBoolean": True}, True),
        ({"abatementBoolean": False}, False),
        ({"abatementBoolean": "true"}, True),
    ],
)
def test_an_abatement_in_any_form_ends_a_diagnosis(members: Json, over: bool) -> None:
    assert has_abated(condition(**members), TODAY) is over
