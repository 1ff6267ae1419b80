"""Whom the guideline is about: the reading "Scope" of ``cards/decisions/scope.md``."""

from __future__ import annotations

from cds_service.facts.facts import DrugOrder, Facts, Order, ScopeKind


def scope_of(order: Order, facts: Facts) -> ScopeKind:
    """Which kind of patient this order is for.

    Lung cancer on record decides first; then bone metastasis without another primary; another primary, or osteoporosis
    that explains the order, means silence; nothing relevant on record leaves the drug-safety topics.
    """
    if _osteoporosis_explains(order, facts):
        return "osteoporosis"
    if facts.has("lung-cancer"):
        return "lung-cancer"
    if facts.has("other-primary-cancer", "multiple-myeloma"):
        return "other-primary"
    if facts.has("bone-metastasis"):
        return "primary-not-recorded"
    return "no-diagnosis"


def _osteoporosis_explains(order: Order, facts: Facts) -> bool:
    """Osteoporosis on record or as the order's reason, no bone metastasis, and no oncology dose in lung cancer."""
    if not isinstance(order, DrugOrder) or facts.has("bone-metastasis"):
        return False
    osteoporosis = facts.has("osteoporosis") or "osteoporosis" in order.indications
    return osteoporosis and not (facts.has("lung-cancer") and at_oncology_dose(order))


def at_oncology_dose(order: Order) -> bool:
    """Whether the order is for a product and dose used in oncology (``cards/drugs.yaml``)."""
    return isinstance(order, DrugOrder) and order.product.use == "oncology"
