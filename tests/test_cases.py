"""The cases of ``cards/cases``: what each rule answers, in words a clinician can check; nothing is left out."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition, load_rules
from cds_service.evaluate.agreement import source_of
from cds_service.evaluate.outcome import Advise, CreateDrug, DeleteOrder, NoAdvice
from cds_service.knowledge.model import Band, Recommendation
from cds_service.render.texts import one_line
from cds_service.render.values import template_values
from cds_service.review.cases import Asked, Case, CaseFile, Walk, ask, load_cases, named, steps, with_axis
from tests.asked import with_recommendation

RULES = load_rules()
FILES = {file.topic: file for file in load_cases(content_root() / "cases")}
CASES = [pytest.param(topic, case, id=f"{topic}: {case.name}") for topic, file in FILES.items() for case in file.cases]
WALKS = [pytest.param(topic, walk, id=f"{topic}: {walk.name}") for topic, file in FILES.items() for walk in file.walks]
NAMED: list[tuple[str, Case | Walk]] = [(t, it) for t, file in FILES.items() for it in (*file.cases, *file.walks)]
HAN, NUMBER = re.compile("[\u4e00-\u9fff]"), re.compile(r"\d+(?:\.\d+)?")
# A name that tells a number in a word may have it in digits elsewhere.
NUMBER_WORD = re.compile(r"\b(an?|one|two|three|four|five|six|seven|eight|nine|ten|thirteen|yearly)\b")
# Decided by scope, before any rule is asked.
BEFORE_THE_RULE = {"out-of-scope"}


@pytest.mark.parametrize(("topic", "case"), CASES)
def test_case(edition: Edition, topic: str, case: Case) -> None:
    assert ask(edition, topic, case.given).said == case.expect


def test_every_rule_has_cases(edition: Edition) -> None:
    assert set(FILES) == set(edition.rules)


def test_every_case_and_walk_has_its_name_in_every_language() -> None:
    lacking = [f"{topic}: {it.name}" for topic, it in NAMED if set(it.translated) != set(LANGUAGES) - {"en"}]
    lacking += [f"{topic}: {it.name}" for topic, it in NAMED if not all(map(HAN.search, it.translated.values()))]
    assert lacking == [], "write translated: {zh-CN: ...} behind the name"


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_a_name_stands_once_in_every_language(file: CaseFile) -> None:
    for tag in LANGUAGES:
        names = [named(case, tag)[0] for case in file.cases]
        assert sorted(names) == sorted(set(names))


def test_a_name_says_the_same_numbers_in_every_language() -> None:
    for topic, it in NAMED:
        told = Counter(NUMBER.findall(it.name))
        for text in it.translated.values():
            said = Counter(NUMBER.findall(text))
            assert told <= said, f"{topic}: {it.name}"
            assert said == told or NUMBER_WORD.search(it.name), f"{topic}: {it.name}"


def _asked(edition: Edition, topic: str) -> list[Asked]:
    return [ask(edition, topic, case.given) for case in FILES[topic].cases]


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize("topic", FILES)
def test_the_cases_reach_every_wording_and_no_wording_is_missing(edition: Edition, topic: str, tag: str) -> None:
    outcomes = [one.outcome for one in _asked(edition, topic)]
    text = edition.wordings[tag].language.topics[topic]
    advice = [o for o in outcomes if isinstance(o, Advise)]
    assert {o.say for o in advice} == set(text.cards)
    assert {s.label for o in advice for s in o.suggestions} == set(text.suggestions)
    assert {o.because for o in outcomes if isinstance(o, NoAdvice)} == set(text.quiet) - BEFORE_THE_RULE


@pytest.mark.parametrize("tag", LANGUAGES)
@pytest.mark.parametrize(("topic", "case"), CASES)
def test_every_case_can_be_worded(edition: Edition, topic: str, case: Case, tag: str) -> None:
    """A card has its sentences, a summary that fits (CDS Hooks: under 140 characters), and short button labels."""
    one, recommendation = ask(edition, topic, case.given), edition.knowledge.guideline.recommendations[topic]
    language = edition.wordings[tag].language
    text = language.topics[topic]
    if isinstance(one.outcome, NoAdvice):
        values = template_values(recommendation, one.subject, one.facts, one.outcome.data)
        assert text.quiet[one.outcome.because].render(values).strip()
    elif isinstance(one.outcome, Advise):
        values = template_values(recommendation, one.subject, one.facts, one.outcome.data)
        assert 0 < len(one_line(text.cards[one.outcome.say].summary.render(values))) < 140
        said = text.cards[one.outcome.say]
        assert said.detail.render(values).strip()
        # What explains, limits or stands in for it may be nothing in this case, but its values are there. A clearance
        # that a case states with another body weight has not the inputs that a computed one tells.
        clearance = one.facts.renal.clearance
        if not (clearance and clearance.by_other_weight):
            for part in (said.how, said.limits, said.line, said.withheld):
                assert part is None or "None" not in part.render(values)
    else:
        assert all(
            m.what in language.shared.missing and m.why in language.shared.why_missing for m in one.outcome.missing
        )


@pytest.mark.parametrize(("topic", "walk"), WALKS)
def test_a_walk_crosses_a_limit(edition: Edition, topic: str, walk: Walk) -> None:
    """A decision table of the review page whose answers are all the same would show a clinician nothing."""
    points = steps(walk, edition.knowledge.guideline.recommendations[topic])
    answers = {ask(edition, topic, with_axis(walk.given, walk.axis, point)).said for point in points}
    assert len(answers) > 1


# Every limit is pinned: moved a little, either way, some case must fail.

NUDGES = {
    "d": 1, "mo": 1, "a": 1, "1": 1, "mL/min": "0.02", "min": "0.02", "mg": "0.2", "mg/d": "0.1", "mg/dL": "0.02",
    "%": "0.2", "umol/L": "0.02", "mL/min/1.73m2": "0.02",
}  # fmt: skip
# What a rule does not decide its answer by, but words or suggests; each is tested by name below.
WORDED = {
    ("denosumab-dose", "osteoporosis_dose"),
    ("denosumab-dose", "renal_impairment"),
    ("psychological-support", "show_score"),
    # Held by tests/facts/test_opioids.py.
    ("opioid-taper", "least_share"),
    ("opioid-taper", "most_share"),
    ("bisphosphonate-renal-dose", "denosumab_dose"),
    ("start-bma", "exam"),
    ("start-bma", "ordered"),
    ("opioid-with-bma", "exam"),
    ("opioid-with-bma", "ordered"),
    ("bisphosphonate-renal-dose", "ibandronate_label_creatinine"),
    ("bisphosphonate-renal-dose", "ibandronate_label_creatinine_si"),
}


def _numbers_of(topic: str) -> Iterator[str]:
    """The names of the parameters that the rule asks for, by itself or where it says the same as another."""
    asked = source_of(RULES[topic]).asks() if topic in RULES else ()
    yield from (name for method, name in asked if method != "indicator")


NUMBERS = sorted({(topic, name) for topic in FILES for name in _numbers_of(topic)} - WORDED)


def _failing(edition: Edition, changed: Recommendation) -> list[str]:
    moved = with_recommendation(edition, changed)
    return [c.name for c in FILES[changed.topic].cases if ask(moved, changed.topic, c.given).said != c.expect]


@pytest.mark.parametrize("sign", [-1, 1], ids=["down", "up"])
@pytest.mark.parametrize(("topic", "name"), NUMBERS)
def test_every_number_of_a_rule_is_pinned(edition: Edition, topic: str, name: str, sign: int) -> None:
    recommendation = edition.knowledge.guideline.recommendations[topic]
    parameter = recommendation.parameters[name]
    by = sign * Decimal(NUDGES[parameter.unit])
    moved = msgspec.structs.replace(parameter, value=parameter.value + by)
    changed = msgspec.structs.replace(recommendation, parameters={**recommendation.parameters, name: moved})
    assert _failing(edition, changed)


TABLE_2 = ["zoledronic-acid", "pamidronate", "ibandronate", "incadronate"]
BOUNDS = ("above", "from_", "below", "to")


def _edges(edition: Edition, drug: str) -> set[Decimal]:
    bands = edition.knowledge.guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"].rows[drug]
    return {edge for band in bands for name in BOUNDS if (edge := getattr(band, name)) is not None}


def _moved(band: Band, edge: Decimal, by: Decimal) -> Band:
    return msgspec.structs.replace(band, **{n: edge + by for n in BOUNDS if getattr(band, n) == edge})


def _with_rows(edition: Edition, drug: str, bands: list[Band]) -> Recommendation:
    recommendation = edition.knowledge.guideline.recommendations["bisphosphonate-renal-dose"]
    table = recommendation.tables["table_2"]
    rows = msgspec.structs.replace(table, rows={**table.rows, drug: bands})
    return msgspec.structs.replace(recommendation, tables={"table_2": rows})


@pytest.mark.parametrize("drug", TABLE_2)
def test_every_edge_and_dose_of_table_2_is_pinned(edition: Edition, drug: str) -> None:
    bands = edition.knowledge.guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"].rows[drug]
    for by in (Decimal("-0.02"), Decimal("0.02")):
        for edge in _edges(edition, drug):
            assert _failing(edition, _with_rows(edition, drug, [_moved(b, edge, by) for b in bands])), f"{edge} by {by}"
        for at, band in enumerate(bands):
            if band.dose is not None:
                moved = msgspec.structs.replace(band, dose=band.dose + by)
                assert _failing(edition, _with_rows(edition, drug, [*bands[:at], moved, *bands[at + 1 :]])), (
                    band.printed
                )


def test_every_drug_of_table_2_is_pinned(edition: Edition) -> None:
    assert set(edition.knowledge.guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"].rows) == set(
        TABLE_2
    )


# What words the card or is suggested with it.


@pytest.mark.parametrize(
    ("drug", "clearance", "others"),
    [
        ("zoledronic-acid", "29.99", {"ibandronate": "2", "incadronate": "5"}),
        ("pamidronate", "30", {"zoledronic-acid": "3", "ibandronate": "4", "incadronate": "5"}),
        ("pamidronate", "29.99", {"ibandronate": "2", "incadronate": "5"}),
    ],
)
@pytest.mark.parametrize("level", ["low", "normal", "high", None])
def test_alternatives_are_dosed_for_this_clearance_and_wait_for_calcium(
    edition: Edition, drug: str, clearance: str, others: dict[str, str], level: str | None
) -> None:
    given = {"order": {"drug": drug}, "clearance": Decimal(clearance), "calcium": {"level": level}}
    outcome = ask(edition, "bisphosphonate-renal-dose", given).outcome
    assert isinstance(outcome, Advise)
    suggested = {act.orderable: act.mg for s in outcome.suggestions for act in s.acts if isinstance(act, CreateDrug)}
    expected = {name: Fraction(mg) for name, mg in others.items()}
    assert suggested == ({} if level == "low" else expected | {"denosumab": Fraction(120)})


@pytest.mark.parametrize("beside", ["denosumab", "ibandronate", "zoledronic-acid"])
def test_beside_another_draft_an_order_is_only_removed(edition: Edition, beside: str) -> None:
    given = {"order": {"drug": "zoledronic-acid"}, "clearance": 28, "also_ordered": [{"drug": beside}]}
    outcome = ask(edition, "bisphosphonate-renal-dose", given).outcome
    assert isinstance(outcome, Advise)
    assert [s.label for s in outcome.suggestions] == ["delete"]


def test_either_of_two_drafts_can_be_removed(edition: Edition) -> None:
    given = {"order": {"drug": "denosumab"}, "also_ordered": [{"drug": "zoledronic-acid", "selected": False}]}
    outcome = ask(edition, "concurrent-bma", given).outcome
    assert isinstance(outcome, Advise)
    removed = [act.order.drug for s in outcome.suggestions for act in s.acts if isinstance(act, DeleteOrder)]
    assert removed == ["denosumab", "zoledronic-acid"]


@pytest.mark.parametrize(("topic", "drug", "dose"), [
    ("bisphosphonate-renal-dose", "zoledronic-acid", 5), ("denosumab-dose", "denosumab", 60),
])  # fmt: skip
@pytest.mark.parametrize(("more", "offered"), [
    ({}, True), ({"calcium": {"level": "low", "mmol_l": 1.9}}, False), ({"calcium": {"level": "high"}}, True),
    ({"also_ordered": "same"}, False),
])  # fmt: skip
def test_the_right_product_is_offered_unless_calcium_is_low_or_it_is_there(
    edition: Edition, topic: str, drug: str, dose: int, more: dict[str, Any], offered: bool
) -> None:
    given = {"order": {"drug": drug, "dose_mg": dose, "product": "osteoporosis"}, "clearance": 75} | more
    if "also_ordered" in given:
        given["also_ordered"] = [{"drug": drug}]
    outcome = ask(edition, topic, given).outcome
    assert isinstance(outcome, Advise)
    assert bool(outcome.suggestions) is offered


@pytest.mark.parametrize(("dose", "named"), [(60, True), ("59.9", False), ("60.1", False), (90, False)])
def test_only_the_osteoporosis_dose_names_that_product(edition: Edition, dose: str, named: bool) -> None:
    assert _data(edition, {"order": {"drug": "denosumab", "dose_mg": Decimal(dose)}})["osteoporosis"] is named


@pytest.mark.parametrize(
    ("dose", "clearance", "said"),
    [
        (90, "59.99", True),
        (90, "60", False),
        (90, "60.01", False),
        (90, None, False),
        (120, "25", False),
        (180, "25", False),
    ],
)
def test_a_reduced_denosumab_dose_in_renal_impairment_is_pointed_out(
    edition: Edition, dose: int, clearance: str | None, said: bool
) -> None:
    value = Decimal(clearance) if clearance else None
    given = {"order": {"drug": "denosumab", "dose_mg": dose, "route": "intravenous"}, "clearance": value}
    assert _data(edition, given)["renal"] is said


def _data(edition: Edition, given: dict[str, Any]) -> Mapping[str, object]:
    outcome = ask(edition, "denosumab-dose", given).outcome
    assert isinstance(outcome, Advise)
    return outcome.data


@pytest.mark.parametrize(("other", "named"), [("49.99", True), ("50", False), ("60", False), ("60.01", True)])
def test_another_body_weight_is_named_only_where_it_changes_the_row(edition: Edition, other: str, named: bool) -> None:
    given = {
        "order": {"drug": "zoledronic-acid", "dose_mg": 4},
        "clearance": 55,
        "clearance_with_ideal_weight": Decimal(other),
    }
    outcome = ask(edition, "bisphosphonate-renal-dose", given).outcome
    assert isinstance(outcome, Advise)
    assert outcome.data["other_weights"] == ((("ideal", Fraction(other)),) if named else ())


@pytest.mark.parametrize(
    ("topic", "given", "service"),
    [
        ("renal-function-missing", {"order": {"drug": "zoledronic-acid"}, "clearance": None}, "creatinine"),
        ("denosumab-hypocalcaemia", {"order": {"drug": "denosumab"}, "calcium": {"level": None}}, "calcium-ionised"),
    ],
)
@pytest.mark.parametrize("how", ["ordered", None])
def test_a_test_already_ordered_is_not_suggested_again(
    edition: Edition, topic: str, given: dict[str, Any], service: str, how: str | None
) -> None:
    exams = [{"service": service, "how": how, "days_ago": 0}] if how else []
    outcome = ask(edition, topic, given | {"exams": exams}).outcome
    assert isinstance(outcome, Advise)
    assert bool(outcome.suggestions) is (how is None)


@pytest.mark.parametrize(
    ("service", "label"), [("dental-examination", "order-exam"), ("calcium-total", "order-calcium")]
)
@pytest.mark.parametrize(("days", "offered"), [(179, False), (180, False), (181, True)])
@pytest.mark.parametrize(
    ("topic", "given"), [("start-bma", {"order": None}), ("opioid-with-bma", {"order": {"drug": "opioid"}, "pain": 8})]
)
def test_what_was_arranged_lately_is_not_offered_before_a_first_bone_modifying_drug(
    edition: Edition, topic: str, given: dict[str, Any], service: str, label: str, days: int, offered: bool
) -> None:
    how = "done" if service == "dental-examination" else "ordered"
    exams = [{"service": service, "how": how, "days_ago": days}]
    outcome = ask(edition, topic, given | {"calcium": {"level": None}, "exams": exams}).outcome
    assert isinstance(outcome, Advise)
    assert (label in [s.label for s in outcome.suggestions]) is offered


@pytest.mark.parametrize(
    ("given", "offered"),
    [
        ({"clearance": 25}, {"denosumab": None, "ibandronate": 2, "incadronate": 5}),
        ({"clearance": 30}, {"denosumab": None, "zoledronic-acid": 3, "ibandronate": 4, "incadronate": 5}),
        ({"clearance": 90}, {"denosumab": None, "zoledronic-acid": 4, "pamidronate": 90, "incadronate": 10}),
        ({"clearance": None}, {"denosumab": None}),
        ({"clearance": 25, "calcium": {"level": "low", "mmol_l": 2}}, {}),  # named, and ordered once it is corrected
        ({"creatinines": [{"mg_dl": Decimal("1.6"), "days_ago": 1}, {"mg_dl": 1, "days_ago": 6}]}, {"denosumab": None}),
        ({"diagnoses": ["lung-cancer", "bone-metastasis", "dialysis"]}, {"denosumab": None}),
        ({"allergic_to_class": ["bisphosphonate"]}, {"denosumab": None}),
        ({"allergic_to": ["denosumab", "pamidronate"]}, {"zoledronic-acid": 4, "incadronate": 10}),
        ({"clearance": 25, "creatinines": [{"umol_l": 443, "days_ago": 1}]}, {"denosumab": None, "incadronate": 5}),
        ({"clearance": 25, "creatinines": [{"umol_l": 442, "days_ago": 1}]},
         {"denosumab": None, "ibandronate": 2, "incadronate": 5}),
    ],
)  # fmt: skip
def test_what_a_first_bone_modifying_drug_can_be(
    edition: Edition, given: dict[str, Any], offered: dict[str, int | None]
) -> None:
    outcome = ask(edition, "start-bma", {"order": None, **given}).outcome
    assert isinstance(outcome, Advise)
    made = {act.orderable: act.mg for s in outcome.suggestions for act in s.acts if isinstance(act, CreateDrug)}
    assert made == {drug: None if mg is None else Fraction(mg) for drug, mg in offered.items()}


@pytest.mark.parametrize(("clearance", "said"), [(30, True), ("30.1", False), (25, False)])
def test_between_two_printed_rows_is_said(edition: Edition, clearance: str, said: bool) -> None:
    one = ask(edition, "start-bma", {"order": None, "clearance": Decimal(clearance)})
    assert isinstance(one.outcome, Advise)
    values = template_values(edition.recommendations["start-bma"], one.subject, one.facts, one.outcome.data)
    limits = edition.wordings["en"].language.topics["start-bma"].cards["untreated"].limits
    assert limits
    assert ("the table has no row" in limits.render(values)) is said


@pytest.mark.parametrize(("drug", "offered"), [("nsaid", True), ("cisplatin", False)])
def test_removing_an_nsaid_is_offered_and_removing_chemotherapy_is_not(
    edition: Edition, drug: str, offered: bool
) -> None:
    given = {"order": {"drug": drug}, "uses": [{"drug": "pamidronate", "active": True, "days_ago": 9}]}
    outcome = ask(edition, "nsaid-with-bisphosphonate", given).outcome
    assert isinstance(outcome, Advise)
    assert bool(outcome.suggestions) is offered
