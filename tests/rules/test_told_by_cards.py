"""What cards tell of the record beside their advice, and what their buttons leave out because of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from cds_service.deliver.evidence import content
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice
from cds_service.facts.subjects import Orders
from cds_service.facts.told import NOW
from cds_service.knowledge.model import Parameters
from cds_service.review.cases import ask
from tests.asked import with_recommendation

DONE = {"what": "radiotherapy", "days_ago": 300}
SBRT = {"order": {"service": "sbrt", "site": "spine"}, "life_months_low": 3, "life_months_high": 3}
FRACTIONS = {"order": {"service": "radiotherapy", "site": "femur"}, "fractions": 10, "pain": 6}
PET = {"order": {"service": "pet-ct", "purposes": ["bone-screening"]}, "diagnoses": ["lung-cancer"]}
BOTH = ["lung-cancer", "bone-metastasis"]


def advice(edition: Edition, topic: str, given: dict[str, Any]) -> Advise:
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, Advise), outcome
    return outcome


def buttons(found: Advise) -> list[str]:
    return [each.label for each in found.suggestions]


# Radiotherapy


@pytest.mark.parametrize(
    ("activity", "told"),
    [
        (DONE, True),
        (DONE | {"elsewhere": True}, False),
        (DONE | {"site": "spine"}, False),
        (DONE | {"how": "ordered", "days_ago": 3}, False),
    ],
)
def test_radiotherapy_of_a_part_not_stated_is_told_beside_one_fraction(
    edition: Edition, activity: dict[str, Any], told: bool
) -> None:
    found = advice(edition, "single-fraction-radiotherapy", FRACTIONS | {"activities": [activity]})
    assert (found.data["unstated"] is not None) is told


@pytest.mark.parametrize(
    ("topic", "given"),
    [
        ("sbrt-selection", SBRT),
        ("refractory-pain-radiotherapy",
         {"skeleton": [{"concept": "bone-metastasis"},
                       {"concept": "spinal-cord-compression", "days_ago": 3, "site": "spine"}]}),
        ("refractory-pain-radiotherapy", {"pain": 8, "uses": [{"drug": "opioid", "active": True, "days_ago": 60}]}),
    ],
)  # fmt: skip
def test_earlier_radiotherapy_of_bone_is_told(edition: Edition, topic: str, given: dict[str, Any]) -> None:
    assert advice(edition, topic, given).data["earlier"] is None
    done = [DONE | {"site": "femur", "days_ago": days} for days in (400, 300)] + [DONE]
    earlier: Any = advice(edition, topic, given | {"activities": done}).data["earlier"]
    assert earlier.ref == "Procedure/activity-1"


@pytest.mark.parametrize(
    ("study", "offered"),
    [
        ({"kind": "mri-whole-body", "how": "booked", "days_ago": -2}, False),
        ({"kind": "mri-whole-body", "days_ago": 1}, False),
        ({"kind": "mri-bone", "days_ago": 1}, False),
        ({"kind": "mri-bone", "days_ago": 300}, True),
        ({"kind": "bone-scan", "days_ago": 1}, True),
    ],
)
def test_an_mri_that_is_arranged_is_not_offered_for_a_suspected_compression(
    edition: Edition, study: dict[str, Any], offered: bool
) -> None:
    cord = {"concept": "spinal-cord-compression", "days_ago": 3, "suspected": True, "site": "spine"}
    found = advice(
        edition,
        "refractory-pain-radiotherapy",
        {"skeleton": [{"concept": "bone-metastasis"}, cord], "studies": [study]},
    )
    assert found.say == "suspected-cord"
    assert ("mri-spine" in buttons(found)) is offered


@pytest.mark.parametrize("drug", ["systemic-anticancer", "cisplatin"])
def test_a_fracture_asks_for_radiotherapy_after_any_treatment_of_the_cancer(edition: Edition, drug: str) -> None:
    fracture = {"concept": "pathological-fracture", "days_ago": 3, "site": "femur"}
    given = {"skeleton": [{"concept": "bone-metastasis"}, fracture], "uses": [{"drug": drug, "days_ago": 300}]}
    assert advice(edition, "refractory-pain-radiotherapy", given).say == "fracture"


# Examinations


@pytest.mark.parametrize(
    ("more", "arranged"),
    [
        ({}, False),
        ({"studies": [{"how": "booked", "days_ago": -2}]}, True),
        ({"studies": [{"how": "ordered", "days_ago": 2}]}, True),
        ({"studies": [{"kind": "mri-bone", "how": "ordered", "days_ago": 2}]}, False),
        ({"also_ordered": [{"service": "bone-scan"}]}, True),
        ({"also_ordered": [{"service": "ct-bone"}]}, False),
    ],
)
def test_before_a_pet_ct_a_bone_scan_that_is_arranged_is_told_and_not_offered(
    edition: Edition, more: dict[str, Any], arranged: bool
) -> None:
    found = advice(edition, "petct-not-first-line-screening", PET | more)
    assert found.data["arranged"] is arranged
    assert buttons(found) == ([] if arranged else ["bone-scan"])


def test_screening_tells_the_last_bone_scan_alone(edition: Edition) -> None:
    given = {"diagnoses": ["lung-cancer", "bone-pain"]}
    scan = {"reading": "negative", "days_ago": 500}
    found = advice(edition, "bone-metastasis-screening", given | {"studies": [scan]})
    assert found.data["last"] is not None
    found = advice(edition, "bone-metastasis-screening", given | {"studies": [scan | {"kind": "ct-bone"}]})
    assert found.data["last"] is None


@pytest.mark.parametrize(
    ("topic", "given"),
    [
        ("positive-bone-scan-workup",
         {"diagnoses": ["lung-cancer"], "studies": [{"reading": "not-read", "days_ago": 20}]}),
        ("solitary-lesion-biopsy",
         {"lesion_counts": [{"number": "solitary", "days_ago": 20}, {"number": "multiple", "days_ago": 20}]}),
        ("opioid-taper",
         {"order": {"drug": "opioid", "stops": True, "authored_days_ago": 200,
                    "portions": [{"ingredient": "morphine", "mg": 60}]}}),
    ],
)  # fmt: skip
def test_what_cannot_be_told_says_of_which_day(edition: Edition, topic: str, given: dict[str, Any]) -> None:
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, CannotTell)
    days = 200 if topic == "opioid-taper" else 20
    assert [m.when for m in outcome.missing] == [NOW.date() - timedelta(days=days)]


# Bone-modifying drugs


@pytest.mark.parametrize(("ideal", "adjusted", "told"), [(45, 61, ("ideal",)), (70, 55, ("adjusted",)), (70, 80, ())])
def test_only_the_weights_that_lead_to_another_row_are_told(
    edition: Edition, ideal: int, adjusted: int, told: tuple[str, ...]
) -> None:
    weights = {"clearance_with_ideal_weight": ideal, "clearance_with_adjusted_weight": adjusted}
    given = {"order": {"drug": "zoledronic-acid", "dose_mg": 5}, "clearance": 65, **weights}
    other: Any = advice(edition, "bisphosphonate-renal-dose", given).data["other_weights"]
    assert tuple(name for name, _ in other) == told


@pytest.mark.parametrize(
    ("more", "given", "others"),
    [
        ({}, False, True),
        ({"uses": [{"drug": "denosumab", "active": True, "days_ago": 20, "product": "oncology"}]}, True, False),
        ({"uses": [{"drug": "pamidronate", "active": True, "days_ago": 20}]}, False, True),
    ],
)
def test_where_the_table_forbids_a_drug_another_that_is_given_is_told_and_no_third_offered(
    edition: Edition, more: dict[str, Any], given: bool, others: bool
) -> None:
    found = advice(
        edition, "bisphosphonate-renal-dose", {"order": {"drug": "pamidronate", "dose_mg": 90}, "clearance": 25} | more
    )
    assert found.say == "not-recommended"
    assert (found.data["given"] is not None) is given
    assert (len(found.suggestions) > 1) is others


@pytest.mark.parametrize(
    ("indications", "diagnoses", "offered"),
    [
        (["bone-metastasis"], ["lung-cancer"], True),
        ([], ["lung-cancer"], False),
        (["osteoporosis"], ["lung-cancer"], False),
        ([], BOTH, True),
    ],
)
def test_a_product_for_osteoporosis_is_replaced_where_the_order_or_a_diagnosis_says_bone_metastasis(
    edition: Edition, indications: list[str], diagnoses: list[str], offered: bool
) -> None:
    order = {"drug": "zoledronic-acid", "dose_mg": 5, "product": "osteoporosis", "indications": indications}
    found = advice(edition, "bisphosphonate-renal-dose", {"order": order, "diagnoses": diagnoses})
    assert found.say == "other-product"
    assert bool(found.suggestions) is offered


def test_mild_pain_beside_a_bisphosphonate_tells_of_it(edition: Edition) -> None:
    given: dict[str, Any] = {"pain": 2, "uses": [{"drug": "zoledronic-acid", "active": True}]}
    found: Any = advice(edition, "analgesia-ladder", given).data["given"]
    assert found.ref == "MedicationRequest/use-0"


def test_of_three_prescriptions_the_newest_and_the_next_that_differs_are_told(edition: Edition) -> None:
    uses = [{"drug": d, "active": True, "days_ago": n} for d, n in (("denosumab", 5), ("zoledronic-acid", 9))]
    outcome = advice(edition, "concurrent-bma", {"uses": [*uses, uses[0] | {"days_ago": 12}]})
    assert [outcome.data[name].ref for name in ("use", "other")] == [  # type: ignore[attr-defined]
        "MedicationRequest/use-0",
        "MedicationRequest/use-1",
    ]


@pytest.mark.parametrize("calcium", ["low", "normal"])
def test_an_overdue_denosumab_rests_on_calcium_too(edition: Edition, calcium: str) -> None:
    given = {"order": {"drug": "denosumab"}, "calcium": {"level": calcium, "mmol_l": "1.9"}}
    late = {"uses": [{"drug": "denosumab", "kind": "administration", "days_ago": 85}]}
    assert calcium in content(advice(edition, "denosumab-discontinuation", given | late).data)


@pytest.mark.parametrize(
    "given",
    [{"order": {"drug": "calcium-supplement"}}, {"order": {"drug": "denosumab"}, "uses": [
        {"drug": "calcium-supplement", "active": True}]}],
)  # fmt: skip
def test_another_calcium_makes_another_card_of_a_supplement(edition: Edition, given: dict[str, Any]) -> None:
    first, second = (
        advice(edition, "hypercalcaemia-no-supplement", given | {"calcium": {"level": "high", "mmol_l": value}})
        for value in ("2.8", "2.85")
    )
    assert first.say == second.say
    assert content(first.data) != content(second.data)


# Pain, distress, surgery


@pytest.mark.parametrize(("first", "kind"), [("zoledronic-acid", Advise), ("opioid", NoAdvice)])
def test_a_draft_of_another_kind_in_front_does_not_carry_the_card_of_an_opioid_first(
    edition: Edition, first: str, kind: type
) -> None:
    topic = "opioid-first-line"
    facts = ask(edition, topic, {"order": {"drug": "nsaid"}, "pain": 6, "also_ordered": [{"drug": first}]}).facts
    nsaid, other = facts.orders.all
    facts.__dict__["orders"] = Orders((other, nsaid))
    parameters = Parameters(edition.knowledge.guideline.recommendations[topic])
    assert isinstance(edition.rules[topic].function(nsaid, facts, parameters), kind)


@pytest.mark.parametrize(("days", "told"), [((5, 9), 0), ((9, 5), 1)])
def test_of_two_positive_screens_the_newest_is_told(edition: Edition, days: tuple[int, int], told: int) -> None:
    screens = [
        {"instrument": name, "score": 20, "days_ago": ago} for name, ago in zip(("gad-7", "phq-9"), days, strict=True)
    ]
    screen: Any = advice(edition, "psychological-support", {"screens": screens}).data["screen"]
    assert screen.ref == f"Observation/screen-{told}"


@pytest.mark.parametrize(("value", "shown"), [(0, False), (1, True)])
def test_a_site_decides_whether_the_score_of_a_screen_is_shown(edition: Edition, value: int, shown: bool) -> None:
    own = edition.knowledge.guideline.recommendations["psychological-support"]
    parameter = msgspec.structs.replace(own.parameters["show_score"], value=value)
    changed = msgspec.structs.replace(own, parameters={**own.parameters, "show_score": parameter})
    given = {"screens": [{"instrument": "phq-9", "score": 20}]}
    found = advice(with_recommendation(edition, changed), "psychological-support", given)
    assert found.data["shown"] is shown


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, False),
        ({"uses": [{"drug": "opioid", "active": True, "days_ago": 60}],
          "activities": [{"what": "radiotherapy", "days_ago": 40, "site": "humerus"}]}, True),
    ],
)  # fmt: skip
def test_the_score_is_told_only_where_pain_asks_for_the_surgeon(
    edition: Edition, more: dict[str, Any], told: bool
) -> None:
    fracture = {"concept": "pathological-fracture", "days_ago": 10, "site": "femur"}
    given = {"pain": 8, "skeleton": [{"concept": "bone-metastasis"}, fracture]}
    assert (advice(edition, "surgical-evaluation", given | more).data["pain"] is not None) is told
