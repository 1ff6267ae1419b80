"""Orders as people write them: once, spans, cycles, pieces, doses that were calculated, routes, old codes."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from tests.build import RXNORM, SNOMED, Json, bundle, order
from tests.field.asking import (
    CALCIUM,
    CLEARANCE_95,
    DENOSUMAB_DOSE,
    DOSE,
    FOUR_WEEKLY,
    cards,
    laboratory,
    of_zoledronic,
    ordered,
)

WELL = {"laboratory": laboratory(CLEARANCE_95, CALCIUM)}
DAILY = {"frequency": 1, "period": 1, "periodUnit": "d"}


def repeat(**members: Any) -> Json:
    return {"timing": {"repeat": DAILY | members}}


ONCE: list[Json] = [
    repeat(count=1),
    repeat(boundsDuration={"value": 1, "code": "d"}),
    repeat(boundsDuration={"value": 24, "code": "h"}),
    repeat(boundsPeriod={"start": "2026-03-02", "end": "2026-03-02"}),
    repeat(boundsRange={"high": {"value": 1, "code": "d"}}),
    {"timing": {"event": ["2026-03-02"]}},
    {"timing": {"code": {"text": "ONCE"}}},
    *(
        {"text": text}
        for text in (
            "120 mg SC STAT", "120 mg SC daily x 1 dose", "120 mg SC daily for 1 day", "120mg 皮下注射 qd 共1天",
            "120mg 皮下注射 qd×1天", "120mg 皮下注射 临时医嘱", "120mg 皮下 d1", "C1D1 120 mg SC",
            "120 mg SC every cycle", "120mg 皮下注射 每周期第1天", "120mg 皮下注射 第1天 21天为一周期",
            "120mg 皮下注射 每疗程1次",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize("dosage", ONCE, ids=str)
def test_one_dose_has_no_interval(edition: Edition, dosage: Json) -> None:
    assert DENOSUMAB_DOSE not in cards(edition, ordered(dosage))


@pytest.mark.parametrize(
    "text", ["daily", "daily for 3 days", "qd", "每日1次 共10天", "每周1次", "q12w", "weekly x 1 dose"]
)
def test_another_interval_is_told(edition: Edition, text: str) -> None:
    assert DENOSUMAB_DOSE in cards(edition, ordered({"text": f"120 mg 皮下注射 {text}"}))


SPANS: list[tuple[Json, bool]] = [
    ({"timing": {"repeat": {"frequency": 1, "period": 3, "periodMax": 4, "periodUnit": "wk"}}}, False),
    ({"timing": {"repeat": {"frequency": 1, "frequencyMax": 2, "period": 4, "periodUnit": "wk"}}}, False),
    ({"text": "120 mg SC every 3-4 weeks"}, False),
    ({"text": "120 mg SC every three to four weeks"}, False),
    ({"text": "120mg 皮下注射 每3-4周一次"}, False),
    ({"text": "120mg 皮下注射 每三至四周一次"}, False),
    ({"text": "120mg ih q3~4周"}, False),
    ({"timing": {"repeat": {"frequency": 1, "period": 2, "periodMax": 3, "periodUnit": "wk"}}}, True),
    ({"text": "120 mg SC every 2 to 3 weeks"}, True),
    ({"text": "120mg 皮下注射 每5至6周一次"}, True),
]


@pytest.mark.parametrize(("dosage", "told"), SPANS, ids=str)
def test_of_a_span_both_ends_count(edition: Edition, dosage: Json, *, told: bool) -> None:
    card = cards(edition, ordered(dosage)).get(DENOSUMAB_DOSE)
    assert (card is not None) is told
    assert card is None or "–" in card.summary


@pytest.mark.parametrize(
    "text",
    [
        "2 vials (4 mg/vial) IV over 15 min", "two 4 mg vials IV", "2 x 4 mg vial IV", "4 mg vial x2",
        "2 vials of 4 mg", "每次2支(4mg/支) 静滴", "4mg×2支 静滴", "2支 (每支4mg)", "两支，每支4mg",
        "用量:2支;规格:4mg/支", "10 mL (0.8 mg/mL)", "10ml(4mg/5ml)",
    ],
)  # fmt: skip
def test_pieces_are_counted(edition: Edition, text: str) -> None:
    assert "8 mg is above 4 mg" in cards(edition, of_zoledronic({"text": text}), **WELL)[DOSE].summary


@pytest.mark.parametrize("text", ["4mg*2", "4mg 2支", "2 × 4 mg", "8 mg (2 vials)"])
def test_what_nobody_can_place_is_no_dose(edition: Edition, text: str) -> None:
    assert "no readable dose" in cards(edition, of_zoledronic({"text": text}), **WELL)[DOSE].summary


@pytest.mark.parametrize(
    "text",
    [
        "1 vial (4 mg/vial)", "5 mL of 0.8 mg/mL", "4mg+0.9%NaCl 100ml 静滴", "4 mg (1 vial, 4 mg/5 mL) in 100 mL NS",
        "100 mL (4 mg/100 mL)",
    ],
)  # fmt: skip
def test_the_right_dose_in_many_words_is_right(edition: Edition, text: str) -> None:
    assert cards(edition, of_zoledronic({"text": text}), **WELL) == {}


@pytest.mark.parametrize(
    "name",
    [
        "zoledronic acid 0.8 mg per mL, 5 mL vial", "ZOLEDRONIC ACID 0.8MG/ML INJ,5ML", "唑来膦酸注射液 5ml:4mg",
        "唑来膦酸 每毫升含0.8毫克 5毫升/支", "唑来膦酸注射液(0.8mg/ml,5ml)", "唑来膦酸注射液 4mg/支",
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["vial", "支"])
def test_a_concentration_is_no_dose(edition: Edition, name: str, unit: str) -> None:
    dosage = {"doseAndRate": [{"doseQuantity": {"value": 2, "unit": unit}}]}
    assert "8 mg is above 4 mg" in cards(edition, of_zoledronic(dosage, name), **WELL)[DOSE].summary


def typed(kind: str, mg: float) -> Json:
    coding = {"system": "http://terminology.hl7.org/CodeSystem/dose-rate-type", "code": kind}
    return {"type": {"coding": [coding]}, "doseQuantity": {"value": mg, "unit": "mg"}}


BARE = {"doseQuantity": {"value": 5.5, "unit": "mg"}}


@pytest.mark.parametrize(
    "doses",
    [
        [typed("calculated", 3.3), typed("ordered", 5.5)],
        [typed("ordered", 5.5), typed("calculated", 3.3)],
        [typed("Calculated", 8), typed("ORDERED", 5.5)],
        [typed("calculated", 8), BARE],
        [BARE, typed("calculated", 8)],
        [{"type": {"text": "Calculated"}, "doseQuantity": {"value": 8, "unit": "mg"}}, BARE],
    ],
)
def test_the_ordered_dose_counts(edition: Edition, doses: list[Json]) -> None:
    assert "5.5 mg is above 4 mg" in cards(edition, of_zoledronic({"doseAndRate": doses}), **WELL)[DOSE].summary


def test_a_calculated_dose_alone_is_none(edition: Edition) -> None:
    found = cards(edition, of_zoledronic({"doseAndRate": [typed("calculated", 4)]}), **WELL)
    assert "no readable dose" in found[DOSE].summary


SUBCUTANEOUS = ["SUBQ", "SQ", "SC", "s.c.", "sub-q", "Subcutaneous", "ih", "皮下", "皮下注射", "皮下(IH)", "SC inj"]
SAYS_NOTHING = ["injection", "Inj", "注射", "IJ", "Parenteral", "胃肠外", "under the skin", "H"]
V3 = "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration"


@pytest.mark.parametrize("route", [*SUBCUTANEOUS, *SAYS_NOTHING])
def test_a_route_that_is_right_or_unknown_is_no_other_route(edition: Edition, route: str) -> None:
    assert cards(edition, ordered({"timing": FOUR_WEEKLY, "route": {"text": route}})) == {}


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (SNOMED, "263887005"), (SNOMED, "129326001"), ("http://standardterms.edqm.eu", "20066000"), (V3, "SQ"),
        ("urn:oid:1.2.3", "101"),
    ],
)  # fmt: skip
def test_nor_is_a_code(edition: Edition, system: str, code: str) -> None:
    route = {"coding": [{"system": system, "code": code}]}
    assert cards(edition, ordered({"timing": FOUR_WEEKLY, "route": route})) == {}


@pytest.mark.parametrize("route", ["IV", "静脉滴注", "ivgtt", "im", "肌注", "oral"])
def test_another_route_is_told(edition: Edition, route: str) -> None:
    assert DENOSUMAB_DOSE in cards(edition, ordered({"timing": FOUR_WEEKLY, "route": {"text": route}}))


HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"


@pytest.mark.parametrize(
    ("system", "code", "mg"),
    [
        (HCPCS, "J3487", 4), (HCPCS, "J3488", 5), (HCPCS, "J3489", 4), (HCPCS + "/", "J3489", 4),
        ("urn:oid:2.16.840.1.113883.6.285", "J3489", 4),
        (HCPCS, "J1740", 6), ("http://www.whocc.no/atc", "M05BA08", 4),
        ("urn:oid:2.16.840.1.113883.6.73", "M05BA08", 4), (RXNORM, "351114", 4),
        ("urn:oid:2.16.840.1.113883.6.88", "77655", 4), ("http://fdasis.nlm.nih.gov", "6XC1PAD3KF", 4),
    ],
)  # fmt: skip
def test_a_drug_is_known_by_its_code_alone(edition: Edition, system: str, code: str, mg: float) -> None:
    coded = order("1", mg) | {"medicationCodeableConcept": {"coding": [{"system": system, "code": code}]}}
    assert DOSE in cards(edition, coded)


@pytest.mark.parametrize("code", ["J0897", "Q5136"])
def test_so_is_denosumab(edition: Edition, code: str) -> None:
    coded = order("1", 60) | {"medicationCodeableConcept": {"coding": [{"system": HCPCS, "code": code}]}}
    assert DENOSUMAB_DOSE in cards(edition, coded)


def test_a_draft_of_another_patient_counts_only_where_it_would_be_answered(edition: Edition) -> None:
    from cds_service.call.problems import BadRequest  # noqa: PLC0415  # only here

    elsewhere = {"reference": "Patient/other"}
    amoxicillin = order("723", 500) | {"id": "amoxicillin", "subject": elsewhere}
    x_ray = {"resourceType": "ServiceRequest", "id": "x", "status": "draft", "code": {"text": "chest X-ray"}}
    own = of_zoledronic({"text": "4 mg"})
    assert set(cards(edition, own, amoxicillin, x_ray | {"subject": elsewhere})) == {DOSE}
    with pytest.raises(BadRequest) as caught:
        cards(edition, amoxicillin, own | {"subject": elsewhere}, procedures=bundle())
    assert caught.value.where == "context.draftOrders.entry[1].resource.subject"
