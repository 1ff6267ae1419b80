"""The explanation: complete for every topic in both languages, data that survives JSON, and inert in every view."""

from __future__ import annotations

import ast
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest

from cds_service import fixtures
from cds_service.answer import Answer
from cds_service.base.kinds import LANGUAGES, REVIEW_SUMMARY, LanguageTag
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.facts.facts import CHAPTERS
from cds_service.facts.subjects import Chart
from cds_service.render.explain.facts import order_of
from cds_service.render.explain.html import explanation_page, rule_html
from cds_service.render.explain.model import Explanation, RulePage
from cds_service.render.explain.numbers import limits, windows
from cds_service.render.explain.rules import rule_page
from cds_service.render.explain.teller import Teller
from cds_service.render.explain.text import as_text
from cds_service.render.explain.whole import Asked, explanation
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body
from tests.asked import answered, explained
from tests.build import NOW, Json, ago, bundle, clearance, encoded, order, prefetch, request, zoledronic
from tests.commands import run

CHINESE = re.compile("[\u4e00-\u9fff]")
# Three words in a row are a sentence of ours; text of the request stands in quotation marks, or behind a colon.
ENGLISH = re.compile(r"\b[a-z]{2,} [a-z]{2,} [a-z]{2,}\b")
QUOTED = re.compile(r"“[^”]*”|医嘱：[^。]*。")
SITUATION = "zoledronic-acid-dose-above-row"


# Facts that tests make (``test_explained_facts.py``).
IN_NO_SITUATION = {"life-expectancy", "pain-elsewhere", "performance", "response-stated", "score-unusable"}


@pytest.fixture(scope="module")
def every(edition: Edition) -> list[tuple[str, Answer, Explanation]]:
    """Every shipped situation that is answered, explained in both languages."""
    found = []
    for situation in fixtures.situations():
        if situation.story.status != 200:
            continue
        for tag in LANGUAGES:
            it = answer_body(edition, situation.story.service, situation.request, situation.at, tag, Defaults())
            found.append((f"{situation.name} {tag}", it, explained(edition, it, tag, situation.at)))
    return found


# The data


def test_every_finding_is_explained_with_a_sentence(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, found, told in every:
        findings = found.findings.all if found.findings else ()
        assert [(v.topic, v.order) for v in told.verdicts] == [(f.code, f.subject.key) for f in findings], where
        assert all(v.sentence and v.scope_words and v.outcome_words for v in told.verdicts), where
        assert {v.topic for v in told.verdicts} == {r.topic for r in told.rules}, where


def test_the_situations_make_every_kind_of_verdict_and_of_fact(
    edition: Edition, every: list[tuple[str, Answer, Explanation]]
) -> None:
    verdicts = [v for _, _, told in every for v in told.verdicts]
    assert {v.outcome for v in verdicts} == {"advise", "no-advice", "cannot-tell"}
    assert any(v.replaced_by for v in verdicts)
    assert any(v.folded_into for v in verdicts)
    told = {fact.key for _, _, it in every for chapter in it.chapters for fact in chapter.facts}
    assert set(edition.teller("en").own.facts) - told <= {"clearance-at-least", *IN_NO_SITUATION}


def test_what_has_a_card_is_what_the_answer_shows(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, found, told in every:
        shown = {v.topic for v in told.verdicts if v.shown}
        # Those two have no rule: one tells what was not evaluated, the other holds the cards that may wait.
        of_no_rule = {"not-evaluated", REVIEW_SUMMARY}
        assert shown == {card.source.topic.code for card in found.response.cards} - of_no_rule, where
        assert all(v.standing for v in told.verdicts if v.outcome == "advise" and not v.shown), where


def test_an_advice_says_the_sentence_of_its_card(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, found, told in every:
        summaries = {card.summary for card in found.response.cards}
        assert {v.sentence for v in told.verdicts if v.shown} <= summaries, where


def test_a_number_of_the_record_has_the_path_of_its_resource(edition: Edition) -> None:
    situation = fixtures.load(SITUATION)
    it = answer_body(edition, situation.story.service, situation.request, situation.at)
    told = explained(edition, it, "en", situation.at)
    (fact,) = [f for chapter in told.chapters for f in chapter.facts if f.key == "clearance"]
    assert (fact.reference, fact.unit) == ("Observation/creatinine", "mL/min")
    assert fact.formula
    assert {i.name: (i.value, i.unit, i.reference) for i in fact.inputs} == {
        "creatinine": ("1.15", "mg/dL", "Observation/creatinine"),
        "age": ("60", "years", None),
        "weight": ("55", "kg", "Observation/weight"),
        "sex": ("female", None, None),
    }
    assert {w.name: w.value for w in fact.windows} == {
        "renal": "28", "weight": "180", "weight-lost": "90", "weight-told": "30",
    }  # fmt: skip


def test_every_path_leads_to_a_resource_of_the_request(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, found, told in every:
        request = json.loads(fixtures.load(where.split()[0]).request)
        there = {f"{r['resourceType']}/{r['id']}" for r in resources(request) if "id" in r}
        said = {f.reference for c in told.chapters for f in c.facts} | {o.reference for o in told.orders}
        said |= {i.reference for c in told.chapters for f in c.facts for i in f.inputs}
        assert said - {None} <= there, where
        assert found


def resources(node: Any) -> Iterator[Json]:
    if isinstance(node, dict):
        if isinstance(node.get("resourceType"), str):
            yield node
        for value in node.values():
            yield from resources(value)
    elif isinstance(node, list):
        for value in node:
            yield from resources(value)


def test_json_gives_the_same_data_back(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, _, told in every:
        assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told, where


def test_what_was_left_out_is_said(edition: Edition) -> None:
    other = clearance(20, days_ago=1) | {"subject": {"reference": "Patient/other"}}
    broken = clearance(20, days_ago=3) | {"valueQuantity": "x"}
    ahead = order("77655", 4, id="ahead", status="active", authoredOn=ago(-9))
    sent = {k: v for k, v in prefetch().items() if k != "procedures"}
    sent |= {"laboratory": bundle(other, broken), "medicationRequests": bundle(ahead)}
    told = explained(edition, answered(edition, request(zoledronic(), prefetch=sent)), "en")
    found = {(each.kind, each.what, each.count) for each in told.left_out}
    assert ("other-patient", None, 1) in found
    assert ("unreadable", "Observation", 1) in found
    assert ("not-obtained", "procedures", None) in found
    assert ("not-asked", "denosumab-dose", None) in found
    (later,) = [each for each in told.left_out if each.kind == "later"]
    assert later.count == 1


def test_what_could_not_be_checked_at_all_is_said(edition: Edition) -> None:
    told = explained(edition, answered(edition, request(zoledronic(), prefetch={})), "en")
    assert {"laboratory", "conditions", "patient"} <= {each.what for each in told.left_out if each.kind == "unmet"}


def test_a_silent_topic_is_explained_as_silent(edition: Edition) -> None:
    situation = fixtures.load(SITUATION)
    it = answer_body(edition, situation.story.service, situation.request, situation.at)
    assert it.findings
    asked = Asked(
        it.call.service,
        NOW,
        it.subjects,
        it.record,
        it.findings.silencing({"bisphosphonate-renal-dose"}),
        edition.topics_of(it.call.service),
    )
    (said,) = [v for v in explanation(asked, edition.teller("en")).verdicts if v.topic == "bisphosphonate-renal-dose"]
    assert (said.silent, said.shown, said.outcome) == (True, False, "advise")
    assert said.standing


@pytest.mark.parametrize("tag", LANGUAGES)
def test_the_opened_chart_is_something_to_ask_about(edition: Edition, tag: LanguageTag) -> None:
    told = order_of(Chart(), edition.teller(tag))
    assert (told.key, told.kind, told.selected) == ("", "chart", True)
    assert told.sentence


# The words


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_name_an_explanation_can_need_has_words(edition: Edition, tag: LanguageTag) -> None:
    own, guideline = edition.teller(tag).own, edition.knowledge.guideline
    measurements = edition.knowledge.measurements
    assert set(own.chapters) == {name for name, chapter in CHAPTERS.items() if chapter.explained}
    assert set(own.windows) == set(measurements.windows)
    assert set(own.limits) == set(measurements.limits)
    assert set(own.parameters) == {n for r in guideline.recommendations.values() for n in r.parameters}
    assert set(own.concepts) >= {
        row.concept for row in edition.terminology._rows if row.domain in ("condition", "procedure", "observation")
    }
    assert set(own.formulas) == {f for chapter in CHAPTERS.values() for f in chapter.basis.formulas}


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_sentence_of_every_topic_can_be_told(edition: Edition, tag: LanguageTag) -> None:
    """Those of which no situation makes use too: a filter that is misspelt is found here."""
    teller = edition.teller(tag)
    for text in teller.texts.values():
        for template in [*text.quiet.values(), *(t for c in text.cards.values() for t in (c.how, c.limits) if t)]:
            teller._compiler.sentence(template)
    for template in [*teller.own.lines.values(), *teller.own.facts.values()]:
        teller._compiler.sentence(template)


# Says the same in every language: sections, an abbreviation, a page of ours.
NO_WORDS = re.compile(r"CT|MRI|(§[\d.]+(, )?)+|(cards/)?decisions/[\w-]+\.md")


def test_every_text_of_the_yaml_that_is_shown_is_translated_and_no_more(edition: Edition) -> None:
    """A changed source, note or reading has lost its translation: write it anew in ``cards/translations.yaml``."""
    shown: set[str] = set()

    class Noting(Teller):
        def translated(self, text: str) -> str:
            shown.add(" ".join(text.split()))
            return text

    teller = Noting(**{f.name: getattr(edition.teller("zh-CN"), f.name) for f in dataclasses.fields(Teller)})
    for topic in edition.recommendations:
        rule_page(topic, teller)
    list(windows(edition.knowledge.measurements.windows, teller))
    list(limits(edition.knowledge.measurements.limits, teller))
    registry = edition.knowledge.guideline.registry
    for statement in registry.statements:
        shown.update(" ".join(text.split()) for text in (statement.title, statement.why))
    for misprint in registry.errata:
        described = [misprint.printed] if re.search("[a-z]{4}", misprint.printed) else []  # else it is what is printed
        shown.update(" ".join(text.split()) for text in (misprint.where, misprint.reading, *described))
    for service in edition.knowledge.services.services:
        told = (service.title, service.description, service.usage_requirements)
        shown.update(" ".join(text.split()) for text in told)
    needed = {text for text in shown if not NO_WORDS.fullmatch(text)}
    assert needed - teller.translations.keys() == set()
    assert teller.translations.keys() - needed == set()
    assert [said for said in teller.translations.values() if not CHINESE.search(said)] == []


def called(name: str) -> set[str]:
    """What facts ask ``measurements`` for: a window (``days``) or a limit (``limit``), by a literal or a constant."""
    root = Path(__file__).parents[1] / "cds_service" / "facts"
    asked: set[str] = set()
    for file in root.glob("*.py"):
        members = vars(import_module(f"cds_service.facts.{file.stem}"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != name:
                continue
            if ast.unparse(node.func.value).endswith("measurements") and isinstance(
                found := value_of(node.args[0], members), str
            ):
                asked.add(found)
    return asked


def value_of(node: ast.expr, members: Mapping[str, Any]) -> object:
    """A literal, a constant of a module, or a member of one; None: it is made while it runs."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Name():
            return members.get(node.id)
        case ast.Attribute():
            return getattr(value_of(node.value, members), node.attr, None)
        case ast.Subscript():
            table, key = value_of(node.value, members), value_of(node.slice, members)
            return table.get(key) if isinstance(table, dict) else None
    return None


# Back to which a chapter must be known; a rule asks for it with a number of its own.
ASKED_BY_RULES = {"distress"}


def test_a_window_or_limit_that_facts_use_stands_in_the_explanation() -> None:
    windows = {w for c in CHAPTERS.values() for w in (*c.look_back.values(), *c.basis.windows)}
    assert called("days") | ASKED_BY_RULES == windows
    assert called("limit") <= {limit for c in CHAPTERS.values() for limit in c.basis.limits}


def test_chinese_is_chinese_throughout(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, _, told in every:
        if told.language == "zh-CN":
            for said in (*sentences(told), *reviewed(told)):
                assert CHINESE.search(said), (where, said)
                assert not ENGLISH.search(QUOTED.sub("", said)), (where, said)


def test_english_has_no_chinese_of_ours(every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, found, told in every:
        if told.language == "en" and not CHINESE.search(str(fixtures.load(where.split()[0]).request.decode())):
            assert [said for said in sentences(told) if CHINESE.search(said)] == [], where
            assert found


def sentences(told: Explanation) -> Iterator[str]:
    yield told.note
    yield from (order.sentence for order in told.orders)
    yield from (fact.sentence for chapter in told.chapters for fact in chapter.facts)
    yield from (v.sentence for v in told.verdicts)
    yield from (each.sentence for each in told.left_out)


def reviewed(told: Explanation) -> Iterator[str]:
    """What the YAML says of the rules."""
    for rule in told.rules:
        yield from (rule.reading, rule.not_encoded, rule.source.words, *rule.asked_when)
        for number in (*rule.parameters, *rule.windows, *rule.limits):
            yield from (number.words, number.origin_words)
            yield from (text for text in (number.note, number.source) if text and not NO_WORDS.fullmatch(text))


# The rule by itself


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_topic_has_a_page_of_its_rule(edition: Edition, tag: LanguageTag) -> None:
    for topic, recommendation in edition.recommendations.items():
        page = rule_page(topic, edition.teller(tag))
        rule = page.rule
        assert rule.source.words
        assert rule.reading
        assert rule.not_encoded
        assert [p.name for p in rule.parameters] == list(recommendation.parameters)
        assert all(p.unit or p.unit == "" for p in rule.parameters)
        assert all(p.origin_words and p.source for p in rule.parameters)
        if topic in edition.topics:
            assert rule.asked_when
            assert {n.name for n in rule.needs if n.required} == set(recommendation.needs.required)
        assert msgspec.json.decode(msgspec.json.encode(page), type=RulePage) == page


def test_the_decisions_a_page_names_are_there(edition: Edition) -> None:
    named = {d for topic in edition.recommendations for d in rule_page(topic, edition.teller("en")).rule.decisions}
    folder = Path(__file__).parents[1] / "cards" / "decisions"
    assert len(named) > 5
    assert [d for d in named if not (folder / f"{d}.md").is_file()] == []


def test_the_numbers_of_a_page_are_those_of_the_site(edition: Edition, tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text("windows: {renal: 14}\n", encoding="utf-8")
    rule = rule_page("bisphosphonate-renal-dose", Edition.load(Settings(site_file=site)).teller("en")).rule
    assert {w.name: w.value for w in rule.windows}["renal"] == "14"


def test_table_2_stands_on_the_page_row_by_row(edition: Edition) -> None:
    (table,) = rule_page("bisphosphonate-renal-dose", edition.teller("en")).rule.tables
    rows = [(r.printed, r.read_as, r.dose) for r in table.rows if r.drug == "zoledronic-acid"]
    assert rows[2] == ("40~49", "≥ 40 and < 50", "3.3")
    assert table.rows[4].not_recommended


# The views


class Parsed(HTMLParser):
    """Names of the elements and all text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[str] = []
        self.said = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [name for name, _ in attrs]

    def handle_data(self, data: str) -> None:
        self.said += data


HOSTILE = "\u001b[2J\u202e<script>alert(1)</script><img src=x onerror=alert(1)>"


def told(name: str, **members: Any) -> Json:
    """A result of this name and hostile words."""
    it = {"resourceType": "Observation", "id": f"{name} {HOSTILE}", "status": "final", "effectiveDateTime": ago(2)}
    return it | {"code": {"text": name}} | members


@pytest.fixture(scope="module")
def hostile(edition: Edition) -> Explanation:
    """Text of the request that would run, wherever text can stand."""
    draft = zoledronic() | {"id": HOSTILE}
    draft["medicationCodeableConcept"] |= {"text": f"唑来膦酸 {HOSTILE}"}
    result = clearance(45) | {"id": HOSTILE}
    diagnosis = {"resourceType": "Condition", "id": HOSTILE, "code": {"text": f"lung cancer {HOSTILE}"}}
    bone = {"resourceType": "Condition", "id": HOSTILE, "code": {"text": f"左髂骨骨转移 {HOSTILE}"}}
    fracture = {
        "resourceType": "Condition",
        "id": "fracture",
        "code": {"text": f"病理性骨折 {HOSTILE}"},
        "bodySite": [{"text": f"左股骨 {HOSTILE}"}],
        "recordedDate": ago(9),
    }
    taken = order("", 0, id="taken", status="active", authoredOn=ago(9))
    taken["medicationCodeableConcept"] = {"text": f"tramadol 50 mg {HOSTILE}"}
    irradiated = {
        "resourceType": "Procedure",
        "id": HOSTILE,
        "status": "completed",
        "code": {"text": f"左股骨放疗 {HOSTILE}"},
        "performedDateTime": ago(20),
    }
    conference = {"resourceType": "Encounter", "id": HOSTILE, "status": "finished", "period": {"start": ago(9)}}
    conference |= {"type": [{"text": f"多学科会诊 {HOSTILE}"}]}
    report = {
        "resourceType": "DiagnosticReport",
        "id": HOSTILE,
        "status": "final",
        "code": {"text": f"骨显像 {HOSTILE}"},
        "effectiveDateTime": ago(9),
        "conclusion": f"左髂骨溶骨性骨转移，孤立性 {HOSTILE}",
    }
    sent = prefetch(
        laboratory=bundle(result),
        conditions=bundle(diagnosis, bone, fracture),
        medicationRequests=bundle(taken),
        procedures=bundle(irradiated),
        encounters=bundle(conference),
        reports=bundle(report),
        observations=bundle(
            told("左髂骨骨病灶大小", valueString=f"20×16 mm {HOSTILE}"),
            told("疗效评价", valueString=HOSTILE),
            told("NRS疼痛评分", valueInteger=7, bodySite={"text": HOSTILE}),
            told("NRS疼痛评分", valueString=HOSTILE),
            told("预期生存期", valueString=HOSTILE),
        ),
    )
    found = answered(edition, request(draft, order("77655", 4, id="other"), prefetch=sent))
    return explained(edition, found, "en")


def test_text_of_the_request_is_inert_on_the_page(edition: Edition, hostile: Explanation) -> None:
    page = explanation_page(hostile, edition.teller("en"))
    parsed = Parsed(page)
    assert "alert(1)" in parsed.said
    assert {fact.key for c in hostile.chapters for fact in c.facts} >= {
        *("sign", "lesion-size", "response-stated", "lesion-number", "lesion-kind", "activity", "study"),
        *("event", "analgesic", "pain", "score-unusable"),
    }
    assert {"script", "img", "style", "iframe", "link"}.isdisjoint(parsed.elements)
    assert [name for name in parsed.attributes if name.startswith("on") or name == "style"] == []
    assert "<script" not in page.lower()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_pages_load_and_run_nothing(edition: Edition, tag: LanguageTag, hostile: Explanation) -> None:
    teller = edition.teller(tag)
    for topic in edition.recommendations:
        parsed = Parsed(rule_html(rule_page(topic, teller), teller, {}))
        assert parsed.elements.count("h1") == 1
        assert {"script", "img", "style", "iframe", "link", "form"}.isdisjoint(parsed.elements)
        assert "src" not in parsed.attributes
    assert Parsed(explanation_page(hostile, edition.teller("en"))).elements.count("h1") == 1


def test_views_say_every_verdict_and_every_fact(edition: Edition, every: list[tuple[str, Answer, Explanation]]) -> None:
    for where, _, told in every:
        teller = edition.teller(told.language)
        lines, page = "\n".join(as_text(told, teller)), Parsed(explanation_page(told, teller)).said
        for said in sentences(told):
            assert said in lines, where
            assert said in page, where


def test_a_control_character_of_the_request_does_not_reach_the_terminal(edition: Edition, hostile: Explanation) -> None:
    draft = order("77655", 4, id="a\u001b[2Jb")
    draft["medicationCodeableConcept"] |= {"text": "zoledronic acid\u001b[31m\nred\u202e"}
    told = explained(edition, answered(edition, request(draft)), "en")
    lines = [*as_text(told, edition.teller("en")), *as_text(hostile, edition.teller("en"))]
    assert not [line for line in lines if re.search("[\x00-\x1f\x7f-\x9f\u202a-\u202e]", line)]


# The command


@pytest.mark.usefixtures("quiet")
class TestTheCommand:
    def test_json(self) -> None:
        result = run("check", SITUATION, "--explain", "--json", "--language", "zh-CN")
        assert result.exit_code == 0, result.output
        told = msgspec.json.decode(result.stdout.encode(), type=Explanation)
        assert told.language == "zh-CN"
        assert "bisphosphonate-renal-dose" in {v.topic for v in told.verdicts if v.shown}

    def test_html(self) -> None:
        result = run("check", SITUATION, "--explain", "--html")
        assert result.stdout.startswith("<!DOCTYPE html>")
        assert 'lang="en"' in result.stdout

    def test_text_in_chinese(self) -> None:
        said = run("check", SITUATION, "--explain", "--language", "zh-CN").stdout
        assert "肌酐清除率 45.2 mL/min" in said
        assert "Facts" not in said

    def test_a_view_without_an_explanation_is_refused(self) -> None:
        result = run("check", SITUATION, "--json")
        assert result.exit_code == 2
        assert "--explain" in result.stderr

    def test_nothing_in_scope(self, tmp_path: Path) -> None:
        file = tmp_path / "body.json"
        file.write_bytes(encoded(request(order("83367", 20))))
        told = json.loads(run("check", str(file), "--explain", "--json").stdout)
        assert "verdicts" in told
        assert "no rule was asked" in told["note"]
