"""Whom the guideline is about: the reading "Scope" of ``cards/decisions/scope.md``."""

from __future__ import annotations

from typing import Literal

from cds_service.facts.facts import Facts
from cds_service.facts.subjects import DrugOrder, Subject

ScopeKind = Literal["lung-cancer", "primary-not-recorded", "no-diagnosis", "other-primary", "osteoporosis"]
# Why a topic says nothing of whom or what the guideline is not about; a key of its ``quiet`` texts.
OUT_OF_SCOPE = "out-of-scope"
SILENT: frozenset[ScopeKind] = frozenset({"other-primary", "osteoporosis"})


def scope_of(subject: Subject, facts: Facts) -> ScopeKind:
    """Which kind of patient this subject is for.

    Lung cancer on record decides first; then bone metastasis without another primary; another primary, or osteoporosis
    that explains the order, means silence; nothing relevant on record leaves the drug-safety topics.
    """
    if _osteoporosis_explains(subject, facts):
        return "osteoporosis"
    if facts.diagnoses.has("lung-cancer"):
        return "lung-cancer"
    if facts.diagnoses.has("other-primary-cancer", "multiple-myeloma"):
        return "other-primary"
    if facts.diagnoses.has("bone-metastasis"):
        return "other-primary" if _of_another(facts) else "primary-not-recorded"
    return "no-diagnosis"


def _of_another(facts: Facts) -> bool:
    """Whether a primary of the past, other than the lung, is on record: the metastasis may well be of it."""
    return facts.diagnoses.ever("other-primary-cancer", "multiple-myeloma") and not facts.diagnoses.ever("lung-cancer")


def _osteoporosis_explains(order: Subject, facts: Facts) -> bool:
    """Osteoporosis on record or as the order's reason explains a product and dose of osteoporosis, and nothing else: no
    calcium, no analgesic, no oncology dose, and nothing where bone metastasis is on record."""
    if not isinstance(order, DrugOrder) or order.product.use != "osteoporosis":
        return False
    if facts.diagnoses.has("bone-metastasis") or "bone-metastasis" in order.indications:
        return False
    return facts.diagnoses.has("osteoporosis") or "osteoporosis" in order.indications


def at_oncology_dose(subject: Subject) -> bool:
    """Whether the subject is an order for a product and dose used in oncology (``cards/drugs.yaml``)."""
    return isinstance(subject, DrugOrder) and subject.product.use == "oncology"
