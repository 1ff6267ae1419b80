"""How much a day, read whole: every portion with its amounts or why there are none, form and rate."""

from __future__ import annotations

from fractions import Fraction

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import Route
from cds_service.base.yamlfile import load_as
from cds_service.facts.doses import DoseReader
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.portions import Daily, Form, Ingredient, Portion, PortionReader
from cds_service.fhir.structs import Dosage, Extension
from cds_service.knowledge.dosing import Dosing
from tests.build import Json
from tests.facts.test_portions import EVERY_6_H, EVERY_12_H, EVERY_72_H, dose

DOSING = load_as(content_root() / "dosing.yaml", Dosing)
ORDERED_1_G: Json = {"url": "https://open.epic.com/fhir/ordered-dose", "valueQuantity": {"value": 1, "unit": "g"}}


def ingredient(
    concept: str = "acetaminophen", name: str = "acetaminophen", mg: int | None = None, *flags: str, alone: bool = True
) -> Ingredient:
    piece = Piece(Fraction(mg)) if mg else NOTHING_KNOWN
    return Ingredient(concept, name, piece, frozenset(flags), alone)


ALONE = ingredient()
COMBINED = (ingredient(mg=325, alone=False), ingredient("opioid", "oxycodone", 5, alone=False))
FENTANYL = ingredient("opioid", "fentanyl")


def read(
    ingredients: tuple[Ingredient, ...],
    *dosages: Json,
    extensions: tuple[Json, ...] = (),
    names: tuple[str, ...] = (),
    route: Route | None = None,
    injected: bool = False,
) -> Daily:
    reader = PortionReader(DOSING, DoseReader(DOSING))
    return reader.read(
        ingredients,
        msgspec.convert(dosages, list[Dosage], strict=False),
        msgspec.convert(extensions, list[Extension], strict=False),
        names,
        route,
        injected=injected,
    )


def portion(regular: int | None, most: int | None, single: int | None = None, why: str | None = None) -> Portion:
    """One of acetaminophen."""
    amounts = (None if n is None else Fraction(n) for n in (regular, most, single))
    return Portion("acetaminophen", "acetaminophen", *amounts, why)


@pytest.mark.parametrize(
    ("dosages", "expected", "as_needed"),
    [
        ([dose(1, "g", **EVERY_6_H)], portion(4000, 4000, 1000), False),
        ([dose(1, "g", **EVERY_6_H, asNeededBoolean=True)], portion(0, 4000, 1000), True),
        ([dose(1, "g", **EVERY_6_H, asNeededBoolean=False)], portion(4000, 4000, 1000), False),
        ([{"text": "1 g q6h prn"}], portion(0, 4000, 1000), True),
        ([{"text": "1 g q6h if needed"}], portion(0, 4000, 1000), True),
        ([{"text": "1g q6h 必要时服用"}], portion(0, 4000, 1000), True),
        ([{"text": "1 g q6h, whenever needed"}], portion(4000, 4000, 1000), False),
        ([{"text": "1 g q6h sprn"}], portion(4000, 4000, 1000), False),
        ([{"text": "1 g once"}], portion(1000, 1000, 1000), False),
        ([], portion(None, None, None, "dose-unknown"), False),
        ([{"text": "as directed"}], portion(None, None, None, "dose-unknown"), False),
        ([dose(1, "g")], portion(None, None, 1000, "frequency-unknown"), False),
        # Of those at one time the sum, of those one after the other the largest; the largest single dose.
        ([dose(1, "g", **EVERY_6_H), dose(500, "mg", **EVERY_12_H)], portion(5000, 5000, 1000), False),
        (
            [dose(1, "g", **EVERY_6_H, sequence=1), dose(500, "mg", **EVERY_12_H, sequence=2)],
            portion(4000, 4000, 1000),
            False,
        ),
        (
            [dose(1, "g", **EVERY_12_H), dose(500, "mg", **EVERY_6_H, asNeeded="true")],
            portion(2000, 4000, 1000),
            False,
        ),
        ([dose(1, "g", **EVERY_6_H), dose(500, "mg")], portion(None, None, 1000, "frequency-unknown"), False),
        ([{"text": "as directed"}, dose(500, "mg")], portion(None, None, 500, "dose-unknown"), False),
        # Moments that are named count; a day's interval beside fewer of them does too.
        (
            [dose(1, "g", timing={"repeat": {"period": 1, "periodUnit": "d", "when": ["CM", "CV"]}})],
            portion(2000, 2000, 1000),
            False,
        ),
        (
            [dose(1, "g", timing={"repeat": {"period": 8, "periodUnit": "h", "timeOfDay": ["08:00"]}})],
            portion(3000, 3000, 1000),
            False,
        ),
        ([dose(1, "g", timing={"repeat": {"timeOfDay": ["08:00", "20:00"]}})], portion(2000, 2000, 1000), False),
        ([dose(1, "g", timing={"repeat": {"when": "CM"}})], portion(None, None, 1000, "frequency-unknown"), False),
    ],
)
def test_one_ingredient_a_day(dosages: list[Json], expected: Portion, as_needed: bool) -> None:
    assert read((ALONE,), *dosages) == Daily((expected,), as_needed)


def test_the_dose_of_an_extension_is_that_of_the_one_dosage() -> None:
    once, often = {"text": "once"}, dict(EVERY_6_H)
    assert read((ALONE,), often, extensions=(ORDERED_1_G,)).portions == (portion(4000, 4000, 1000),)
    assert read((ALONE,), extensions=(ORDERED_1_G,)).portions == (portion(None, None, 1000, "frequency-unknown"),)
    assert read((ALONE,), often, once, extensions=(ORDERED_1_G,)).portions == (
        portion(None, None, None, "dose-unknown"),
    )


def test_of_a_combination_each_ingredient_by_its_own_strength() -> None:
    def both(first: Portion, second: Portion) -> Daily:
        return Daily((first, second))

    oxycodone = Portion("opioid", "oxycodone", Fraction(40), Fraction(40), Fraction(10))
    assert read(COMBINED, dose(2, "片", **EVERY_6_H)) == both(portion(2600, 2600, 650), oxycodone)
    assert read(COMBINED, {"text": "1-2 tablets q6h"}) == both(portion(2600, 2600, 650), oxycodone)
    for unread, why in (
        (dose(330, "mg", **EVERY_6_H), "dose-of-combination"),
        ({"text": "330 mg q6h"}, "dose-of-combination"),
        ({"text": "300-330 mg q6h"}, "dose-of-combination"),
        ({"text": "q6h"}, "dose-unknown"),
    ):
        assert read(COMBINED, unread) == both(portion(None, None, None, why), Portion("opioid", "oxycodone", why=why))
    nameless = (ingredient(alone=False),)
    assert read(nameless, dose(2, "片", **EVERY_6_H)) == Daily((portion(None, None, None, "strength-unknown"),))


@pytest.mark.parametrize(
    ("ordered", "expected"),
    [
        # A limit lowers what is as needed, and stands for what is regular only where how often is not known.
        ({"text": "1 g q6h prn, max 3 g/day"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, max 3 g per day"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 24 h"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 24 hours"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 1 day"}, portion(0, 3000, 1000)),
        ({"text": "1g q6h 必要时 每日不超过3g"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, daily max 3 g"}, portion(0, 3000, 1000)),
        ({"text": "1 g q6h prn, max 3 g daily"}, portion(0, 3000, 1000)),
        ({"text": "1 g q4h prn, not to exceed 3 g/day"}, portion(0, 3000, 1000)),
        ({"text": "1 g q4h prn, NTE 3 g in 24 hours"}, portion(0, 3000, 1000)),
        ({"text": "1 g q4h prn, no more than 3 g in 24 hours"}, portion(0, 3000, 1000)),
        ({"text": "必要时 每次1g 24小时不超过3次"}, portion(0, 3000, 1000)),
        ({"text": "1 g q4h prn, max 3 doses in 24 hours"}, portion(0, 3000, 1000)),
        # No limit of a day.
        ({"text": "1 g q6h prn, max 3 g"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max 3 g per dose"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 2 days"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 12 h"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max 3 g in 24 min"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max 3 g per 24"}, portion(0, 4000, 1000)),
        ({"text": "1 g q6h prn, max as advised by the ward, 3 g per day"}, portion(None, None, None, "dose-unknown")),
        # Several: the lowest, whichever comes first.
        ({"text": "1 g q6h prn, max 2 g/day, max 3 g/day"}, portion(0, 2000, 1000)),
        ({"text": "1 g q6h prn, max 3 g/day, max 2 g/day"}, portion(0, 2000, 1000)),
        ({"text": "1 g q6h prn, max 8 days, max 2 g/day"}, portion(0, 2000, 1000)),
        ({"text": "1 g q6h prn, max 4 tablets per day, max 3 g/day"}, portion(0, 3000, 1000)),
    ],
)
def test_a_limit_of_a_day(ordered: Json, expected: Portion) -> None:
    (found,) = read((ALONE,), ordered).portions
    assert found == expected


def test_a_limit_in_pieces_and_of_a_combination() -> None:
    tablets = (ingredient(mg=500),)
    ordered = {"text": "2 tablets q6h prn, max 6 tablets per day"}
    assert read(tablets, ordered).portions == (portion(0, 3000, 1000),)
    # A mass beside a combination is of nobody knows which ingredient; pieces are of each.
    mass = dose(2, "片", text="prn, max 1 g/day", **EVERY_6_H)
    pieces = dose(2, "片", text="prn, max 4片/day", **EVERY_6_H)
    assert [p.most for p in read(COMBINED, mass).portions] == [2600, 40]
    assert [p.most for p in read(COMBINED, pieces).portions] == [1300, 20]


@pytest.mark.parametrize(
    ("dosage", "names", "expected"),
    [
        (dose(1, "patch", **EVERY_72_H), ("fentanyl 25 mcg/hr patch",), 25),
        (dose(2, "patch", **EVERY_72_H), ("fentanyl 25 mcg/h patch",), 50),
        (dose(2, "贴", **EVERY_72_H), ("芬太尼透皮贴剂 25μg/小时",), 50),
        (dose(2, "unknown", **EVERY_72_H), ("fentanyl 25 mcg/h patch",), 25),
        (dict(EVERY_72_H), ("fentanyl 0.025 mg / hour patch",), 25),
        (dose(50, "ug/h", **EVERY_72_H), (), 50),
        ({"text": "25 mcg/h q72h"}, (), 25),
        ({"text": "25 mcg/h q3d"}, ("fentanyl 25 mcg/h patch",), 25),
        (
            {"doseAndRate": [{"doseQuantity": {"value": 2, "code": "{patch}"}}], **EVERY_72_H},
            ("fentanyl 25 mcg/h patch",),
            50,
        ),
        (
            {"doseAndRate": [{"doseQuantity": {"value": 2, "code": "C48542", "unit": "patch"}}], **EVERY_72_H},
            ("fentanyl 25 mcg/h patch",),
            50,
        ),
        (
            {
                "doseAndRate": [
                    {"rateQuantity": {"value": 1, "unit": "mL/h"}},
                    {"doseQuantity": {"unit": "patch"}},
                    {"doseQuantity": {"value": 2, "unit": "patch"}},
                ],
                **EVERY_72_H,
            },
            ("fentanyl 25 mcg/h patch",),
            50,
        ),
        # What leaves it open.
        (dose(1, "patch", **EVERY_72_H), ("fentanyl patch",), "patch-rate-unknown"),
        (dose(1, "patch", **EVERY_72_H), ("fentanyl 25-50 mcg/h patch",), "patch-rate-unknown"),
        (dose(1, "patch", **EVERY_72_H), ("fentanyl 25 mcg/hx patch",), "patch-rate-unknown"),
        (dose(50, "ug/h", **EVERY_72_H), ("fentanyl 25 mcg/h patch",), "patch-rate-unknown"),
        (dose(1, "patch"), ("fentanyl 25 mcg/h patch",), "patch-interval"),
        (dose(1, "patch", **EVERY_12_H), ("fentanyl 25 mcg/h patch",), "patch-interval"),
        ({"text": "every 2-3 days"}, ("fentanyl 25 mcg/h patch",), "patch-interval"),
        ({"text": "every 3-4 days"}, ("fentanyl 25 mcg/h patch",), "patch-interval"),
    ],
)
def test_patches_worn_at_one_time(dosage: Json, names: tuple[str, ...], expected: int | str) -> None:
    found = read((FENTANYL,), dosage, names=names, route="topical")
    rate, why = (None, expected) if isinstance(expected, str) else (Fraction(expected), None)
    assert (found.form, found.rate, found.rate_why) == ("transdermal", rate, why)
    assert [(p.concept, p.ingredient) for p in found.portions] == [("opioid", "fentanyl")]


@pytest.mark.parametrize("dosages", [(), (dose(1, "patch", **EVERY_72_H),) * 2])
def test_patches_of_no_dosage_or_of_two_have_no_rate(dosages: tuple[Json, ...]) -> None:
    found = read((FENTANYL,), *dosages, names=("fentanyl 25 mcg/h patch",), route="topical")
    assert (found.rate, found.rate_why) == (None, "patch-dose-unknown")


@pytest.mark.parametrize(
    ("flags", "names", "route", "injected", "form"),
    [
        ((), (), "intravenous", False, "parenteral"),
        (("transdermal",), (), "subcutaneous", False, "parenteral"),
        (("parenteral",), (), "oral", True, "oral"),
        (("transmucosal",), (), "oral", False, "transmucosal"),
        (("parenteral",), (), "topical", True, "transdermal"),
        ((), ("x patch",), "other", True, "other"),
        (("rectal",), (), "other", False, "rectal"),
        (("parenteral",), ("x patch",), None, False, "parenteral"),
        (("transdermal",), (), None, True, "transdermal"),
        (("transmucosal",), (), None, False, "transmucosal"),
        (("rectal",), (), None, False, "rectal"),
        ((), ("x patch",), None, True, "transdermal"),
        ((), ("a", "b transdermal"), None, False, "transdermal"),
        ((), ("芬太尼贴剂",), None, False, "transdermal"),
        ((), ("dispatched",), None, False, "unstated"),
        ((), (), None, True, "parenteral"),
        ((), (), None, False, "unstated"),
    ],
)
def test_how_it_is_given(
    flags: tuple[str, ...], names: tuple[str, ...], route: Route | None, injected: bool, form: Form
) -> None:
    drug = ingredient("opioid", "morphine", None, *flags)
    found = read((drug,), dose(10, "mg", **EVERY_12_H), names=names, route=route, injected=injected)
    assert found.form == form
    assert found.portions == (Portion("opioid", "morphine", Fraction(20), Fraction(20), Fraction(10)),)
    assert (found.rate_why is None) is (form != "transdermal")
