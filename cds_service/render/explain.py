"""``check --explain``: which rule said what about which order, on which facts, in words."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.answer import Answer
from cds_service.edition import Content
from cds_service.evaluate.judge import Finding, Findings
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.facts.facts import DrugOrder, Facts, Missing, Order
from cds_service.render.cards import template_values
from cds_service.render.texts import Language, clearance_number, one_line, plain_number


def explain(answered: Answer, content: Content, language: Language) -> Iterator[str]:
    """Lines of plain text: the orders, the facts, then every rule's answer."""
    if answered.findings is None:
        yield "No order in this call is in the scope of the service: no rule was asked."
        return
    facts = answered.findings.facts
    yield "Orders:"
    yield from (f"  - {line}" for line in map(_order, facts.orders))
    yield "Facts:"
    yield from (f"  - {line}" for line in _facts(facts))
    yield from (f"  - {kind}: {n} could not be read" for kind, n in answered.record.unreadable.items())
    if answered.record.other_patient:
        yield f"  - {answered.record.other_patient} resource(s) of another patient were dropped"
    yield "Rules:"
    yield from (f"  - {_finding(f, answered.findings, content, language)}" for f in answered.findings.all)


def _order(order: Order) -> str:
    selected = "selected" if order.selected else "not selected"
    action = "stops" if order.stops else "orders"
    if not isinstance(order, DrugOrder):
        return f"{order.key} {action} service {', '.join(order.services) or 'not recognised'} ({selected})"
    parts = [f"{order.key} {action} {', '.join(order.drugs) or 'a drug that is not recognised'} ({selected})"]
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
    age = facts.patient.age
    yield f"age {'unknown' if age is None else age}, sex {facts.patient.sex or 'unknown'}"
    active = [d.concept for d in facts.diagnoses if d.active]
    yield f"diagnoses: {', '.join(active) or 'none that matter'}"
    clearance = facts.renal.clearance
    if clearance:
        yield f"creatinine clearance {clearance_number(clearance.value)} mL/min ({clearance.method}, {clearance.when})"
    else:
        yield f"creatinine clearance unknown: {_missing(facts.renal.problems)}"
    calcium = facts.calcium
    if calcium.level and calcium.value is not None:
        value = f"{plain_number(calcium.value, 2)} {calcium.unit}"
        yield f"calcium {calcium.level}: {value} ({calcium.kind}, {calcium.when})"
    else:
        yield f"calcium unknown: {_missing(calcium.problems)}"
    for use in facts.uses:
        state = "active" if use.active else "ended" if use.ended else "given"
        yield f"{use.kind} of {', '.join(use.drugs)}: {state}, {use.when or 'undated'} ({use.ref})"
    for arrangement in facts.arrangements:
        yield f"{arrangement.service} {arrangement.how}, {arrangement.when or 'undated'} ({arrangement.ref})"
    if facts.gaps:
        yield f"not (wholly) obtained: {_missing(tuple(facts.gaps.values()))}"


def _missing(missing: tuple[Missing, ...]) -> str:
    return "; ".join(f"{m.what} {m.why}" for m in missing) or "nothing found"


def _finding(finding: Finding, findings: Findings, content: Content, language: Language) -> str:
    about = f"{finding.topic} on {finding.order.key}"
    outcome, topic = finding.outcome, language.topics[finding.topic]
    if isinstance(outcome, Advise):
        values = template_values(finding.recommendation, finding.order, findings.facts, language, outcome.data)
        said = one_line(topic.cards[outcome.say].summary.render(values))
        stands = f" — replaced by the card of {finding.replaced_by}" if finding.replaced_by else ""
        return f"{about}: ADVISE ({outcome.indicator}) {said}{stands}"
    if isinstance(outcome, NoAdvice):
        values = template_values(finding.recommendation, finding.order, findings.facts, language, outcome.data)
        return f"{about}: no advice. {one_line(topic.quiet[outcome.because].render(values))}"
    return f"{about}: cannot tell. {_missing(outcome.missing)}"
