"""``check --explain``: which rule said what about which subject, on which facts, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.base.numbers import plain_number
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.facts.facts import CHAPTERS, Facts
from cds_service.facts.subjects import Chart, DrugOrder, RequestedProcedure, Subject
from cds_service.facts.window import problem_list
from cds_service.record.read import Record
from cds_service.render.cards import template_values
from cds_service.render.texts import Language, one_line


def explain(
    subjects: Iterable[Subject], record: Record, findings: Findings | None, language: Language
) -> Iterator[str]:
    """Lines of plain text: the subjects, the facts, then every rule's answer. ``findings``: None: no rule was asked."""
    if findings is None:
        yield "Nothing in this call is in the scope of the service: no rule was asked."
        return
    yield "Orders:"
    yield from (f"  - {_subject(subject)}" for subject in subjects)
    yield "Facts:"
    yield from (f"  - {line}" for line in _facts(findings.facts))
    yield from (f"  - {kind}: {n} could not be read" for kind, n in record.unreadable.items())
    if record.other_patient:
        yield f"  - {record.other_patient} resource(s) of another patient were dropped"
    if record.later:
        yield f"  - {record.later} resource(s) dated after now were dropped: they have not happened"
    yield "Rules:"
    yield from (f"  - {_finding(f, findings.facts, language)}" for f in findings.all)


def _subject(subject: Subject) -> str:
    match subject:
        case DrugOrder():
            return _drug(subject)
        case RequestedProcedure():
            return f"{_head(subject)} procedure {', '.join(subject.concepts) or 'not recognised'} {_selected(subject)}"
        case Chart():
            return "the chart is opened"


def _head(order: DrugOrder | RequestedProcedure) -> str:
    return f"{order.key} {'stops' if order.stops else 'orders'}"


def _selected(order: DrugOrder | RequestedProcedure) -> str:
    return "(selected)" if order.selected else "(not selected)"


def _drug(order: DrugOrder) -> str:
    parts = [f"{_head(order)} {', '.join(order.drugs) or 'a drug that is not recognised'} {_selected(order)}"]
    parts.append(
        f"dose {plain_number(order.dose.mg, 2)} mg"
        if order.dose
        else f"no dose ({order.dose_problem or 'none stated'})"
    )
    if order.route:
        parts.append(order.route)
    if order.interval_days is not None:
        parts.append(f"every {plain_number(order.interval_days, 2)} d")
    if order.infusion_minutes is not None:
        parts.append(f"over {plain_number(order.infusion_minutes)} min")
    return ", ".join([*parts, f"product: {order.product.use}"])


def _facts(facts: Facts) -> Iterator[str]:
    for name, chapter in CHAPTERS.items():
        if chapter.explained:
            yield from chapter.explained(getattr(facts, name))
    if facts.gaps:
        yield f"not (wholly) obtained: {problem_list(facts.gaps.values())}"


def _finding(finding: Finding, facts: Facts, language: Language) -> str:
    about = f"{finding.code} on {finding.subject.key or 'the chart'}"
    outcome, topic = finding.outcome, language.topics[finding.code]
    recommendation = finding.topic.recommendation
    if isinstance(outcome, Advise):
        values = template_values(recommendation, finding.subject, facts, outcome.data)
        said = one_line(topic.cards[outcome.say].summary.render(values))
        stands = f" — replaced by the card of {finding.replaced_by}" if finding.replaced_by else ""
        stands = f" — in the card of {finding.folded_into}" if finding.folded_into else stands
        return f"{about}: ADVISE ({outcome.indicator}) {said}{stands}"
    if isinstance(outcome, NoAdvice):
        values = template_values(recommendation, finding.subject, facts, outcome.data)
        line = topic.quiet.get(outcome.because) or language.quiet[outcome.because]
        return f"{about}: no advice. {one_line(line.render(values))}"
    return f"{about}: cannot tell. {problem_list(outcome.missing)}"
