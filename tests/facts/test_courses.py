"""Dose and fractions of radiotherapy, in words of two languages and in extensions: one number, or none."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.folders import content_root
from cds_service.base.kinds import RequestText
from cds_service.base.yamlfile import load_as
from cds_service.facts.courses import Course, CourseReader
from cds_service.facts.fraction_text import FractionText
from cds_service.facts.radiation_extensions import ExtensionReader, Stated
from cds_service.facts.requests import Requested
from cds_service.facts.subjects import RequestedProcedure
from cds_service.fhir.undecoded import extended, quantity
from cds_service.knowledge.radiotherapy import RadiotherapyWords

WORDS = load_as(content_root() / "radiotherapy.yaml", RadiotherapyWords)
READER, TEXT, EXTENSIONS = CourseReader(WORDS), FractionText(WORDS), ExtensionReader(WORDS)
CODEX = "http://hl7.org/fhir/us/codex-radiation-therapy/StructureDefinition/codexrt-radiotherapy"
MCODE = "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy"


def course(*texts: str, stated: Stated | None = None, concept: str = "radiotherapy") -> Course:
    says = Requested(told=texts, stated=stated or Stated())
    order = RequestedProcedure("order-1", 0, None, RequestText("RT"), (concept,), True, False, says)
    return READER.read([order]).of(order)


@pytest.mark.parametrize(
    ("text", "fractions"),
    [
        ("30Gy/10f", 10),
        ("DT 30 Gy/10 次", 10),
        ("30Gy/10次/2周", 10),
        ("８Ｇｙ×１次", 1),
        ("8 Gy×1", 1),
        ("单次8Gy", 1),
        ("8Gy 单次", 1),
        ("骨转移灶单次放疗", 1),
        ("single 8 Gy", 1),
        ("8 Gy in a single fraction", 1),
        ("one fraction of 8 Gy", 1),
        ("3Gy×10次", 10),
        ("10×3Gy", 10),
        ("每次3Gy，共10次，每日1次", 10),
        ("30Gy，每日1次，每周5次，共10次", 10),
        ("3Gy/次×10次，每日2次", 10),
        ("单次剂量3Gy，总量30Gy", 10),
        ("单次3Gy，共10次", 10),
        ("总剂量30Gy 分十次", 10),
        ("2000 cGy in 5", 5),
        ("20 Gy in five fractions, once daily", 5),
        ("30 Gy in 10 fractions, 5 fractions/week", 10),
        ("3 Gy per fraction, 10 fractions", 10),
        ("10 fractions daily", 10),
        ("24 Gy/3 fx", 3),
        ("6MV X线 30Gy/10f", 10),
        ("30 Gy/10 sessions", 10),
    ],
)
def test_a_number_of_fractions_is_read(text: str, fractions: int) -> None:
    assert course(text).fractions == fractions


@pytest.mark.parametrize(
    "text",
    [
        "",
        "放疗",
        "30 Gy",
        "30 Gy/2 weeks",
        "30 Gy in 2周",
        "30 Gy over 10 days",
        "8-10次",
        "30Gy/10～12f",
        "30 Gy in 5 to 10 fractions",
        "第3次放疗",
        "每日1次",
        "5 fractions per week",
        "one fraction daily",
        "30Gy/10f，后缩野5次",
        "30Gy/10.5f",
        "30Gy/10f，每次2Gy",
        "30Gy/0f",
        "30Gy/1000f",
        "30Gy/3野",
        "10 cm",
        "2024年放疗10年",
        "0.8 Gy x 100",
    ],
)
def test_what_is_no_one_number_of_fractions_is_none(text: str) -> None:
    assert course(text).fractions is None


def test_a_contradiction_is_told_from_silence() -> None:
    assert course("30Gy/10f", "20Gy/5f").unclear
    assert course("30Gy/10f，每次2Gy").unclear
    assert not course("放疗").unclear


@pytest.mark.parametrize(
    ("text", "total", "each"), [("30Gy/10f", 30, None), ("2000 cGy in 5", 20, None), ("3Gy×10次", None, 3)]
)
def test_a_dose_is_of_all_or_of_each(text: str, total: int | None, each: int | None) -> None:
    assert (course(text).total, course(text).each) == (total, each)


FORMS = (
    "{d}Gy/{n}f",
    "{d} Gy/{n} 次",
    "{d}Gy {n}次",
    "{e}Gy×{n}次",
    "{e} Gy x {n} fractions",
    "{n}×{e}Gy",
    "每次{e}Gy，共{n}次",
    "{d} Gy in {n} fractions",
    "{c} cGy in {n}",
    "{d}戈瑞，分{n}次",
    "{e} Gy/f, {n} f",
    "左股骨 {d}Gy/{n}F/2周，每日1次，每周5次",
)


@given(form=st.sampled_from(FORMS), n=st.integers(1, 40), tenths=st.integers(10, 120))
def test_every_way_of_writing_gives_the_number(form: str, n: int, tenths: int) -> None:
    each = Fraction(tenths, 10)
    told = form.format(n=n, e=f"{float(each):g}", d=f"{float(each * n):g}", c=f"{float(each * n * 100):g}")
    found = course(told)
    assert found.fractions == n
    assert found.total in (None, each * n)
    assert found.each in (None, each)


@given(form=st.sampled_from(FORMS), one=st.integers(1, 40), other=st.integers(1, 40))
def test_two_numbers_are_none(form: str, one: int, other: int) -> None:
    texts = [form.format(n=n, e="3", d=3 * n, c=300 * n) for n in (one, other)]
    assert course(*texts).fractions == (one if one == other else None)
    assert course(*texts) == course(*reversed(texts))


@given(st.text(st.characters(codec="utf-8"), max_size=300) | st.text("0123456789.Gyfx×/每日次共单-~ 第,", max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    found = course(text)
    assert found.fractions is None or 0 < found.fractions <= WORDS.most_fractions


@pytest.mark.parametrize("piece", ["30Gy/10f，", "每日", "单次", "1次", "(", "x", "8-", "第1"])
def test_a_long_text_is_no_course(piece: str) -> None:
    """It is bounded before it is looked at: not read by its beginning."""
    assert TEXT.read(piece * 100_000).counts == set()
    assert course(*[piece * 300] * 20).fractions in (None, 1, 10)


def of(*extensions: dict[str, Any], amount: dict[str, Any] | None = None) -> Stated:
    return EXTENSIONS.read(
        extended(json.dumps(extensions).encode()),  # type: ignore[arg-type]  # Raw is bytes
        quantity(json.dumps(amount).encode()) if amount else None,  # type: ignore[arg-type]
    )


def gray(value: float, unit: str = "cGy") -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


@pytest.mark.parametrize(
    ("volume", "names"),
    [
        ("dose-prescribed-to-volume", ("totalDose", "fractionDose", "fractions")),
        ("dose-prescribed-to-volume", ("totalDosePrescribed", "fractionDosePrescribed", "fractionsPrescribed")),
        ("dose-planned-to-volume", ("totalDosePlanned", "fractionDosePlanned", "fractionsPlanned")),
    ],
)
def test_the_extension_of_a_volume(volume: str, names: tuple[str, str, str]) -> None:
    total, each, fractions = names
    inside = [
        {"url": "volume", "valueReference": {"display": "Left femur"}},
        {"url": total, "valueQuantity": gray(2000)},
        {"url": each, "valueQuantity": gray(400)},
        {"url": fractions, "valuePositiveInt": 5},
    ]
    found = of({"url": f"{CODEX}-{volume}", "extension": inside})
    assert (found.fractions, found.totals, found.each, found.places) == ((5,), (20,), (4,), ("Left femur",))
    assert course(stated=found).fractions == 5


def test_what_was_delivered_is_read_too() -> None:
    inside = [
        {"url": "totalDoseDelivered", "valueQuantity": gray(3000)},
        {"url": "fractionsDelivered", "valueUnsignedInt": 10},
    ]
    assert of({"url": f"{MCODE}-dose-delivered-to-volume", "extension": inside}).fractions == (10,)


def test_sessions_are_no_fractions() -> None:
    assert of({"url": f"{MCODE}-sessions", "valueUnsignedInt": 10}) == Stated()


@pytest.mark.parametrize(
    "value",
    [{"valuePositiveInt": 0}, {"valueString": "ten"}, {"valuePositiveInt": "many"}, {"valuePositiveInt": None}, {}],
)
def test_an_extension_that_cannot_be_read_is_unknown_and_never_nothing(value: dict[str, Any]) -> None:
    assert of({"url": f"{CODEX}-fractions-prescribed", **value}).fractions == ()
    readable = {"url": f"{CODEX}-fractions-prescribed", "valuePositiveInt": 10}
    assert of({"url": f"{CODEX}-fractions-prescribed", **value}, readable).fractions == (10,)


@pytest.mark.parametrize("raw", [b"{}", b"7", b'"x"', b"[[", b"[" * 5000, b"[7, null, []]", b"\xff"])
def test_extensions_of_any_shape_are_no_fault(raw: bytes) -> None:
    assert EXTENSIONS.read(extended(raw), None) == Stated()  # type: ignore[arg-type]


def test_words_and_extensions_must_agree() -> None:
    stated = of({"url": f"{CODEX}-fractions-planned", "valuePositiveInt": 10})
    assert course("30Gy/10f", stated=stated).fractions == 10
    assert course("20Gy/5f", stated=stated).fractions is None


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ({"value": 10}, (10,)),
        ({"value": 10, "unit": "次"}, (10,)),
        ({"value": 10, "unit": "fractions"}, (10,)),
        ({"value": 10, "unit": "Gy"}, ()),
        ({"value": 10, "comparator": ">"}, ()),
        ({"value": 2.5}, ()),
    ],
)
def test_a_quantity_counts_fractions_where_it_says_so(amount: dict[str, Any], expected: tuple[int, ...]) -> None:
    assert of(amount=amount).fractions == expected


def test_technique_is_stereotactic_by_name_only() -> None:
    assert course("SBRT 24Gy/3f", concept="sbrt").stereotactic
    assert not course("VMAT 30Gy/10f").stereotactic
