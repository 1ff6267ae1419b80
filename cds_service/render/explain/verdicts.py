"""What each rule said of each order, and what became of it."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.render.escape import shorten
from cds_service.render.explain.model import Verdict
from cds_service.render.explain.teller import Teller
from cds_service.render.texts import one_line
from cds_service.render.values import card_values, template_values


def verdict(finding: Finding, findings: Findings, teller: Teller) -> Verdict:
    """One of the findings, in words."""
    outcome, code = finding.outcome, finding.code
    kind = _kind(outcome)
    said = Verdict(
        topic=code,
        words=teller.display(code),
        order=shorten(finding.subject.key),
        scope=finding.scope,
        scope_words=teller.own.scopes[finding.scope],
        outcome=kind,
        outcome_words=teller.word(f"outcome-{kind}"),
        sentence="",
        silent=finding.silent,
    )
    if isinstance(outcome, Advise):
        return _advised(said, finding, outcome, findings, teller)
    if isinstance(outcome, NoAdvice):
        values = template_values(finding.topic.recommendation, finding.subject, findings.facts, outcome.data)
        text = teller.texts[code].quiet.get(outcome.because) or teller.language.shared.quiet[outcome.because]
        sentence = teller.sentence(text, values)
        return replace(said, key=outcome.because, sentence=sentence)
    return replace(said, sentence=teller.line("missing", missing=outcome.missing))


def _kind(outcome: Outcome) -> Literal["advise", "no-advice", "cannot-tell"]:
    match outcome:
        case Advise():
            return "advise"
        case NoAdvice():
            return "no-advice"
    return "cannot-tell"


def _advised(said: Verdict, finding: Finding, advice: Advise, findings: Findings, teller: Teller) -> Verdict:
    values = card_values((finding, advice), findings.folded(finding), findings, teller.language)
    text, compiled = teller.texts[finding.code].cards[advice.say], teller.language.topics[finding.code]
    standing = _standing(finding, advice, teller)
    return replace(
        said,
        key=advice.say,
        sentence=one_line(compiled.cards[advice.say].summary.render(values)),
        indicator=advice.indicator,
        indicator_words=teller.word(f"indicator-{advice.indicator}"),
        shown=standing is None,
        replaced_by=finding.replaced_by,
        folded_into=finding.folded_into,
        standing=standing,
        how=(teller.sentence(text.how, values) or None) if text.how else None,
        limits=(teller.sentence(text.limits, values) or None) if text.limits else None,
    )


def _standing(finding: Finding, advice: Advise, teller: Teller) -> str | None:
    """Why it has no card of its own; None: it has one."""
    if finding.silent:
        return teller.line("silent")
    if finding.replaced_by:
        return teller.line("replaced", topic=teller.display(finding.replaced_by))
    if finding.folded_into:
        return teller.line("folded", topic=teller.display(finding.folded_into))
    return None if advice.alone else teller.line("line-only")
