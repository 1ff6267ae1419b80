"""What must hold for any patient: properties of all rules."""

import dataclasses
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.base.kinds import LANGUAGES, Missing
from cds_service.edition import Edition, load_rules
from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome, ReviseOrder
from cds_service.evaluate.triggers import OnChart, OnDrug, OnProcedure
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Subject
from cds_service.knowledge.model import Parameters
from cds_service.render.texts import one_line
from cds_service.render.values import template_values
from cds_service.review.given import facts_of

RULES = load_rules()
TOPICS = sorted(RULES)
DRUGS = {
    "bisphosphonate": ["zoledronic-acid", "pamidronate", "ibandronate", "incadronate", "clodronate"],
    "rankl-inhibitor": ["denosumab", "narlumosbart"],
    "calcium": ["calcium-supplement"],
    "vitamin-d": ["vitamin-d"],
    "nsaid": ["nsaid"],
    "platinum": ["cisplatin"],
    "opioid": ["opioid"],
    "acetaminophen": ["acetaminophen"],
}
ALL_DRUGS = [drug for drugs in DRUGS.values() for drug in drugs]
DIAGNOSES = [
    "lung-cancer", "bone-metastasis", "osteoporosis", "hypercalcaemia", "multiple-myeloma", "osteonecrosis-of-jaw",
    "diabetes", "dialysis", "acute-kidney-injury",
]  # fmt: skip
NEEDS = [
    "patient", "conditions", "laboratory", "measurements", "medicationRequests", "medicationStatements",
    "medicationAdministrations", "procedures", "serviceRequests", "appointments", "observations",
    "reports", "encounters",
]  # fmt: skip
REASONS = ["bone-pain", "pathological-fracture", "osteonecrosis-of-jaw"]
TABLE_2 = ["zoledronic-acid", "pamidronate", "ibandronate", "incadronate"]

days = st.integers(0, 400)
clearances = st.fractions(min_value=Fraction(1, 10), max_value=200, max_denominator=1000)


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


uses = st.fixed_dictionaries(
    {
        "drug": st.sampled_from(ALL_DRUGS),
        "kind": _some("request", "statement", "administration"),
        "days_ago": st.none() | days,
        "until_days_ago": st.none() | days,
        "active": st.booleans(),
        "ended": st.booleans(),
        "counts": st.booleans(),
    }
)
exams = st.fixed_dictionaries(
    {
        "service": _some("dental-examination", "dental-referral", "creatinine", "calcium-total"),
        "how": _some("done", "ordered", "booked"),
        "days_ago": st.none() | st.integers(-30, 400),
    }
)
# One creatinine a day: two of one day have an order of their own.
creatinines = st.lists(
    st.fixed_dictionaries(
        {"mg_dl": st.integers(4, 60).map(lambda n: Decimal(n) / 10), "days_ago": st.integers(0, 120)}
    ),
    max_size=4,
    unique_by=lambda c: c["days_ago"],
)


def _subjects(topic: str, *, stops: st.SearchStrategy[bool]) -> st.SearchStrategy[dict[str, Any] | None]:
    """An order the topic is about; None: the chart that was opened."""
    triggers = RULES[topic].triggers
    chart = [st.none()] if any(isinstance(t, OnChart) for t in triggers) else []
    ordered = [_orders(topic, stops=stops)] if len(triggers) > len(chart) else []
    return st.one_of(*chart, *ordered)


def _orders(topic: str, *, stops: st.SearchStrategy[bool]) -> st.SearchStrategy[dict[str, Any]]:
    triggers = RULES[topic].triggers
    if services := {c for t in triggers if isinstance(t, OnProcedure) for c in t.concepts}:
        return st.fixed_dictionaries({"service": st.sampled_from(sorted(services))})
    groups = {g for t in triggers if isinstance(t, OnDrug) for g in t.groups}
    return st.fixed_dictionaries(
        {
            "drug": st.sampled_from([drug for group in sorted(groups) for drug in DRUGS[group]]),
            "stops": stops,
            "dose_mg": st.none() | st.integers(1, 150),
            "route": _some(None, "intravenous", "subcutaneous", "oral"),
            "interval_days": _some(None, 21, 28, 30, 84),
            "infusion_minutes": st.none() | st.integers(1, 300),
            "indications": st.lists(_some("hypercalcaemia", "bone-metastasis"), max_size=1),
            "stop_reasons": st.lists(st.sampled_from(REASONS), max_size=2),
            "authored_days_ago": st.none() | days,
        }
    )


bones = _some(None, "bone", "spine", "femur", "rib-sternum")
signs = st.fixed_dictionaries(
    {
        "concept": _some(
            "bone-metastasis", "spinal-cord-compression", "pathological-fracture", "spinal-instability", "bone-pain",
            "nerve-compression", "vertebral-compression-fracture",
        ),
        "days_ago": st.none() | days,
        "suspected": st.booleans(),
        "active": st.booleans(),
        "degenerative": st.booleans(),
        "site": bones,
    }
)  # fmt: skip
activities = st.fixed_dictionaries(
    {
        "what": _some(
            "radiotherapy", "sbrt", "radiotherapy-referral", "surgical-referral", "bone-surgery", "bone-augmentation",
            "ablation", "bone-biopsy", "biopsy", "mdt", "radionuclide-therapy", "systemic-anticancer-treatment",
        ),
        "how": _some("done", "ordered", "booked"),
        "days_ago": st.none() | st.integers(-30, 400),
        "site": bones,
        "elsewhere": st.booleans(),
    }
)  # fmt: skip
studies = st.fixed_dictionaries(
    {
        "kind": _some("bone-scan", "naf-pet", "pet-ct", "mri", "mri-bone", "mri-whole-body", "ct", "ct-bone"),
        "how": _some("done", "ordered", "booked"),
        "days_ago": st.none() | st.integers(-30, 400),
        "reading": _some(None, "positive", "equivocal", "negative", "not-read"),
        "site": bones,
        "elsewhere": st.booleans(),
    }
)
sizes = st.fixed_dictionaries(
    {"longest": st.integers(0, 60), "other": st.integers(0, 60), "days_ago": days, "lesion": _some("a", "b")}
)


@st.composite
def bony(draw: st.DrawFn) -> dict[str, Any]:
    """What the chapters about bones may find."""
    counts = st.fixed_dictionaries({"number": _some("solitary", "multiple", "unknown"), "days_ago": st.none() | days})
    kinds = st.fixed_dictionaries({"kinds": _some(("osteolytic",), ("osteoblastic",), ("osteolytic", "osteoblastic"))})
    return {
        "skeleton": draw(st.lists(signs, max_size=4)),
        "activities": draw(st.lists(activities, max_size=4)),
        "studies": draw(st.lists(studies, max_size=4)),
        "lesion_counts": draw(st.lists(counts, max_size=2)),
        "lesion_kinds": draw(st.lists(kinds, max_size=2)),
        "sizes": draw(st.lists(sizes, max_size=5)),
        "pain": draw(st.none() | st.integers(0, 10)),
        "sins": draw(st.none() | st.integers(0, 18)),
    }


@st.composite
def situations(draw: st.DrawFn, topic: str) -> dict[str, Any]:
    """A ``given`` the rule of this topic is about, gaps not included."""
    stops = st.sampled_from(sorted({t.stops for t in RULES[topic].triggers if isinstance(t, OnDrug)} or {False}))
    clearance = draw(st.none() | st.integers(1, 1500).map(lambda n: Decimal(n) / 10))
    level = draw(_some(None, "low", "normal", "high"))
    also = st.fixed_dictionaries(
        {"drug": st.sampled_from(ALL_DRUGS), "stops": st.booleans(), "selected": st.booleans()}
    )
    chart = any(isinstance(trigger, OnChart) for trigger in RULES[topic].triggers)
    return (draw(bony()) if chart else {}) | {
        "order": draw(_subjects(topic, stops=stops)),
        "also_ordered": draw(st.lists(also, max_size=2)),
        "age": draw(st.none() | st.integers(18, 100)),
        "diagnoses": draw(st.lists(st.sampled_from(DIAGNOSES), unique=True)),
        "clearance": clearance,
        "renal_problems": [{"what": "creatinine", "why": "not-on-record"}] if clearance is None else [],
        "creatinines": draw(creatinines),
        "calcium": {"level": level},
        "uses": draw(st.lists(uses, max_size=4)),
        "exams": draw(st.lists(exams, max_size=3)),
    }


def _facts(edition: Edition, situation: dict[str, Any]) -> tuple[Facts, Subject]:
    known, readers = edition.knowledge, edition.readers
    return facts_of(situation, known.guideline.drugs, known.measurements, readers.conversion, readers.table)


def _answer(edition: Edition, topic: str, order: Subject, facts: Facts) -> Outcome:
    return edition.rules[topic].function(order, facts, Parameters(edition.knowledge.guideline.recommendations[topic]))


def _without(facts: Facts, needs: set[str]) -> Facts:
    return facts.but(gaps={need: Missing(need, "not-obtained") for need in needs})


# Any patient


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_is_on_record_is_answered_and_can_be_worded(edition: Edition, topic: str, data: st.DataObject) -> None:
    facts, order = _facts(edition, data.draw(situations(topic)))
    facts = _without(facts, data.draw(st.sets(st.sampled_from(NEEDS))))
    outcome, recommendation = _answer(edition, topic, order, facts), edition.knowledge.guideline.recommendations[topic]
    for tag in LANGUAGES:
        language = edition.wordings[tag].language
        text = language.topics[topic]
        if isinstance(outcome, CannotTell):
            assert outcome.missing
            assert all(m.what in language.shared.missing for m in outcome.missing)
            continue
        values = template_values(recommendation, order, facts, outcome.data)
        if isinstance(outcome, NoAdvice):
            assert text.quiet[outcome.because].render(values).strip()
        else:
            assert 0 < len(one_line(text.cards[outcome.say].summary.render(values))) < 140
            assert text.cards[outcome.say].detail.render(values).strip()


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_order_of_the_record_never_changes_the_answer(edition: Edition, topic: str, data: st.DataObject) -> None:
    facts, order = _facts(edition, data.draw(situations(topic)))
    treatment, procedures, diagnoses = facts.treatment, facts.procedures, facts.diagnoses
    arranged = dataclasses.replace(procedures, all=tuple(data.draw(st.permutations(procedures.all))))
    treated = dataclasses.replace(treatment, uses=tuple(data.draw(st.permutations(treatment.uses))))
    shuffled = facts.but(
        treatment=treated,
        bone_modifying=dataclasses.replace(facts.bone_modifying, treatment=treated),
        procedures=arranged,
        tests=arranged,
        diagnoses=dataclasses.replace(diagnoses, all=tuple(data.draw(st.permutations(diagnoses.all)))),
    )
    assert _answer(edition, topic, order, shuffled) == _answer(edition, topic, order, facts)


@pytest.mark.parametrize("topic", TOPICS)
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_what_was_not_obtained_never_makes_advice(edition: Edition, topic: str, data: st.DataObject) -> None:
    """A gap turns an answer into "cannot tell" or leaves it; a wider gap never turns "cannot tell" back."""
    facts, order = _facts(edition, data.draw(situations(topic)))
    few = data.draw(st.sets(st.sampled_from(NEEDS)))
    more = few | data.draw(st.sets(st.sampled_from(NEEDS)))
    complete = _answer(edition, topic, order, facts)
    narrow, wide = (_answer(edition, topic, order, _without(facts, gaps)) for gaps in (few, more))
    assert isinstance(narrow, CannotTell) or _knows_of_its_gap(narrow) or _same(narrow, complete)
    assert isinstance(wide, CannotTell) or _knows_of_its_gap(wide) or _same(wide, narrow)


def _knows_of_its_gap(outcome: Outcome) -> bool:
    return isinstance(outcome, Advise) and outcome.say in NOT_SEEN


def _same(one: Outcome, other: Outcome) -> bool:
    """The same answer; what it says of its gaps may differ."""
    if isinstance(one, Advise) and isinstance(other, Advise):
        return (one.indicator, one.say, one.suggestions) == (other.indicator, other.say, other.suggestions)
    return one == other


# Where each fact is read from: without that source it is not there.
SOURCES = {
    "medicationRequests": "request",
    "medicationStatements": "statement",
    "medicationAdministrations": "administration",
    "procedures": "done",
    "serviceRequests": "ordered",
    "appointments": "booked",
}
# Topics whose card rests on something not being found.
FROM_ABSENCE = ["dental-exam-before-bma", "calcium-vitamin-d-supplement", "denosumab-discontinuation"]
# What a card says that knows of its gap.
NOT_SEEN = {"treatment-not-seen"}


@pytest.mark.parametrize("topic", FROM_ABSENCE)
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_nothing_is_called_absent_that_could_not_be_seen(edition: Edition, topic: str, data: st.DataObject) -> None:
    facts, order = _facts(edition, data.draw(situations(topic)))
    gaps = data.draw(st.sets(st.sampled_from(sorted(SOURCES)), min_size=1))
    unseen = {SOURCES[need] for need in gaps}
    arranged = dataclasses.replace(facts.procedures, all=tuple(a for a in facts.procedures.all if a.how not in unseen))
    partial = _without(facts, gaps).but(
        treatment=dataclasses.replace(
            facts.treatment, uses=tuple(u for u in facts.treatment.uses if u.kind not in unseen)
        ),
        procedures=arranged,
        tests=arranged,
    )
    complete, seen = _answer(edition, topic, order, facts), _answer(edition, topic, order, partial)
    if isinstance(seen, Advise) and not _knows_of_its_gap(seen):
        assert _same(seen, complete)


# Doses


def _with_clearance(edition: Edition, order: dict[str, Any], clearance: Fraction) -> Outcome:
    facts, drafted = _facts(edition, {"order": order})
    assert facts.renal.clearance is not None
    renal = dataclasses.replace(facts.renal, clearance=dataclasses.replace(facts.renal.clearance, value=clearance))
    return _answer(edition, "bisphosphonate-renal-dose", drafted, facts.but(renal=renal))


def _row(edition: Edition, drug: str, clearance: Fraction) -> Fraction | None:
    """The dose of the row in mg, zero where the drug is not recommended, None where the table has no row."""
    outcome = _with_clearance(edition, {"drug": drug}, clearance)
    if isinstance(outcome, NoAdvice):
        assert outcome.because == "no-row-for-clearance"
        return None
    assert isinstance(outcome, Advise)
    row = outcome.data["row"] if outcome.say == "no-dose" else 0
    assert isinstance(row, int | Fraction)
    return Fraction(row)


@pytest.mark.parametrize("drug", TABLE_2)
@given(pair=st.tuples(clearances, clearances).map(sorted))
@settings(max_examples=200, deadline=None)
def test_a_lower_clearance_never_gives_a_higher_dose(edition: Edition, drug: str, pair: list[Fraction]) -> None:
    lower, higher = (_row(edition, drug, clearance) for clearance in pair)
    if higher is not None:
        assert lower is not None
        assert lower <= higher


@pytest.mark.parametrize("drug", TABLE_2)
@given(clearance=clearances, dose=st.integers(1, 120))
@settings(max_examples=100, deadline=None)
def test_a_dose_is_only_recommended_downwards(edition: Edition, drug: str, clearance: Fraction, dose: int) -> None:
    """A lower dose than the row's may have its reason: the row's is offered, never recommended."""
    outcome = _with_clearance(edition, {"drug": drug, "dose_mg": dose}, clearance)
    for suggestion in outcome.suggestions if isinstance(outcome, Advise) else ():
        for act in suggestion.acts:
            if isinstance(act, ReviseOrder) and suggestion.recommended:
                assert act.mg is not None
                assert act.mg < dose


@given(
    first=st.sampled_from(DRUGS["bisphosphonate"]),
    second=st.sampled_from(DRUGS["rankl-inhibitor"]),
    selected=st.tuples(st.booleans(), st.booleans()).filter(any),
    swapped=st.booleans(),
)
def test_of_two_drugs_ordered_together_one_carries_the_card(
    edition: Edition, *, first: str, second: str, selected: tuple[bool, bool], swapped: bool
) -> None:
    drafts = [{"drug": first, "selected": selected[0]}, {"drug": second, "selected": selected[1]}]
    drafts = drafts[::-1] if swapped else drafts
    facts, _ = _facts(edition, {"order": drafts[0], "also_ordered": drafts[1:]})
    asked = [o for o in facts.orders if o.selected]
    cards = [o for o in asked if isinstance(_answer(edition, "concurrent-bma", o, facts), Advise)]
    assert len(cards) == 1
