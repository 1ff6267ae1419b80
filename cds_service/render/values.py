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
    joined = findings.joined(finding)
    others = {f.subject.key: told for f, a in joined if (told := _of_another(f, a, card, findings, language))}
    lines = [*_lines(card, findings, language), *(line for told in others.values() for line in told)]
    lines += [line for each in joined for line in _lines(each, findings, language)]
    # What is said of two orders in the same words stands once.
    values["carried"] = "\n\n".join(dict.fromkeys(lines))
    values["also_about"] = [f.subject for f, _ in joined if f.subject.key in others]
    values["notes"] = _notes(finding, values, language)
    values["gaps"] = _gaps([finding.topic, *(f.topic for f, _ in (*folded, *joined))], facts, beside, language)
    return values


def _lines(card: Said, findings: Findings, language: Language) -> Iterator[str]:
    """What the cards would have said that this one stands in for, a sentence each; no dose to give where this one
    withholds the drug."""
    by, advised = card
    withheld = by.topic.recommendation.withheld_by(advised.say)
    for finding, advice in findings.carried(by):
        sentences = language.topics[finding.code].cards[advice.say]
        if line := (withheld and sentences.withheld) or sentences.line:
            values = template_values(finding.topic.recommendation, finding.subject, findings.facts, advice.data)
            yield one_line(line.render(values))


def _of_another(
    finding: Finding, advice: Advise, card: Said, findings: Findings, language: Language
) -> tuple[str, ...]:
    """What a card says of another order; nothing where that is the same, word for word."""

    def told(of: Finding, said: Advise) -> tuple[str, ...]:
        sentences = language.topics[of.code].cards[said.say]
        # The numbers of the patient stand on a card of this topic, and not on one of another.
        parts = (sentences.line if of.code != card[0].code else None, sentences.other)
        values = template_values(of.topic.recommendation, of.subject, findings.facts, said.data)
        words = [each for part in parts if part and (each := one_line(part.render(values)))]
        name = language.notes["of-order"].render(values).strip()
        # A line of the patient is of this order too.
        if words and not any(name.casefold() in each.casefold() for each in words):
            words[0] = f"{name}{language.shared.words['of-order-separator']}{words[0]}"
        return (*words, *([unsure] if words and (unsure := _notes_of_drug(of, values, language)) else ()))

    alike = (finding.code, advice.say) == (card[0].code, card[1].say)
    words = told(finding, advice)
    return () if alike and words == told(*card) else words


def _notes(finding: Finding, values: Mapping[str, Any], language: Language) -> str:
    """What every card of this order must add: whose guideline this is when the diagnosis leaves it open, and how sure
    the recognition of the drug is."""
    whose = language.notes[finding.scope].render(values).strip() if finding.scope in language.notes else ""
    return "\n\n".join(filter(None, (whose, _notes_of_drug(finding, values, language))))


def _notes_of_drug(finding: Finding, values: Mapping[str, Any], language: Language) -> str:
    unsure = isinstance(finding.subject, DrugOrder) and finding.subject.low_confidence
    return language.notes["low-confidence"].render(values).strip() if unsure else ""


def _gaps(topics: Iterable[Topic], facts: Facts, beside: Collection[Need], language: Language) -> str:
    """What its topics would also have looked at and did not get: said on the card that is given all the same."""
    needs = dict.fromkeys(need for topic in topics for need in topic.optional if need not in beside)
    missing = facts.lacking(*needs)
    return language.notes["gaps"].render({"missing": missing}).strip() if missing else ""
