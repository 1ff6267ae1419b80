"""Who gets no advice whatever the record says: decided once, before any rule is asked.

The dead, whose record is opened all the same; children, for the guideline is one for adults; whoever is cared for at
the end of life. A chart opening asks nothing, so the first two are left in peace there by every topic. What else a
topic is silent for stands in its YAML (``silent_for``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from cds_service.evaluate.scope import OUT_OF_SCOPE, SILENT, ScopeKind, scope_of
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart, Subject
from cds_service.knowledge.model import Recommendation, SilentFor
from cds_service.record.read import PATIENT

KINDS: Mapping[SilentFor, Callable[[Facts], bool]] = {
    "dead": lambda facts: facts.patient.dead,
    "child": lambda facts: facts.patient.child,
    "comfort-care": lambda facts: facts.comfort_care is not None,
}
# The chapters of facts that the gate reads.
CHAPTERS_OF: Mapping[SilentFor, str] = {"dead": "patient", "child": "patient", "comfort-care": "comfort_care"}
CHART: tuple[SilentFor, ...] = ("dead", "child")
# Silences that no other data would end.
SETTLED: frozenset[str] = frozenset({OUT_OF_SCOPE, *KINDS})
# What must be known of a patient before it is worth while to read more.
FIRST = (PATIENT, "conditions")
# Types of what could not be read: of "Resource" no type is stated.
_MAY_BE_CONDITIONS = frozenset({"Condition", "Resource"})


def silent_to_all(subject: Subject, facts: Facts) -> SilentFor | None:
    """Why no topic says anything of this patient for this subject; None: each is asked for itself."""
    return _first(CHART, facts) if isinstance(subject, Chart) else None


def silences(recommendation: Recommendation, facts: Facts) -> SilentFor | None:
    """Why this topic says nothing of this patient; None: it is asked."""
    return _first(recommendation.silent_for, facts)


def _first(kinds: Iterable[SilentFor], facts: Facts) -> SilentFor | None:
    for kind in kinds:
        if KINDS[kind](facts):
            return kind
    return None


def concerned(facts: Facts) -> bool:
    """Whether an opened chart is that of a patient of whom anything could be said.

    What was not obtained ends nothing: only a record that is known to hold none of our diagnoses does.
    """
    if facts.patient.dead or facts.patient.child:
        return False
    scope: ScopeKind = scope_of(Chart(), facts)
    return scope not in SILENT and (scope != "no-diagnosis" or not all_diagnoses_known(facts))


def all_diagnoses_known(facts: Facts) -> bool:
    """Whether no diagnosis is left out: one that did not come, or could not be read, may be the lung cancer."""
    return not _MAY_BE_CONDITIONS & facts.record.unreadable.keys() and not facts.lacking("conditions")
