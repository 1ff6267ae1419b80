"""What two cards of one answer must not do: repeat a measured number, or say opposite things of one order."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from cds_service.answer import Answer
from cds_service.evaluate.findings import Finding
from cds_service.evaluate.outcome import Advise, CreateDrug, DeleteOrder, ReviseOrder
from cds_service.facts.subjects import DrugOrder

# A measured value as a card writes it. Doses (mg) and windows (days) may stand on two cards.
_MEASURED = re.compile(r"(\d[\d,]*(?:\.\d+)?)\s*(mL/min|mmol/L|[μu]mol/L|mg/dL|g/L|g/dL|kg)(?![\w/])")
# What these say is about a drug that is given.
IF_GIVEN = {"renal-risk-factors", "denosumab-renal-hypocalcaemia", "infusion-time", "pamidronate-infusion-time"}


def repeated(texts: Iterable[str]) -> list[str]:
    """The measured numbers that stand in more than one of the texts."""
    cards: dict[str, int] = defaultdict(int)
    for text in texts:
        for value, unit in set(_MEASURED.findall(text)):
            cards[f"{value} {unit}"] += 1
    return [number for number, times in cards.items() if times > 1]


def opposed(advice: Iterable[tuple[Finding, Advise]]) -> Iterator[str]:
    """Cards of one order of which one takes it away and another changes its dose, offers the same drug, or speaks of it
    as given."""
    told = list(advice)
    for finding, said in told:
        if not _takes_away(finding, said):
            continue
        for other, also in told:
            if other is finding or other.subject.key != finding.subject.key:
                continue
            if _gives(other, also) or other.code in IF_GIVEN:
                yield f"{finding.code} takes it away, {other.code} {also.say} goes on"


def _takes_away(finding: Finding, said: Advise) -> bool:
    """One of its buttons removes the order it speaks of and puts nothing in its place."""
    alone = [s.acts[0] for s in said.suggestions if len(s.acts) == 1]
    return any(isinstance(act, DeleteOrder) and act.order.key == finding.subject.key for act in alone)


def _gives(finding: Finding, said: Advise) -> bool:
    drug = finding.subject.drug if isinstance(finding.subject, DrugOrder) else ""
    acts = [act for suggestion in said.suggestions for act in suggestion.acts]
    return any(isinstance(a, ReviseOrder) or (isinstance(a, CreateDrug) and a.orderable == drug) for a in acts)


def faults(answer: Answer) -> list[str]:
    """Both, of an answer."""
    found = repeated(f"{card.summary} {card.detail or ''}" for card in answer.response.cards)
    return [*found, *(opposed(answer.findings.advice) if answer.findings else ())]
