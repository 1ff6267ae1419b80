"""What two rules say alike, said once: the buttons that start a bone-modifying drug, and the cards of a known calcium.

What a rule calls here is read with its source (``evaluate.agreement``): the facts, parameters, cards and buttons named
below are those of every rule that calls it, and must be in its YAML and texts. So each function is whole by itself, and
knows facts as ``facts`` and parameters as ``p``, like a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cds_service.evaluate.outcome import Advise, CannotTell, CreateDrug, CreateService, NoAdvice, Outcome, Suggestion
from cds_service.facts.bma_options import DENOSUMAB
from cds_service.facts.facts import Facts
from cds_service.knowledge.model import Parameters

EXAMINATION = ("dental-examination", "dental-referral")
CALCIUM = ("calcium-total", "calcium-ionised", "calcium-corrected")
# Reasons for stopping a drug that are pain or a skeletal event (reviewed: no others are asked about).
PAIN_OR_EVENT = frozenset({
    "bone-pain", "pathological-fracture", "vertebral-compression-fracture", "spinal-cord-compression", "hypercalcaemia",
    "skeletal-related-event",
})  # fmt: skip
NO_CLAIMS: Mapping[str, object] = {}


def starting_bma(facts: Facts, p: Parameters) -> Iterator[Suggestion]:
    """The drugs instead of one another, none before the others; what comes first beside them."""
    if not facts.procedures.arranged(p.days("exam"), *EXAMINATION):
        yield Suggestion("order-exam", (CreateService("dental-examination"),), recommended=True)
    if facts.calcium.level is None and not facts.tests.arranged(p.days("ordered"), *CALCIUM):
        yield Suggestion("order-calcium", (CreateService("calcium"), CreateService("albumin")))
    for option in facts.bma_options.orderable:
        label = "denosumab" if option.drug == DENOSUMAB else "bisphosphonate"
        yield Suggestion(label, (CreateDrug(option.drug, option.mg),))


def known_calcium(facts: Facts, p: Parameters, claims: Mapping[str, object] = NO_CLAIMS) -> Outcome:
    """What is said of a calcium that has a level: corrected before the dose when low, and what would settle whether it
    is. ``claims``: of the card."""
    calcium = facts.calcium
    if calcium.level != "low":
        if calcium.unread:
            return CannotTell(calcium.unread)  # it may be low, and nobody can tell
        return NoAdvice("not-low-measured" if calcium.downward else "not-low")
    urgency = p.indicator("severe" if calcium.severe else "mild")
    if calcium.downward:
        ionised = Suggestion("order-ionised", (CreateService("calcium-ionised"),), recommended=True)
        return Advise(urgency, "low-corrected", suggestions=(ionised,), claims=claims)
    if calcium.kind == "total-uncorrected":
        albumin = Suggestion("order-albumin", (CreateService("albumin"),), recommended=True)
        return Advise(urgency, "low-uncorrected", suggestions=(albumin,), claims=claims)
    return Advise(urgency, "low", claims=claims)
