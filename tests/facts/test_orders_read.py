"""Draft orders compared whole: everything that a draft says of its drug, of its procedure, and of why it ends."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import Dose, RequestText
from cds_service.call.problems import BadRequest, DataNotObtained
from cds_service.edition import Edition
from cds_service.facts.orders import OrderReader
from cds_service.facts.requests import NOTHING
from cds_service.facts.subjects import DrugOrder, Order, RequestedProcedure
from cds_service.knowledge.drugs import Product
from cds_service.record.bundles import readable
from tests.build import ICD10CM, PATIENT, RXNORM, SNOMED, UCUM, Json, condition
from tests.facts.whole import orders_of

T = RequestText
WORDS = "4 mg iv over 15 minutes every 4 weeks"
SUBJECT = {"reference": f"Patient/{PATIENT}"}


def drug(text: str, dosage: str | Json | None = None, **members: Any) -> Json:
    made: Json = {"resourceType": "MedicationRequest", "id": "d", "status": "draft", "intent": "order"}
    given = {"text": dosage} if isinstance(dosage, str) else dosage
    told = {"subject": SUBJECT, "medicationCodeableConcept": {"text": text}}
    return made | told | ({"dosageInstruction": [given]} if given else {}) | members


def service(code: Json, **members: Any) -> Json:
    return {"resourceType": "ServiceRequest", "id": "s", "status": "draft", "intent": "order", "code": code} | members


def read(edition: Edition, *drafts: Json, record: tuple[Json, ...] = ()) -> tuple[Order, ...]:
    return orders_of(edition, *drafts, record=record)


def one(edition: Edition, draft: Json, *record: Json) -> DrugOrder:
    (found,) = read(edition, draft, record=record)
    assert isinstance(found, DrugOrder)
    return found


def test_a_drug_order_is_read_whole(edition: Edition) -> None:
    draft = drug(
        "zoledronic acid", {"text": WORDS, "route": {"text": "intravenous"}},
        reasonCode=[{"text": "骨转移"}], authoredOn="2026-03-01", groupIdentifier={"value": "x"},
        priorPrescription={"reference": "MedicationRequest/9"}, basedOn=[{"reference": "MedicationRequest/8"}],
    )  # fmt: skip
    assert read(edition, draft) == (
        DrugOrder(
            key="d", position=0, ref=T("MedicationRequest/d"), text=T("zoledronic acid"), drugs=("zoledronic-acid",),
            groups=frozenset({"bisphosphonate"}), product=Product("oncology", "dose"), selected=True, stops=False,
            dose=Dose(Fraction(4), False, T(WORDS)), route="intravenous", interval_days=Fraction(28),
            interval_high_days=Fraction(28), interval_shown=T("every 4 weeks"), infusion_minutes=Fraction(15),
            daily_mg=Fraction(1, 7),
            indications=frozenset({"bone-metastasis"}), stops_ref="MedicationRequest/9", authored=date(2026, 3, 1),
            replaces=frozenset({"MedicationRequest/8", "MedicationRequest/9"}),
        ),
    )  # fmt: skip


def test_an_order_that_forbids_says_why_not(edition: Edition) -> None:
    found = one(
        edition,
        drug("denosumab", doNotPerform=True, reasonCode=[{"text": "低钙血症"}], id=None, status="active"),
    )
    assert (found.key, found.ref, found.stops, found.forbids) == ("#0", None, True, True)
    assert (found.stop_reasons, found.stop_text, found.stop_stated) == (
        frozenset({"hypocalcaemia"}), "低钙血症", True
    )  # fmt: skip
    starts = one(edition, drug("denosumab", reasonCode=[{"text": "低钙血症"}]))
    assert (starts.stops, starts.forbids, starts.stop_reasons, starts.stop_stated) == (False, False, frozenset(), False)
    assert starts.indications == found.indications == {"hypocalcaemia"}


@pytest.mark.parametrize(
    ("reason", "stated", "text"),
    [
        ({"text": "低钙血症"}, True, "低钙血症"), ({"text": "骨转移"}, False, "骨转移"),
        ({"text": "cost"}, True, "cost"), ({"coding": [{"code": "x"}]}, True, None), ({}, False, None),
        ({"text": "骨转移，低钙血症"}, True, "骨转移，低钙血症"),
    ],
)  # fmt: skip
def test_whether_a_reason_for_an_end_is_given(edition: Edition, reason: Json, stated: bool, text: str | None) -> None:
    found = one(edition, drug("denosumab", status="stopped", statusReason=reason))
    assert (found.stop_stated, found.stop_text, found.held) == (stated, text, False)
    assert one(edition, drug("denosumab", status="on-hold")).held


def test_a_substance_of_a_list_a_daily_amount_and_a_problem(edition: Edition) -> None:
    alendronate = one(edition, drug("alendronate", "70 mg orally once weekly"))
    assert (alendronate.drug, alendronate.substance) == ("other-bisphosphonate", "alendronate")
    clodronate = one(edition, drug("clodronate", "800 mg orally twice daily"))
    assert (clodronate.daily_mg, clodronate.interval_days) == (Fraction(1600), Fraction(1, 2))
    tablet = one(edition, drug("acetaminophen", "500 mg orally every 6 hours"))
    assert tablet.daily
    assert [(p.ingredient, p.most) for p in tablet.daily.portions] == [("acetaminophen", 2000)]
    odd = one(edition, drug("zoledronic acid", "4 mg or 5 mg iv"))
    assert odd.dose is None
    assert odd.dose_problem
    span = one(edition, drug("denosumab", "120 mg sc every 3 to 4 weeks"))
    assert (span.interval_days, span.interval_high_days) == (21, 28)
    once = one(edition, drug("zoledronic acid", "4 mg iv once"))
    assert once.single


def test_reasons_in_words_by_code_and_by_reference(edition: Edition) -> None:
    def indications(*record: Json, **members: Any) -> frozenset[str]:
        return one(edition, drug("denosumab", **members), *record).indications

    here, other = condition("C79.51", id="c"), condition("C34.11", id="e")
    both = frozenset({"bone-metastasis", "lung-cancer"})
    refs = [{"reference": "Condition/c"}, {"display": "x"}, {"reference": "Condition/e"}]
    assert indications(here, other, reasonReference=refs) == both
    assert indications(here, reasonCode=[{"text": "lung cancer"}], reasonReference=refs[:1]) == both
    assert indications(here, other, reason=[{"reference": r} for r in refs]) == both
    assert indications(reason=[{"concept": {"text": "骨转移"}}]) == {"bone-metastasis"}
    assert indications(reasonReference=[{"reference": "Condition/none"}]) == frozenset()
    broad = {"coding": [{"system": ICD10CM, "code": "M27.2"}]}
    assert indications(reasonCode=[broad]) == frozenset(), "a broad code says nothing by itself"


@pytest.mark.parametrize(
    ("members", "fever"),
    [
        ({"dosageInstruction": [{"text": "500 mg，体温>38.5℃时"}]}, True),
        ({"dosageInstruction": [{"text": "500 mg，发热或疼痛时"}]}, False),
        ({"dosageInstruction": [{"text": "500 mg 发热时"}], "reasonCode": [{"text": "疼痛"}]}, False),
        ({"reasonCode": [{"text": "发热"}]}, True),
        ({"reasonCode": [{"text": "发热"}, {"text": "骨痛"}]}, False),
        ({"reasonCode": [{"text": "发热"}, {"coding": [{"display": "bone pain"}]}]}, False),
    ],
)
def test_fever_is_a_reason_where_pain_is_none(edition: Edition, members: Json, fever: bool) -> None:
    assert ("fever" in one(edition, drug("acetaminophen", **members)).indications) is fever


# Procedures


def test_a_requested_procedure_is_read_whole(edition: Edition) -> None:
    (found,) = read(edition, service({"text": "Bone scan"}, id=None, doNotPerform=True))
    assert isinstance(found, RequestedProcedure)
    assert found == RequestedProcedure("#0", 0, None, T("Bone scan"), ("bone-scan",), True, True, found.says)
    assert found.says.told == ("Bone scan",)
    (other,) = read(edition, service({"coding": [{"system": SNOMED, "code": "1"}]}))
    assert other == RequestedProcedure("s", 0, T("ServiceRequest/s"), T(""), (), True, False, NOTHING)
    (bare,) = read(edition, {k: v for k, v in service({}).items() if k != "code"} | {"status": "revoked"})
    assert bare == RequestedProcedure("s", 0, T("ServiceRequest/s"), T(""), (), True, True, NOTHING)


def test_what_is_requested(edition: Edition) -> None:
    def concepts(code: Json) -> tuple[str, ...]:
        (found,) = read(edition, service(code))
        assert isinstance(found, RequestedProcedure)
        return found.concepts

    assert concepts({"text": "血肌酐"}) == ("creatinine",), "a test of the laboratory"
    assert concepts({"coding": [{"system": SNOMED, "code": "229033006"}]}) == (), "a broad code"
    two = {"coding": [{"system": SNOMED, "code": "34043003"}, {"display": "dental examination"}]}
    assert concepts(two).count("dental-examination") == 1
    assert concepts({"coding": [{"display": "Bone scan"}]}) == ("bone-scan",)


# Which are read, and which are selected


class Entry:
    def __init__(self, url: str | None) -> None:
        self.full_url = url


def select(edition: Edition, *selections: str, url: str | None = None) -> list[bool]:
    drafts = (drug("denosumab"), service({"text": "Bone scan"}))
    decoded = [readable.decode(msgspec.json.encode(each)) for each in drafts]
    entries = tuple((n, Entry(url if n == 0 else None), it) for n, it in enumerate(decoded))
    reader: OrderReader = edition.readers.orders
    return [o.selected for o in reader.read(entries, selections, lambda _: None)]  # type: ignore[arg-type]  # entries


@pytest.mark.parametrize(
    "selection",
    [
        "MedicationRequest/d", "MedicationRequest/d/", "d", "https://e/MedicationRequest/d",
        "MedicationRequest/d/_history/1", "urn:uuid:1",
    ],
)  # fmt: skip
def test_a_selection_by_any_of_its_names(edition: Edition, selection: str) -> None:
    assert select(edition, selection, url="urn:uuid:1") == [True, False]


def test_a_url_that_ends_in_a_slash_is_a_name_like_another(edition: Edition) -> None:
    assert select(edition, "urn:x/", url="urn:x/") == [True, False]
    assert select(edition, "https://e/fhir/MedicationRequest/7/", url="https://e/fhir/MedicationRequest/7/") == [
        True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "selection",
    ["NutritionOrder/n", "NutritionOrder/n/", "https://e/NutritionOrder/n", "/NutritionOrder/n", "NutritionOrder/X/"],
)
def test_a_selection_of_another_kind_is_somebody_elses(edition: Edition, selection: str) -> None:
    assert select(edition, selection, "ServiceRequest/s") == [False, True]


@pytest.mark.parametrize("selection", ["x", "MedicationRequest/x", "ServiceRequest/x/", "https://e/f/ServiceRequest/x"])
def test_a_selection_of_nothing_is_refused(edition: Edition, selection: str) -> None:
    with pytest.raises(BadRequest) as caught:
        select(edition, "ServiceRequest/s", selection)
    told = (caught.value.args[0], caught.value.where)
    assert told == ("The selection names no entry of draftOrders", "context.selections[1]")


def test_a_drug_behind_a_reference_that_leads_nowhere_is_not_obtained(edition: Edition) -> None:
    draft = drug("x", medicationReference={"reference": "Medication/m"})
    del draft["medicationCodeableConcept"]
    with pytest.raises(DataNotObtained) as caught:
        read(edition, draft)
    where = "context.draftOrders.entry[0].resource.medicationReference"
    said = "the Medication is neither contained, nor in draftOrders, nor prefetched"
    assert caught.value.args[0] == ((where, said),)
    medication = {"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": RXNORM, "code": "993449"}]}}
    assert one(edition, draft, medication).drug == "denosumab"
    assert [o.text for o in read(edition, draft, medication)]


def test_quantities_with_a_code_of_ucum(edition: Edition) -> None:
    dose = {"value": 120, "unit": "milligram", "code": "mg", "system": UCUM}
    found = one(edition, drug("denosumab", {"doseAndRate": [{"doseQuantity": dose}]}))
    assert found.dose
    assert (found.dose.mg, found.dose.is_range) == (120, False)
