"""From templates to requests, and what a token lets be asked."""

from __future__ import annotations

import pytest

from cds_service.edition import Edition
from cds_service.fetch.failure import Refused
from cds_service.fetch.scope import Share, require_patient, share
from cds_service.fetch.search import Request, request_of

CONTEXT = {"patientId": "p-1", "userId": "Practitioner/9"}
CONDITIONS = Request("search", "Condition", (("patient", "p-1"),))
LABORATORY = Request("search", "Observation", (("patient", "p-1"), ("category", "laboratory")))


def test_every_template_of_ours_is_a_request(edition: Edition) -> None:
    for service in edition.knowledge.services.services:
        made = {key: request_of(t, CONTEXT) for key, t in edition.prefetch(service.id).items()}
        assert made["patient"] == Request("read", "Patient/p-1")
        assert made["conditions"] == CONDITIONS
        assert all("{{" not in r.query and "p-1" in r.path + r.query for r in made.values())


def test_values_are_encoded_and_lists_stay_lists() -> None:
    request = request_of("Observation?code=http://loinc.org|1,2&text=a b&by={{context.userId}}", CONTEXT)
    assert request.query == "code=http://loinc.org%7C1,2&text=a%20b&by=Practitioner/9"


@pytest.mark.parametrize(
    "bad", ["", "1,2", "1|2", "1&patient=2", "..", "Patient/..", "1/2/3", "a b", "1%2F2", "x" * 300]
)
def test_a_value_that_is_no_id_is_not_sent(bad: str) -> None:
    for template in ("Patient/{{context.patientId}}", "Condition?patient={{context.patientId}}"):
        with pytest.raises(Refused, match="context"):
            request_of(template, {"patientId": bad})


@pytest.mark.parametrize(
    "template", ["Condition", "Patient/1?x=1", "{{today()}}?x=1", "condition?x=1", "Patient/..", "A/b/c?x=1"]
)
def test_a_template_of_another_kind_is_not_guessed_at(template: str) -> None:
    with pytest.raises(Refused, match="template"):
        request_of(template, CONTEXT)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (None, "all"),
        (" ", "all"),
        ("patient/Observation.read", "all"),
        ("user/*.*", "all"),
        ("*.read", "all"),
        ("system/Observation.*", "all"),
        ("launch patient/Observation.rs", "all"),
        ("patient/Observation.cruds", "all"),
        ("patient/Observation.s", "all"),
        ("patient/Observation.r", "nothing"),
        ("patient/Observation.write", "nothing"),
        ("patient/Observation.", "nothing"),
        ("patient/Condition.read", "nothing"),
        ("patient/ObservationDefinition.read", "nothing"),
        ("launch openid fhirUser", "nothing"),
        ("patient/Observation.rs?category=laboratory", "all"),
        ("patient/Observation.rs?category=http://t.example/category|laboratory", "all"),
        ("patient/Observation.rs?category=vital-signs", "part"),
        ("patient/Observation.rs?category=vital-signs patient/*.rs", "all"),
        ("patient/Observation.rs?category=laboratory&status=final", "part"),
    ],
)
def test_the_scope_says_what_may_be_searched(scope: str | None, expected: Share) -> None:
    assert share(scope, LABORATORY) == expected


def test_reading_and_searching_are_different_permissions() -> None:
    assert share("patient/Patient.s", Request("read", "Patient/p-1")) == "nothing"
    assert share("patient/Patient.r", Request("read", "Patient/p-1")) == "all"


@pytest.mark.parametrize("token", [None, "", "p-1", "Patient/p-1"])
def test_a_token_for_this_patient_or_for_none_is_used(token: str | None) -> None:
    require_patient(token, "p-1")


def test_a_token_for_another_patient_is_refused() -> None:
    with pytest.raises(Refused, match="token-patient"):
        require_patient("p-2", "p-1")
