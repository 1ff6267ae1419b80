"""What the sentences of a card see: the data of its rule, and what it says of other cards and of gaps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from cds_service.base.kinds import Need
from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Advise
from cds_service.evaluate.topic import Topic
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder, Subject
from cds_service.knowledge.model import Recommendation
from cds_service.render.texts import Language, one_line

Said = tuple[Finding, Advise]

# What only a card of an answer has, and not a wording by itself.
NOTHING_MORE: Mapping[str, object] = {"carried": "", "notes": "", "gaps": "", "folded": ()}


def template_values(
    recommendation: Recommendation, subject: Subject | None, facts: Facts, data: Mapping[str, Any]
) -> dict[str, Any]:
    """What the templates of a recommendation see."""
    return {"order": subject, "facts": facts, "p": recommendation.numbers, **NOTHING_MORE, **data}


def card_values(
    card: Said, folded: Sequence[Said], findings: Findings, language: Language, beside: Collection[Need] = ()
) -> dict[str, Any]:
    """What the templates of a card see: its own data, and what it says of others and of gaps. ``folded``: into it.

    ``beside``: needs that are said once for the whole answer, and not on every card.
    """
    (finding, advice), facts = card, findings.facts
    values = template_values(finding.topic.recommendation, finding.subject, facts, advice.data)
    values["folded"] = [language.topics[f.code].display for f, _ in folded]
    withheld = finding.topic.recommendation.withheld_by(advice.say)
    values["carried"] = "\n\n".join(_lines(findings.carried(finding), withheld, facts, language))
    values["notes"] = _notes(finding, values, language)
    values["gaps"] = _gaps([finding.topic, *(f.topic for f, _ in folded)], facts, beside, language)
    return values


def _lines(
    carried: Iterable[tuple[Finding, Advise]], withheld: bool, facts: Facts, language: Language
) -> Iterator[str]:
    """What the cards would have said that this one stands in for, a sentence each; no dose to give where this one
    withholds the drug."""
    for finding, advice in carried:
        sentences = language.topics[finding.code].cards[advice.say]
        if line := (withheld and sentences.withheld) or sentences.line:
            values = template_values(finding.topic.recommendation, finding.subject, facts, advice.data)
            yield one_line(line.render(values))


def _notes(finding: Finding, values: Mapping[str, Any], language: Language) -> str:
    """What every card of this order must add: whose guideline this is when the diagnosis leaves it open, and how sure
    the recognition of the drug is."""
    keys: list[str] = [finding.scope] if finding.scope in language.notes else []
    if isinstance(finding.subject, DrugOrder) and finding.subject.low_confidence:
        keys.append("low-confidence")
    return "\n\n".join(language.notes[key].render(values).strip() for key in keys)


def _gaps(topics: Iterable[Topic], facts: Facts, beside: Collection[Need], language: Language) -> str:
    """What its topics would also have looked at and did not get: said on the card that is given all the same."""
    needs = dict.fromkeys(need for topic in topics for need in topic.optional if need not in beside)
    missing = facts.lacking(*needs)
    return language.notes["gaps"].render({"missing": missing}).strip() if missing else ""
