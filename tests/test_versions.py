"""Which FHIR version a caller speaks, and that suggestions have its shapes."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import FhirVersion
from cds_service.call.fhir_version import EXTENSION, fhir_version
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.tools.asking import answer_body
from tests.asked import BONE, call_of
from tests.build import NOW, SNOMED, Json, bundle, encoded, prefetch, request, zoledronic

CODED = {"coding": [{"system": SNOMED, "code": "34043003"}]}
R5_DRUG = zoledronic() | {"medicationCodeableConcept": None, "medication": {"concept": {"text": "zoledronic acid"}}}
R5_SERVICE = {"resourceType": "ServiceRequest", "id": "s", "code": {"concept": CODED}}
R4_SERVICE = {"resourceType": "ServiceRequest", "id": "s", "code": CODED}


def version(*drafts: Json, extension: Any = None) -> FhirVersion:
    members: dict[str, Any] = {} if extension is None else {"extension": {EXTENSION: extension}}
    return fhir_version(call_of(request(*drafts, **members)))


@pytest.mark.parametrize(
    ("drafts", "expected"),
    [
        ([zoledronic()], "R4"),
        ([R4_SERVICE], "R4"),
        ([], "R4"),
        ([R5_DRUG], "R5"),
        ([R5_SERVICE], "R5"),
        ([zoledronic(), R5_SERVICE], "R5"),
        ([zoledronic(code=5)], "R4"),
        ([{"resourceType": "ServiceRequest", "code": [CODED]}], "R4"),
    ],
)
def test_the_shapes_of_the_drafts_tell(drafts: list[Json], expected: str) -> None:
    assert version(*drafts) == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [("R5", "R5"), ("R4", "R4"), ("R4B", "R4"), ("STU3", "R4"), ("R6", "R4"), (5, "R4"), ({}, "R4")],
)
def test_what_the_request_says_outranks_its_shapes(stated: Any, expected: str) -> None:
    assert version(zoledronic(), extension=stated) == expected
    assert version(R5_DRUG, extension=stated) == expected


@pytest.mark.parametrize(
    ("draft", "configured", "member"),
    [
        (zoledronic(), None, "medicationCodeableConcept"),
        (R5_DRUG, None, "medication"),
        (zoledronic(), "R5", "medication"),
        (R5_DRUG, "R4", "medicationCodeableConcept"),
    ],
)
def test_suggestions_have_the_shapes_of_the_version(
    edition: Edition, draft: Json, configured: FhirVersion | None, member: str
) -> None:
    body = request(draft, prefetch=prefetch(procedures=bundle(), medicationRequests=bundle()))
    response = answer_body(edition, BONE, encoded(body), NOW, "en", Defaults("en", configured)).response
    made = [a.resource for c in response.cards for s in c.suggestions for a in s.actions if a.type == "create"]
    drugs = [r for r in made if r and r["resourceType"] == "MedicationRequest"]
    services = [r for r in made if r and r["resourceType"] == "ServiceRequest"]
    assert drugs
    assert services
    assert all({"medication", "medicationCodeableConcept"} & set(r) == {member} for r in drugs)
    assert all(("concept" in r["code"]) == (member == "medication") for r in services)
    assert b"null" not in msgspec.json.encode(response)
