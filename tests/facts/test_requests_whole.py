"""Requested procedures read whole: what code, details, notes, reasons and extensions say together."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.purpose import Purpose, Purposes
from cds_service.facts.radiation_extensions import Stated
from cds_service.facts.requests import LONGEST, Requested
from cds_service.facts.sites import BoneSite, Place
from cds_service.fhir.structs import CodeableConcept, Condition
from tests.build import ICD10CM
from tests.facts.test_requests import says

FRACTURE = msgspec.convert({"resourceType": "Condition", "id": "c", "code": {"text": "病理性骨折"}}, Condition)
RT: dict[str, Any] = {"code": {"text": "放疗"}}
TOLD = Requested(told=("放疗",), named=frozenset({"radiotherapy"}))
BONE = Place(BoneSite("bone", None, frozenset(), RequestText("病理性骨折")))
NEW = Purposes((Purpose("new-symptom", RequestText("病理性骨折")),))
BY_REASON: dict[str, Any] = {
    "place": BONE, "purposes": NEW,
    "conditions": frozenset({"pathological-fracture"}), "reasons": frozenset({"pathological-fracture"}),
}  # fmt: skip


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({}, {}),
        (
            {"bodySite": [{"text": "左股骨"}]},
            {"place": Place(BoneSite("femur", "left", frozenset(), RequestText("左股骨"))), "bone": True},
        ),
        # A reason says bone where nothing else does, and that is not said of the body site.
        (
            {"reasonCode": [{"text": "骨转移"}]},
            {
                "place": Place(BoneSite("bone", None, frozenset(), RequestText("骨转移"))),
                "conditions": frozenset({"bone-metastasis"}),
                "reasons": frozenset({"bone-metastasis"}),
                "said": frozenset({"metastasis"}),
            },
        ),
        ({"reasonReference": [{"reference": "Condition/c"}]}, BY_REASON),
        ({"reason": [{"reference": {"reference": "Condition/c"}}]}, BY_REASON),
        ({"reason": [{"reference": "Condition/c"}]}, BY_REASON),
        ({"reasonReference": [{"reference": "Condition/gone"}]}, {}),
        # Epic sends a reason by what it is called, and not the diagnosis itself.
        (
            {"reasonReference": [{"display": "bone pain"}]},
            {
                "place": Place(BoneSite("bone", None, frozenset(), RequestText("bone pain"))),
                "conditions": frozenset({"bone-pain"}),
                "reasons": frozenset({"bone-pain"}),
                "said": frozenset({"pain-named"}),
                "purposes": Purposes((Purpose("new-symptom", RequestText("bone pain")),)),
            },
        ),
        # Words and codes of reasons count together, and the reasons apart.
        (
            {
                "reasonCode": [{"coding": [{"system": ICD10CM, "code": "M84.50XA"}]}],
                "note": [{"text": "股骨转移疼痛"}],
            },
            {
                "told": ("放疗", "股骨转移疼痛"),
                "place": Place(BoneSite("femur", None, frozenset(), RequestText("股骨转移疼痛"))),
                "conditions": frozenset({"pathological-fracture", "bone-metastasis", "bone-pain"}),
                "reasons": frozenset({"pathological-fracture"}),
                "said": frozenset({"metastasis", "pain-named"}),
                "purposes": Purposes((Purpose("new-symptom", RequestText("M84.50XA")),)),
                "bone": True,
            },
        ),
        # What extensions and the quantity state.
        (
            {
                "extension": [
                    {"url": "http://x/codexrt-radiotherapy-course-involves-reirradiation", "valueBoolean": True}
                ],
                "note": [{"text": "止痛"}],
            },
            {
                "told": ("放疗", "止痛"),
                "said": frozenset({"re-irradiation", "pain-named"}),
                "stated": Stated(again=True),
            },
        ),
        (
            {
                "extension": [{"url": "http://x/mcode-procedure-intent", "valueCodeableConcept": {"text": "curative"}}],
            },
            {"said": frozenset({"curative-intent"}), "stated": Stated(intents=(CodeableConcept(text="curative"),))},
        ),
        ({"quantityQuantity": {"value": 5, "unit": "fractions"}}, {"stated": Stated(fractions=(5,))}),
        # Words too long are not read by their beginning; those of the reasons still are.
        (
            {"note": [{"text": "x" * LONGEST}], "reasonCode": [{"text": "止痛放疗"}]},
            {"told": (), "said": frozenset({"pain-named"}), "unread": True},
        ),
        ({"reasonCode": [{"text": "y" * (LONGEST + 1)}]}, {"unread": True}),
        ({"reasonCode": [{"text": "y" * LONGEST}]}, {}),
    ],
)
def test_a_request_of_radiotherapy(edition: Edition, members: dict[str, Any], expected: dict[str, Any]) -> None:
    assert says(edition, RT | members, FRACTURE) == dataclasses.replace(TOLD, **expected)


@pytest.mark.parametrize(
    ("asked", "named", "substance"),
    [
        ({"code": {"text": "锶-89治疗"}}, {"radionuclide-therapy"}, "strontium-89"),
        (
            {"code": {"text": "核素治疗"}, "orderDetail": [{"text": "锶-89"}]},
            {"radionuclide-therapy"},
            "strontium-89",
        ),
        ({"code": {"text": "放疗"}, "orderDetail": [{"text": "SBRT"}]}, {"radiotherapy", "sbrt"}, ""),
        ({"code": {"text": "核素治疗"}}, {"radionuclide-therapy"}, ""),
        (
            {"code": {"text": "核素治疗"}, "orderDetail": [{"text": "锶-89"}, {"text": "镭-223"}]},
            {"radionuclide-therapy"},
            "",
        ),
        ({"code": {"text": "碘-131核素治疗"}, "orderDetail": [{"text": "唑来膦酸"}]}, None, ""),
        ({"orderDetail": [{"text": "锶-89"}]}, set(), ""),
    ],
)  # fmt: skip
def test_what_it_is_done_with(edition: Edition, asked: dict[str, Any], named: set[str] | None, substance: str) -> None:
    found = says(edition, asked)
    assert named is None or found.named == named
    assert found.substance == substance


def test_without_a_code_nothing_is_requested(edition: Edition) -> None:
    assert says(edition, {"note": [{"text": "股骨放疗"}]}) == Requested()
