"""Units: the closed table against a UCUM library, hand arithmetic where libraries are wrong, and what is refused."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import load_as
from cds_service.facts.units import (
    LONGEST_NUMBER,
    LONGEST_REMEMBERED,
    REMEMBERED,
    converted,
    factor_of,
    printed,
    quantity_read,
    shown,
    unit_of,
)
from cds_service.fhir.structs import Quantity
from cds_service.knowledge.measurements import Measurements
from tests.facts.lab import CARDS, MEASUREMENTS

UCUM = "http://unitsofmeasure.org"
ANALYTES = MEASUREMENTS.analytes

# Libraries read meq/L as mmol/L and drop annotations, so these stand in the hand-made table below only.
NOT_FOR_LIBRARIES = ("meq/L", "{1.73_m2}")

# What one unit of the left is worth, by hand. Molar masses: calcium 40.078 g/mol, albumin 66.5 kg/mol; creatinine by
# the conventional 88.4.
BY_HAND = [
    ("creatinine", "umol/L", Fraction(10, 884)),
    ("creatinine", "mmol/L", Fraction(10000, 884)),
    ("calcium-total", "mg/dL", Fraction(10000, 40078)),
    ("calcium-ionised", "mg/dL", Fraction(10000, 40078)),
    ("calcium-corrected", "mg/dL", Fraction(10000, 40078)),
    ("calcium-total", "mg/L", Fraction(1000, 40078)),
    ("calcium-total", "meq/L", Fraction(1, 2)),
    ("albumin", "umol/L", Fraction(665, 10000)),
    ("egfr", "mL/min/{1.73_m2}", Fraction(1)),
    ("egfr", "mL/s/{1.73_m2}", Fraction(60)),
    ("body-weight", "斤", Fraction(1, 2)),
]


@pytest.fixture(scope="module")
def ucum():
    from ucumvert import PintUcumRegistry  # noqa: PLC0415  # slow: only where it is needed

    return PintUcumRegistry()


def test_every_factor_agrees_with_a_ucum_library(ucum) -> None:
    compared = 0
    for concept, analyte in ANALYTES.items():
        coded = [u for u in analyte.units if u.ucum]
        units = [u for u in coded if not any(mark in str(u.ucum) for mark in NOT_FOR_LIBRARIES)]
        for one, other in itertools.combinations(units, 2):
            left, right = ucum.from_ucum(one.ucum), ucum.from_ucum(other.ucum)
            if left.dimensionality != right.dimensionality:
                continue
            ratio = (1 * left).to(right).magnitude
            assert float(one.exact / other.exact) == pytest.approx(float(ratio), rel=1e-12), (concept, one.ucum)
            compared += 1
    assert compared >= 15


@pytest.mark.parametrize(("concept", "unit", "factor"), BY_HAND)
def test_factors_that_need_a_molar_mass_or_that_libraries_get_wrong(concept: str, unit: str, factor: Fraction) -> None:
    assert ANALYTES[concept].factor(unit) == factor


def test_every_factor_is_checked_one_way_or_the_other(ucum) -> None:
    by_hand = {(concept, unit) for concept, unit, _ in BY_HAND}
    for concept, analyte in ANALYTES.items():
        own = ucum.from_ucum(analyte.unit)
        for unit in analyte.units:
            code = unit.ucum or "meq"
            library = "meq" not in code and ucum.from_ucum(code).dimensionality == own.dimensionality
            twin = "calcium-total" if concept.startswith("calcium") else concept
            assert library or (twin, unit.name) in by_hand, (concept, unit.name)


@pytest.mark.parametrize(
    ("concept", "unit"),
    [
        *(("creatinine", u) for u in ("umol/L", "µmol/L", "μmol/L", "UMOL/L", "umol / l", "ｕmol／L", "微摩尔/升")),
        *(("calcium-total", u) for u in ("mg/dl", "MG/DL", "mg/dL")),
        *(("albumin", u) for u in ("g/l", "G/L")),
        *(
            ("body-weight", u)
            for u in ("lb", "[lb_av]", "lbs", "公斤", "斤", "市斤", "KG", "Kgs", "kg.", "lbs.", "磅", "kilos")
        ),
        *(("body-height", u) for u in ("in", "[in_i]", "inch", "m", "厘米", "公分", "米", "Cm.", "英尺", "Feet")),
        ("creatinine-clearance-measured", "mL/s"),
        *(("egfr", u) for u in ("mL/min/1.73 m²", "mL/min/{1.73_m2}", "ml/(min·1.73m2)", "mL/min/1.73㎡", "mL/min")),
    ],
)
def test_spellings_met_in_records_are_understood(concept: str, unit: str) -> None:
    assert isinstance(factor_of(unit, ANALYTES[concept]), Fraction)


@pytest.mark.parametrize(
    ("concept", "unit", "why"),
    [
        ("creatinine", None, "unit-missing"),
        ("creatinine", "", "unit-missing"),
        ("creatinine", "g/L", "unit-unknown"),
        ("creatinine", "U/L", "unit-unknown"),
        ("creatinine", "x" * 100_000, "unit-unknown"),
        ("creatinine-clearance-measured", "mL/min/{1.73_m2}", "unit-indexed"),
        ("creatinine-clearance-reported", "mL/min/1.73 m²", "unit-indexed"),
        ("creatinine-clearance-reported", "mL/min/1.73 m^2", "unit-indexed"),
        ("body-weight", "cm", "unit-unknown"),
    ],
)
def test_a_unit_that_is_not_in_the_table_is_never_guessed(concept: str, unit: str | None, why: str) -> None:
    assert factor_of(unit, ANALYTES[concept]) == why


@pytest.mark.parametrize(
    ("quantity", "unit"),
    [
        (Quantity(unit="umol/L", system=UCUM, code="mg/dL"), "mg/dL"),
        (Quantity(unit="umol/L", system=UCUM + "/", code="mg/dL"), "mg/dL"),
        (Quantity(unit="umol/L", system="urn:oid:2.16.840.1.113883.6.8", code="mg/dL"), "mg/dL"),
        (Quantity(unit="umol/L", system="http://example.org/units", code="17"), "umol/L"),
        (Quantity(unit="umol/L", system=UCUM, code=""), "umol/L"),
        (Quantity(code="mg/dL"), "mg/dL"),
        (Quantity(system="http://example.org/units", code="mg/dL"), None),
        (Quantity(), None),
    ],
)
def test_the_ucum_code_wins_then_the_printed_unit(quantity: Quantity, unit: str | None) -> None:
    assert unit_of(quantity) == unit


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("NaN", "not-a-number"),
        ("Infinity", "not-a-number"),
        ("1E+999999", "not-a-number"),
        ("1E-999999", "not-a-number"),
    ],
)
def test_numbers_that_are_no_measurement_never_become_a_quotient(value: str, why: str) -> None:
    assert converted(Quantity(value=Decimal(value), unit="mg/dL"), ANALYTES["creatinine"]) == why


def test_a_number_of_a_hundred_thousand_digits_is_refused() -> None:
    assert (
        converted(Quantity(value=Decimal("1." + "1" * 100_000), unit="mg/dL"), ANALYTES["creatinine"]) == "not-a-number"
    )


@pytest.mark.parametrize(
    ("analyte", "quantity", "printed"),
    [
        ("creatinine", Quantity(value=Decimal("0.90"), comparator="<", code="mg/dL", system=UCUM), "<0.90 mg/dL"),
        ("creatinine", Quantity(value=Decimal(90), unit="umol/l", system=UCUM, code="umol/L"), "90 μmol/L"),
        ("egfr", Quantity(value=Decimal(42), system=UCUM, code="mL/min/{1.73_m2}"), "42 mL/min/1.73 m²"),
        ("body-weight", Quantity(value=Decimal(120), system=UCUM, code="[lb_av]"), "120 lb"),
        ("creatinine", Quantity(value=Decimal(90), unit="{cup}_x"), "90 cup x"),
        ("creatinine", Quantity(unit="mg/dL"), "mg/dL"),
    ],
)
def test_what_was_reported_is_shown_as_it_was_without_the_brackets_of_machines(
    analyte: str, quantity: Quantity, printed: str
) -> None:
    assert shown(quantity, ANALYTES[analyte]) == printed


@pytest.mark.parametrize(
    ("quantity", "told"),
    [
        # What is in the analyte's own unit is compared there; another that limits are printed in, in that one.
        (Quantity(value=Decimal(1), unit="mg/dL"), (Fraction(1), "1 mg/dL", "mg/dL", None)),
        (Quantity(value=Decimal("88.4"), unit="umol/L"), (Fraction(1), "88.4 μmol/L", "umol/L", Fraction("88.4"))),
        (Quantity(value=Decimal(10), unit="mg/L"), (Fraction(1), "10 mg/L", "mg/dL", None)),
        (Quantity(value=Decimal(1), unit="furlong"), ("unit-unknown", "1 furlong", "mg/dL", None)),
        (Quantity(value=Decimal(1)), ("unit-missing", "1", "mg/dL", None)),
    ],
)
def test_all_of_a_quantity_is_told_and_the_same_when_it_is_met_again(
    quantity: Quantity, told: tuple[object, ...]
) -> None:
    analyte = ANALYTES["creatinine"]
    analyte.quantities.clear()
    first = quantity_read(quantity, analyte)
    assert tuple(first) == told
    assert quantity_read(quantity, analyte) is first, "remembered"
    assert quantity_read(Quantity(value=quantity.value, unit="mg/l"), analyte) is not first


def test_what_is_remembered_of_quantities_is_bounded_in_number_and_length() -> None:
    analyte = ANALYTES["creatinine"]
    analyte.quantities.clear()
    for number in range(REMEMBERED):
        quantity_read(Quantity(value=Decimal(number), unit="mg/dL"), analyte)
    assert len(analyte.quantities) == REMEMBERED
    quantity_read(Quantity(value=Decimal(REMEMBERED), unit="mg/dL"), analyte)
    assert len(analyte.quantities) == 1
    unit = "x" * (LONGEST_REMEMBERED - 1)
    quantity_read(Quantity(value=Decimal(1), unit=unit + "xx"), analyte)
    assert len(analyte.quantities) == 1
    quantity_read(Quantity(value=Decimal(1), unit=unit), analyte)
    assert len(analyte.quantities) == 2
    analyte.quantities.clear()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.0000", "1"),
        ("1.0005", "1.001"),
        ("1.0015", "1.002"),
        ("1.000", "1.000"),
        ("0.00012345", "0.000123"),
        ("-1.0005", "-1.001"),
    ],
)
def test_a_number_is_printed_as_a_laboratory_prints_it_half_up(value: str, text: str) -> None:
    assert printed(Decimal(value)) == text


def test_what_no_laboratory_prints_is_shown_by_its_beginning() -> None:
    assert printed(Decimal("1." + "1" * 100)) == ("1." + "1" * 100)[:LONGEST_NUMBER]


AMOUNT = st.decimals(min_value=1, max_value=100, places=3)


@given(amount=AMOUNT, concept=st.sampled_from(sorted(ANALYTES)), data=st.data())
def test_the_same_quantity_in_another_unit_is_the_same_value(
    amount: Decimal, concept: str, data: st.DataObject
) -> None:
    analyte = ANALYTES[concept]
    unit = data.draw(st.sampled_from(analyte.units))
    name = data.draw(st.sampled_from(unit.names))
    exact, (low, high) = Fraction(amount) * unit.exact, analyte.bounds
    expected = exact if low <= exact <= high else "implausible"
    assert converted(Quantity(value=amount, unit=name), analyte) == expected


def test_how_a_number_is_written_does_not_stick_to_its_value() -> None:
    creatinine = ANALYTES["creatinine"]
    endless = Decimal("1." + "0" * 100)
    assert converted(Quantity(value=endless, unit="mg/dL"), creatinine) == "not-a-number"
    assert converted(Quantity(value=Decimal(1), unit="mg/dL"), creatinine) == 1


@given(st.text(max_size=30))
def test_no_spelling_raises(text: str) -> None:
    for analyte in ANALYTES.values():
        factor_of(text, analyte)


def broken(tmp_path: Path, old: str, new: str) -> str:
    """What the loader says to the shipped file with one mistake in it."""
    text = (CARDS / "measurements.yaml").read_text(encoding="utf-8")
    assert old in text
    file = tmp_path / "measurements.yaml"
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ContentError) as refused:
        load_as(file, Measurements)
    return str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('{ucum: mg/L, factor: "1/10", spellings: []}', '{ucum: mg/L, factor: "1/0", spellings: []}', "1/0"),
        ('{ucum: mg/L, factor: "1/10", spellings: []}', '{ucum: mg/L, factor: "-1", spellings: []}', "-1"),
        ('{ucum: mg/L, factor: "1/10", spellings: []}', '{ucum: MG/DL, factor: "1", spellings: []}', "twice"),
        ("low: 0.2", "low: 30", "lower bound"),
        ("unit: d", "unit: wk", "whole number of days"),
        ("reference:", "note2:", "note2"),
        ("creatinine:\n    unit: mg/dL", "creatinine:\n    unit: umol/L", "factor 1"),
        ("    note: molar mass of calcium", "    indexed: [MMOL/L]\n    note: molar mass of calcium", "twice"),
    ],
)
def test_a_mistake_in_the_file_stops_the_start(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert says in broken(tmp_path, old, new)


def test_every_range_and_window_says_where_it_comes_from() -> None:
    windows = MEASUREMENTS.windows
    bounds = [b for a in ANALYTES.values() for b in (a.plausible, a.reference) if b]
    assert all(each.source and each.origin for each in [*bounds, *windows.values()])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Quantity(value=Decimal("1.1"), unit="mg/dL"), Quantity(value=Decimal("1.10"), unit="mg/dL")),
        (Quantity(value=Decimal(2), unit="mg/dL"), Quantity(value=Decimal(2), unit="mg/dL", comparator=">")),
        (Quantity(value=Decimal(90), unit="umol/L"), Quantity(value=Decimal(90), unit="{cup}_x")),
        (Quantity(value=Decimal(2), unit="cups", system="x", code="mg/dL"), Quantity(value=Decimal(2), code="mg/dL")),
    ],
)
def test_what_is_remembered_of_a_quantity_is_never_said_of_one_spelt_otherwise(
    first: Quantity, second: Quantity
) -> None:
    creatinine = ANALYTES["creatinine"]
    for quantity in (first, second, first):
        told = quantity_read(quantity, creatinine)
        assert (told.value, told.shown) == (converted(quantity, creatinine), shown(quantity, creatinine))


def test_a_quantity_as_long_as_a_page_is_read_and_not_remembered() -> None:
    creatinine = ANALYTES["creatinine"]
    before = len(creatinine.quantities)
    assert quantity_read(Quantity(value=Decimal(1), unit="x" * 100_000), creatinine).value == "unit-unknown"
    assert len(creatinine.quantities) == before
