"""What a rule hands to the sentences of its card: which of several prescriptions, results and signs it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise
from cds_service.review.cases import ask

SCAN = {"order": {"service": "bone-scan", "purposes": ["response"]}}
DRUG = "systemic-anticancer"
SPINE = {"order": {"service": "laminectomy", "site": "spine", "levels": ["T8"]}}
OPIOID = {"drug": "opioid", "stops": True, "authored_days_ago": 30}
REGULAR = OPIOID | {"portions": [{"ingredient": "morphine", "mg": 60}]}
AS_NEEDED = {
    "drug": "opioid",
    "active": True,
    "days_ago": 2,
    "as_needed": True,
    "portions": [{"ingredient": "morphine", "mg": 10}],
}


def _data(edition: Edition, topic: str, given: dict[str, Any]) -> Mapping[str, Any]:
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, Advise), outcome
    return outcome.data


@pytest.mark.parametrize(("first", "second", "told"), [
    ({"days_ago": 60}, {"days_ago": 50}, 1),
    ({"days_ago": 50}, {"days_ago": 60}, 0),
    # One that went on until later was taken last, whenever it began.
    ({"days_ago": 90, "until_days_ago": 10}, {"days_ago": 50, "until_days_ago": 40}, 0),
    ({"days_ago": 50, "until_days_ago": 40}, {"days_ago": 90, "until_days_ago": 10}, 1),
    ({"active": True}, {"days_ago": 40}, 1),
])  # fmt: skip
def test_the_anticancer_drug_last_taken_is_told(
    edition: Edition, first: dict[str, Any], second: dict[str, Any], told: int
) -> None:
    data = _data(
        edition, "bone-scan-not-for-response", SCAN | {"uses": [{"drug": DRUG} | first, {"drug": DRUG} | second]}
    )
    assert data["drug"].ref.endswith(f"use-{told}")


@pytest.mark.parametrize(("days", "told"), [((60, 50), 1), ((50, 60), 0)])
def test_the_radiotherapy_last_done_is_told(edition: Edition, days: tuple[int, int], told: int) -> None:
    done = [{"what": "radiotherapy", "site": "femur", "days_ago": each} for each in days]
    data = _data(edition, "bone-scan-not-for-response", SCAN | {"activities": done})
    assert data["given"].ref.endswith(f"activity-{told}")


@pytest.mark.parametrize("topic", ["bone-scan-not-for-response"])
def test_the_last_scan_is_told(edition: Edition, topic: str) -> None:
    given = SCAN | {"uses": [{"drug": DRUG, "active": True, "days_ago": 60}]}
    study = {"kind": "bone-scan", "days_ago": 120, "reading": "positive"}
    assert _data(edition, topic, given)["last"] is None
    assert _data(edition, topic, given | {"studies": [study]})["last"] is not None
    assert _data(edition, topic, given | {"studies": [study | {"kind": "ct-bone"}]})["last"] is None


@pytest.mark.parametrize(("skeleton", "told"), [([], False), ([{"concept": "spinal-instability"}], True)])
def test_a_recorded_instability_is_told_beside_a_laminectomy(
    edition: Edition, skeleton: list[dict[str, Any]], told: bool
) -> None:
    assert (_data(edition, "laminectomy-alone", SPINE | {"skeleton": skeleton})["unstable"] is not None) is told


@pytest.mark.parametrize(("diagnoses", "told"), [([], False), (["osteonecrosis-of-jaw"], True)])
def test_a_lapse_tells_of_the_jaw(edition: Edition, diagnoses: list[str], told: bool) -> None:
    given = {
        "order": None,
        "uses": [{"drug": "denosumab", "kind": "administration", "days_ago": 90}],
        "diagnoses": ["lung-cancer", "bone-metastasis", *diagnoses],
    }
    assert _data(edition, "denosumab-discontinuation", given)["jaw"] is told


def test_a_taper_tells_of_the_opioid_taken_as_needed(edition: Edition) -> None:
    given = {"order": REGULAR}
    assert not _data(edition, "opioid-taper", given)["rescue"]
    assert len(_data(edition, "opioid-taper", given | {"uses": [AS_NEEDED]})["rescue"]) == 1


@pytest.mark.parametrize(("newest", "told"), [("1.0", True), ("1.6", False)])
def test_an_unsteady_clearance_says_nothing_of_a_reduced_denosumab(edition: Edition, newest: str, told: bool) -> None:
    creatinines = [{"mg_dl": newest, "days_ago": 1}, {"mg_dl": 1, "days_ago": 6}]
    given = {"order": {"drug": "denosumab", "dose_mg": 90}, "clearance": 25, "creatinines": creatinines}
    assert _data(edition, "denosumab-dose", given)["renal"] is told


STRONTIUM = {"order": {"drug": "radiopharmaceutical", "substance": "strontium-89"}}


def _radiotherapy(how: str, days: int | None, **more: Any) -> list[dict[str, Any]]:
    return [{"what": "radiotherapy", "how": how, "days_ago": days} | more]


@pytest.mark.parametrize(("activities", "unstated", "planned"), [
    ([], False, False),
    (_radiotherapy("done", 60), True, False),
    (_radiotherapy("done", 60, elsewhere=True), False, False),
    (_radiotherapy("booked", -3, site="femur"), False, True),
    (_radiotherapy("booked", -3), False, False),
])  # fmt: skip
def test_a_radionuclide_card_tells_of_radiotherapy_that_may_come_first(
    edition: Edition, activities: list[dict[str, Any]], unstated: bool, planned: bool
) -> None:
    data = _data(edition, "radionuclide-not-first-line", STRONTIUM | {"activities": activities})
    assert (data["unstated"] is not None, data["planned"]) == (unstated, planned)


@pytest.mark.parametrize(("stops", "planned"), [(False, True), (True, False)])
def test_radiotherapy_drafted_beside_a_radionuclide_is_planned(edition: Edition, stops: bool, planned: bool) -> None:
    draft = {"service": "radiotherapy", "site": "femur", "stops": stops}
    data = _data(edition, "radionuclide-not-first-line", STRONTIUM | {"also_ordered": [draft]})
    assert data["planned"] is planned


@pytest.mark.parametrize(("kind", "number"), [("osteoblastic", "multiple"), ("osteolytic", "solitary")])
def test_a_radionuclide_card_tells_the_kind_and_number_of_lesions(edition: Edition, kind: str, number: str) -> None:
    lesions = {
        "lesion_kinds": [{"kinds": [kind], "days_ago": 3}],
        "lesion_counts": [{"number": number, "days_ago": 3}],
    }
    data = _data(edition, "radionuclide-not-first-line", STRONTIUM | lesions)
    assert (bool(data["blastic"]), data["multiple"]) == (kind == "osteoblastic", number == "multiple")
