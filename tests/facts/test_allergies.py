"""What a patient does not tolerate: single drugs, a class named as a whole, and what is over or was never so."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.edition import Edition
from cds_service.facts.allergies import Allergies, explained
from cds_service.facts.explained import Fact
from tests.build import PATIENT, RXNORM, Json
from tests.facts.whole import facts_of

ATC = "http://www.whocc.no/atc"
DENOSUMAB = Allergies(frozenset({"denosumab"}))
BISPHOSPHONATES = Allergies(groups=frozenset({"bisphosphonate"}))


def allergy(text: str | None = "denosumab", **more: Any) -> Json:
    made = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": f"Patient/{PATIENT}"}}
    return made | ({} if text is None else {"code": {"text": text}}) | more


def of(edition: Edition, *resources: Json) -> Allergies:
    return facts_of(edition, *resources).allergies


def coded(system: str, code: str) -> Json:
    return {"code": {"coding": [{"system": system, "code": code}]}}


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (allergy("denosumab"), DENOSUMAB),
        (allergy("地舒单抗"), DENOSUMAB),
        (allergy(**coded(RXNORM, "993449")), DENOSUMAB),
        (allergy("bisphosphonate"), BISPHOSPHONATES),
        (allergy("双膦酸盐"), BISPHOSPHONATES),
        (allergy(**coded(ATC, "M05BA")), BISPHOSPHONATES),
        (allergy("peanut"), Allergies()),
        (allergy(None), Allergies()),
    ],
)
def test_a_drug_or_a_class_by_code_and_by_name(edition: Edition, it: Json, expected: Allergies) -> None:
    assert of(edition, it) == expected


def test_all_that_are_on_record_count(edition: Edition) -> None:
    """Behind one that is over, one without a code, and one of no drug of ours."""
    over = allergy("ibandronate", clinicalStatus={"coding": [{"code": "resolved"}]})
    others = (allergy(None), allergy("peanut"), allergy("denosumab"), allergy("bisphosphonate"))
    found = of(edition, *(each | {"id": f"a{number}"} for number, each in enumerate((over, *others))))
    assert found == Allergies(DENOSUMAB.drugs, BISPHOSPHONATES.groups)


@pytest.mark.parametrize(
    ("member", "code", "counts"),
    [
        ("clinicalStatus", "active", True), ("clinicalStatus", "inactive", False),
        ("clinicalStatus", "resolved", False),
        ("verificationStatus", "confirmed", True), ("verificationStatus", "unconfirmed", True),
        ("verificationStatus", "refuted", False), ("verificationStatus", "entered-in-error", False),
    ],
)  # fmt: skip
def test_what_is_over_or_was_never_so_does_not_count(edition: Edition, member: str, code: str, counts: bool) -> None:
    expected = DENOSUMAB if counts else Allergies()
    assert of(edition, allergy(**{member: {"coding": [{"code": code}]}})) == expected
    assert of(edition, allergy(**{member: code})) == expected, "a bare code, as before R4"


def test_a_class_forbids_its_drugs_and_a_drug_itself_alone() -> None:
    assert DENOSUMAB.forbid("denosumab", "rankl-inhibitor")
    assert BISPHOSPHONATES.forbid("ibandronate", "bisphosphonate")
    assert not Allergies(frozenset({"pamidronate"})).forbid("ibandronate", "bisphosphonate")
    assert not BISPHOSPHONATES.forbid("denosumab", "rankl-inhibitor")


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("it", [DENOSUMAB, BISPHOSPHONATES, Allergies(DENOSUMAB.drugs, BISPHOSPHONATES.groups)])
def test_each_is_told_by_its_name(edition: Edition, tag: LanguageTag, it: Allergies) -> None:
    teller = edition.teller(tag)
    (fact,) = explained(it)
    assert fact == Fact("allergies", {"allergies": it})
    told = teller.sentence(teller.own.facts[fact.key], fact.data)
    assert (teller.language.shared.drugs["denosumab"] in told) is bool(it.drugs)
    assert (teller.own.groups["bisphosphonate"] in told) is bool(it.groups)
    assert not list(explained(Allergies()))
