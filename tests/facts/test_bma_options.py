"""Which bone-modifying drugs are offered, at which dose of Table 2, and why the others are not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from cds_service.base.kinds import LANGUAGES, LanguageTag, RequestText
from cds_service.edition import Edition
from cds_service.facts.allergies import Allergies
from cds_service.facts.bma_options import (
    DENOSUMAB,
    TABLE_TOPIC,
    DoseTable,
    Known,
    LeftOut,
    Option,
    Options,
    explained,
    options,
)
from cds_service.facts.calcium import Calcium, CalciumLevel
from cds_service.facts.clearances import Clearance
from cds_service.facts.creatinine import CreatinineGiven, CreatininesGiven
from cds_service.facts.diagnoses import Diagnoses, DiagnosesGiven
from cds_service.facts.explained import Fact
from cds_service.facts.renal import Renal
from tests.build import NOW

TABLED = ("zoledronic-acid", "pamidronate", "ibandronate", "incadronate")
NOTHING = Known(
    Renal(28, None), CreatininesGiven().told(), False, Calcium(28, "normal"), Diagnoses(()), Allergies()
)  # fmt: skip


def known(clearance: str | None = "70", **members: object) -> Known:
    value = Fraction(clearance) if clearance else None
    found = None if value is None else Clearance(value, "measured", NOW.date(), RequestText("Observation/c"))
    return replace(NOTHING, renal=Renal(28, found), **members)  # type: ignore[arg-type]  # members all


def of(edition: Edition, it: Known) -> Options:
    return options(edition.readers.table, it)


def left(edition: Edition, it: Known) -> dict[str, str]:
    return {o.drug: o.why for o in of(edition, it).left_out}


def doses(edition: Edition, clearance: str) -> dict[str, str | None]:
    """By drug the milligrams; ``~`` before those of a clearance that the table prints no row for."""
    offered = of(edition, known(clearance)).offered
    return {o.drug: f"{'~' if o.between else ''}{float(o.mg):g}" for o in offered if o.mg is not None}


@pytest.mark.parametrize(
    ("clearance", "expected"),
    [
        ("80.1", {"zoledronic-acid": "4", "pamidronate": "90", "incadronate": "10"}),
        ("80", {"zoledronic-acid": "4", "pamidronate": "90", "ibandronate": "6", "incadronate": "10"}),
        ("60", {"zoledronic-acid": "3.5", "pamidronate": "90", "ibandronate": "6", "incadronate": "10"}),
        ("49.9", {"zoledronic-acid": "3.3", "pamidronate": "90", "ibandronate": "4", "incadronate": "10"}),
        ("30.1", {"zoledronic-acid": "3", "pamidronate": "90", "ibandronate": "4", "incadronate": "10"}),
        # The table prints >30 and <30: of 30 itself the lower row, and the reader is told.
        ("30", {"zoledronic-acid": "3", "ibandronate": "4", "incadronate": "~5"}),
        ("29.9", {"ibandronate": "2", "incadronate": "5"}),
    ],
)
def test_each_drug_has_the_dose_of_its_row(edition: Edition, clearance: str, expected: dict[str, str]) -> None:
    assert doses(edition, clearance) == expected


def test_denosumab_comes_first_in_its_one_dose(edition: Edition) -> None:
    found = of(edition, known())
    assert found.offered[0] == Option("denosumab", None)
    assert [o.drug for o in found.bisphosphonates()] == list(TABLED)
    assert found.left_out == ()
    assert [found.offers(drug) for drug in ("denosumab", "ibandronate", "clodronate")] == [True, True, False]


def test_a_row_that_advises_against_is_quoted(edition: Edition) -> None:
    found = of(edition, known("29.9")).left_out
    assert found == (
        LeftOut("zoledronic-acid", "not-recommended", "<30"), LeftOut("pamidronate", "not-recommended", "<30"),
    )  # fmt: skip
    assert of(edition, known("80.1")).left_out == (LeftOut("ibandronate", "no-row"),)


@pytest.mark.parametrize(
    ("it", "expected"),
    [
        (known(None), dict.fromkeys(TABLED, "clearance-unknown")),
        (known(unsteady=True), dict.fromkeys(TABLED, "unsteady")),
        # Nothing is known of an unsteady clearance: that it moves says more than that it is missing.
        (known(None, unsteady=True), dict.fromkeys(TABLED, "unsteady")),
        (known(None, diagnoses=DiagnosesGiven(diagnoses=("dialysis",)).told(None)), dict.fromkeys(TABLED, "dialysis")),
        (known(calcium=Calcium(28, "low")), {"denosumab": "calcium-low"}),
        (known(calcium=Calcium(28, "high")), {}),
        (known(calcium=Calcium(28, None)), {}),
        (known(allergies=Allergies(frozenset({"denosumab"}))), {"denosumab": "allergy"}),
        (known(allergies=Allergies(groups=frozenset({"rankl-inhibitor"}))), {"denosumab": "allergy"}),
        (known(allergies=Allergies(frozenset({"pamidronate"}))), {"pamidronate": "allergy"}),
        (known(None, allergies=Allergies(groups=frozenset({"bisphosphonate"}))), dict.fromkeys(TABLED, "allergy")),
        (known(allergies=Allergies(groups=frozenset({"nsaid"}))), {}),
    ],
)
def test_what_leaves_a_drug_out(edition: Edition, it: Known, expected: dict[str, str]) -> None:
    assert left(edition, it) == expected
    offered = {o.drug for o in of(edition, it).offered}
    assert offered == {DENOSUMAB, *TABLED} - set(expected), "each drug is offered or left out"


@pytest.mark.parametrize(
    ("given", "out"),
    [
        ({"mg_dl": 5}, False), ({"mg_dl": "5.01"}, True),
        ({"umol_l": 442}, False), ({"umol_l": 443}, True),
        ({"mg_dl": 9, "days_ago": 29}, False),
    ],
)  # fmt: skip
def test_the_label_forbids_ibandronate_above_its_creatinine(
    edition: Edition, given: dict[str, object], out: bool
) -> None:
    one = CreatinineGiven(**{"days_ago": 0} | given)  # type: ignore[arg-type]  # numbers all
    it = known("30.5", creatinine=CreatininesGiven(creatinines=[one]).told())
    assert left(edition, it) == ({"ibandronate": "label-limit"} if out else {})


@pytest.mark.parametrize(("level", "waits"), [("low", True), ("normal", False), ("high", False), (None, False)])
def test_while_calcium_is_low_none_is_ordered_by_a_button(
    edition: Edition, level: CalciumLevel | None, waits: bool
) -> None:
    found = of(edition, known(calcium=Calcium(28, level)))
    assert found.waits is waits
    assert found.orderable == (() if waits else found.offered)


def test_the_table_is_that_of_its_topic(edition: Edition) -> None:
    topic = edition.recommendations[TABLE_TOPIC]
    limits = {"mg/dL": Fraction(5), "umol/L": Fraction(442)}
    assert DoseTable.of(topic) == DoseTable(topic.tables["table_2"].rows, limits) == edition.readers.table


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_drug_left_out_is_told_with_its_reason(edition: Edition, tag: LanguageTag) -> None:
    teller, told = edition.teller(tag), set()
    for it in (known(None), known(unsteady=True), known("29"), known("90"), known(calcium=Calcium(28, "low"))):
        found = of(edition, it)
        (fact,) = explained(found)
        assert fact == Fact("options-left-out", {"left_out": found.left_out})
        sentence = teller.sentence(teller.own.facts[fact.key], fact.data)
        assert all(teller.language.shared.drugs[o.drug] in sentence for o in found.left_out)
        told.add(sentence)
    assert len(told) == 5
    assert not list(explained(of(edition, known())))
