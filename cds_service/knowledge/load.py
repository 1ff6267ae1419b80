"""Loads ``cards/``: every recommendation, the registry, the drug facts and the override reasons, checked together.

Every mistake is told with file, line, what is wrong, and the remedy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.base.complaints import ContentError, Faults
from cds_service.base.yamlfile import line_of, load_as
from cds_service.knowledge.drugs import Drugs, load_drugs
from cds_service.knowledge.model import File, Parameter, Recommendation, Registry
from cds_service.knowledge.tables import complaints

# Units a parameter may have; "1" is a count. A new one is added here once rules and texts can show it.
UNITS = frozenset({"mg", "mg/d", "IU/d", "mg/dL", "umol/L", "mL/min", "mL/min/1.73m2", "min", "d", "mo", "a", "%", "1"})
MOST_REASONS = 6


class OverrideReasons(File, frozen=True):
    """``cards/override-reasons.yaml``: code -> language -> the words on the button."""

    system: str
    wrong_advice: str
    display: dict[str, dict[str, str]]


@dataclass(frozen=True)
class Guideline:
    """Everything a clinician signs except texts and code lists; ``recommendations`` by topic, alphabetically."""

    recommendations: Mapping[str, Recommendation]
    registry: Registry
    drugs: Drugs
    override_reasons: OverrideReasons


@dataclass(frozen=True)
class _Complaint:
    """Something wrong at a member of a file, before its line is looked up."""

    where: tuple[str | int, ...]
    what: str
    remedy: str


def load_guideline(folder: Path, faults: Faults) -> Guideline | None:
    """The content of ``cards/``; every mistake is noted in ``faults``. A recommendation that cannot be read is left
    out; None when what all of them lean on cannot be."""
    files = {path.stem: path for path in sorted((folder / "recommendations").glob("*.yaml"))}
    recommendations = {}
    for topic, path in files.items():
        with faults.noted():
            recommendations[topic] = load_as(path, Recommendation)
    registry = drugs = reasons = None
    with faults.noted():
        registry = load_as(folder / "guideline.yaml", Registry)
    with faults.noted():
        drugs = load_drugs(folder / "drugs.yaml")
    with faults.noted():
        reasons = load_as(folder / "override-reasons.yaml", OverrideReasons)
    if registry is None or drugs is None or reasons is None:
        return None
    guideline = Guideline(recommendations, registry, drugs, reasons)
    for topic, recommendation in recommendations.items():
        _note(faults, files[topic], _recommendation(topic, recommendation, guideline))
    if len(recommendations) == len(files):  # what is not there would be missed everywhere
        _note(faults, folder / "guideline.yaml", _registry(guideline))
        _note(faults, folder / "drugs.yaml", _drugs(guideline))
    _note(faults, folder / "override-reasons.yaml", _reasons(guideline))
    return guideline


def _note(faults: Faults, file: Path, found: Iterator[_Complaint]) -> None:
    for complaint in found:
        faults.add(ContentError(file, line_of(file, *complaint.where), complaint.what, complaint.remedy))


def _recommendation(topic: str, it: Recommendation, guideline: Guideline) -> Iterator[_Complaint]:
    if it.topic != topic:
        yield _Complaint(("topic",), f"the topic {it.topic!r} is not the file's name", f"write topic: {topic}")
    yield from _source(it, guideline.registry)
    for name, parameter in it.parameters.items():
        yield from _parameter(("parameters", name), parameter)
    for name, table in it.tables.items():
        for drug, number, what, remedy in complaints(table):
            place = ("tables", name, "rows", drug) + (() if number is None else (number,))
            yield _Complaint(place, f"{drug}: {what}", remedy)
        for drug in table.rows.keys() - guideline.drugs.drugs.keys():
            yield _Complaint(("tables", name, "rows", drug), f"unknown drug {drug!r}", "add it to drugs.yaml")
    named = [("replaces", other) for others in it.replaces.values() for other in others]
    named += [("folds", other) for others in it.folds.values() for other in others]
    for where, other in [*named, *(("carries", other) for other in it.carries)]:
        if other == topic or other not in guideline.recommendations:
            yield _Complaint((where,), f"{where} the unknown topic {other!r}", "name another topic's file")
    yield from _own_reasons(it, guideline.override_reasons)


def _source(it: Recommendation, registry: Registry) -> Iterator[_Complaint]:
    source = it.source
    if source.label.keys() != registry.title.keys():
        languages = ", ".join(registry.title)
        yield _Complaint(("source", "label"), "the label is not in every language", f"write it in {languages}")
    if source.kind != "guideline":
        if source.grade or source.recommendation or source.table:
            yield _Complaint(("source",), f"a {source.kind} source has a grade of the guideline", "remove it")
        return
    if not (source.quote and source.url and source.sections):
        yield _Complaint(("source",), "no quote, url or section", "add what a reviewer finds the statement by")
    grades = {s.id: s.grade or "" for s in registry.statements}
    sections = dict.fromkeys([*source.sections, *(s for some in source.card_sections.values() for s in some)])
    cited = [f"§{section}" for section in sections] + ([source.table] if source.table else [])
    numbered = [f"Rec. {number}" for number in source.recommendation]
    for statement in [*cited, *numbered]:
        if statement not in grades:
            yield _Complaint(("source",), f"{statement} is not in the registry", "add it to guideline.yaml")
    graded = {g.strip() for n in numbered for g in grades.get(n, "").split(",")} - {""}
    if (source.grade not in graded) if graded else source.grade:
        what = f"the grade {source.grade} is not that of the recommendation"
        yield _Complaint(("source",), what, f"the registry has {', '.join(sorted(graded)) or 'none'}")


def _parameter(where: tuple[str | int, ...], it: Parameter) -> Iterator[_Complaint]:
    if it.unit not in UNITS:
        yield _Complaint((*where, "unit"), f"unknown unit {it.unit!r}", f"use one of: {', '.join(sorted(UNITS))}")
    if not it.in_bounds:
        yield _Complaint((*where, "value"), "the value lies outside min and max", "correct the value or the bounds")
    if it.origin == "local" and (it.min is None or it.max is None or not it.note):
        yield _Complaint(where, "a local choice without min, max and note", "say why, and how far a site may change it")


def _own_reasons(it: Recommendation, reasons: OverrideReasons) -> Iterator[_Complaint]:
    where = ("override_reasons",)
    codes = it.override_reasons
    for code in codes:
        if code not in reasons.display:
            yield _Complaint(where, f"unknown override reason {code!r}", "use a code of override-reasons.yaml")
    if len(codes) > MOST_REASONS or len(set(codes)) < len(codes):
        yield _Complaint(where, f"more than {MOST_REASONS} override reasons, or one twice", "keep the likeliest ones")
    if not codes or codes[-1] != reasons.wrong_advice:
        what = "the last override reason does not say that the advice is wrong"
        yield _Complaint(where, what, f"end with {reasons.wrong_advice}")


def _registry(guideline: Guideline) -> Iterator[_Complaint]:
    statements = guideline.registry.statements
    for number, statement in enumerate(statements):
        where = ("statements", number)
        if any(other.id == statement.id for other in statements[:number]):
            yield _Complaint(where, f"{statement.id} stands twice", "keep one of them")
        for topic in set(statement.topics) - guideline.recommendations.keys():
            yield _Complaint(where, f"{statement.id}: unknown topic {topic!r}", "name a file of recommendations/")
        if (statement.status == "not-encoded") == bool(statement.topics):
            what = f"{statement.id}: {statement.status} does not go with its topics"
            yield _Complaint(where, what, "correct one of them")
    linked = {topic for statement in statements for topic in statement.topics}
    for topic, it in guideline.recommendations.items():
        if it.source.kind == "guideline" and topic not in linked:
            yield _Complaint(("statements",), f"no statement leads to {topic}", "add it to the topics of its section")


def _drugs(guideline: Guideline) -> Iterator[_Complaint]:
    drugs = guideline.drugs.drugs
    yield from _parameter(("aspirin_antiplatelet_mg",), guideline.drugs.aspirin_antiplatelet_mg)
    in_tables = {d for r in guideline.recommendations.values() for t in r.tables.values() for d in t.rows}
    for drug, facts in drugs.items():
        if facts.table_2 != (drug in in_tables):
            what = f"table_2 of {drug} contradicts the rows of the dose table"
            yield _Complaint(("drugs", drug), what, "correct one of them")


def _reasons(guideline: Guideline) -> Iterator[_Complaint]:
    for code, words in guideline.override_reasons.display.items():
        if words.keys() != guideline.registry.title.keys():
            yield _Complaint(("display", code), f"{code} is not in every language", "add the missing words")
