"""What a requested procedure says besides its code: where, why, with what; and several orders told once."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.several import SAID_ONCE, said_once
from cds_service.evaluate.triggers import procedure, rule
from cds_service.facts.requests import Requested
from cds_service.facts.subjects import RequestedProcedure
from cds_service.fhir.structs import Condition, Resource, ServiceRequest


def says(edition: Edition, it: dict[str, Any], *referred: Resource) -> Requested:
    request = msgspec.json.decode(json.dumps({"resourceType": "ServiceRequest", **it}).encode(), type=ServiceRequest)
    by_ref = {f"Condition/{r.id}": r for r in referred}
    return edition.readers.orders.requests.read(request, by_ref.get)


@pytest.mark.parametrize(
    ("text", "bone", "levels"),
    [
        ("SBRT T8", "spine", {"T8"}),
        ("Decompressive laminectomy T7-T9", "spine", {"T7", "T8", "T9"}),
        ("VMAT T10 30Gy/10f", "spine", {"T10"}),
        ("胸8椎板切除减压术", "spine", {"T8"}),
        ("左股骨放射治疗", "femur", set()),
        ("骨转移灶放疗", "bone", set()),
    ],
)
def test_where_it_is_done(edition: Edition, text: str, bone: str, levels: set[str]) -> None:
    place = says(edition, {"code": {"text": text}}).place
    assert place.bone
    assert (place.bone.name, place.bone.levels) == (bone, levels)


@pytest.mark.parametrize(
    "text", ["肺部放疗 60Gy/30f", "SBRT of lung cancer T2", "全脑放疗", "Stereotactic radiosurgery of brain"]
)
def test_another_part_of_the_body_is_no_bone(edition: Edition, text: str) -> None:
    assert says(edition, {"code": {"text": text}}).place.of_bone == "no"


def test_letters_name_a_vertebra_only_beside_what_is_done_to_a_part(edition: Edition) -> None:
    assert says(edition, {"code": {"text": "MRI T2"}}).place.of_bone == "unknown"


@pytest.mark.parametrize("member", ["reasonCode", "reason", "reasonReference"])
def test_why_in_every_shape(edition: Edition, member: str) -> None:
    why: Any = {"text": "病理性骨折"}
    why = (
        {"concept": why} if member == "reason" else {"reference": "Condition/c"} if member == "reasonReference" else why
    )
    condition = msgspec.json.decode(
        b'{"resourceType":"Condition","id":"c","code":{"text":"\xe7\x97\x85\xe7\x90\x86\xe6\x80\xa7\xe9\xaa\xa8\xe6\x8a\x98"}}',
        type=Condition,
    )
    found = says(edition, {"code": {"text": "放疗"}, member: [why]}, condition)
    assert "pathological-fracture" in found.reasons


def test_what_is_only_suspected_is_told_apart(edition: Edition) -> None:
    found = says(edition, {"code": {"text": "股骨放疗"}, "note": [{"text": "病理性骨折待排"}]})
    assert "pathological-fracture" in found.doubted
    assert "pathological-fracture" not in found.conditions


def test_what_is_denied_is_not_said(edition: Edition) -> None:
    found = says(edition, {"code": {"text": "股骨放疗"}, "note": [{"text": "无疼痛，非根治"}]})
    assert found.said.isdisjoint({"pain-named", "curative-intent"})


@pytest.mark.parametrize(
    ("text", "substance"),
    [
        ("锶-89治疗", "strontium-89"),
        ("镭-89治疗", "strontium-89"),
        ("89Sr内照射治疗", "strontium-89"),
        ("镭-223 治疗", "radium-223"),
        ("153Sm 治疗", "samarium-153"),
        ("核素治疗", ""),
    ],
)
def test_the_radionuclide(edition: Edition, text: str, substance: str) -> None:
    assert says(edition, {"code": {"text": text}}).substance == substance


@pytest.mark.parametrize("text", ["碘-131核素治疗", "177Lu-PSMA 治疗", "I-131 therapy"])
def test_other_radionuclides_are_told_apart(edition: Edition, text: str) -> None:
    found = says(edition, {"code": {"text": text}})
    assert "other-radionuclide" in found.named
    assert found.substance == ""


def test_details_name_procedures_too(edition: Edition) -> None:
    found = says(edition, {"code": {"text": "放疗"}, "orderDetail": [{"text": "SBRT 24Gy/3f"}]})
    assert {"radiotherapy", "sbrt"} <= found.named


@pytest.mark.parametrize(
    "member", ["extension", "note", "reasonCode", "bodySite", "quantityQuantity", "reasonReference"]
)
@pytest.mark.parametrize("value", [7, "x", [[]], [None], {"a": []}, [{"text": 7}]])
def test_members_of_any_shape_are_no_fault(edition: Edition, member: str, value: Any) -> None:
    assert says(edition, {"code": {"text": "股骨放疗 30Gy/10f"}, member: value}).place.bone


def test_words_too_long_for_an_order_are_not_read_by_their_beginning(edition: Edition) -> None:
    found = says(edition, {"code": {"text": "股骨放疗"}, "note": [{"text": "30Gy/10f，" * 200}]})
    assert found.unread
    assert found.told == ()


# Several orders, told once.


def orders(*texts: str, selected: bool = True) -> list[RequestedProcedure]:
    return [RequestedProcedure(t, n, None, RequestText(t), ("mri",), selected, False) for n, t in enumerate(texts)]


@rule("toy", procedure("mri"))
def toy(order: object, facts: object, p: object) -> Outcome:
    raise NotImplementedError


def judged(order: RequestedProcedure) -> Outcome:
    if order.text.startswith("no"):
        return NoAdvice("no")
    return Advise("info", str(order.text)[0], {"orders": (order,)})


def test_the_first_lists_those_of_which_the_same_is_said() -> None:
    all_of = orders("no-1", "a-1", "b-1", "a-2", "no-2", "a-3")
    said = {o.text: said_once(o, toy, all_of, judged) for o in all_of}
    first = said[RequestText("a-1")]
    assert isinstance(first, Advise)
    assert [o.text for o in first.data["orders"]] == ["a-1", "a-2", "a-3"]  # type: ignore[attr-defined]
    assert isinstance(said[RequestText("b-1")], Advise)
    assert said[RequestText("a-2")] == said[RequestText("a-3")] == NoAdvice(SAID_ONCE)
    assert said[RequestText("no-1")] == NoAdvice("no")


def test_what_is_not_selected_is_not_listed() -> None:
    (one,) = orders("a-1")
    (other,) = orders("a-2", selected=False)
    found = said_once(one, toy, [other, one], judged)
    assert isinstance(found, Advise)
    assert found.data["orders"] == (one,)
