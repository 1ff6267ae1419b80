"""What a case may say of the daily amounts of an analgesic."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from cds_service.facts.portions import Daily, Form, Portion
from cds_service.facts.told import Number, exact
from cds_service.knowledge.model import File


class PortionGiven(File, frozen=True):
    """An active ingredient: ``mg`` a day at its full rate, in doses of ``dose_mg`` (all at once where not said)."""

    ingredient: str
    mg: Number | None = None
    dose_mg: Number | None = None
    why: str | None = None  # why nothing is known

    def told(self, *, as_needed: bool) -> Portion:
        most = exact(self.mg)
        concept = "acetaminophen" if self.ingredient == "acetaminophen" else "opioid"
        dose = exact(self.dose_mg) if self.dose_mg is not None else most
        regular = None if most is None else Fraction(0) if as_needed else most
        return Portion(concept, self.ingredient, regular, most, dose, self.why)


def daily_of(
    portions: Sequence[PortionGiven], form: Form, rate: Number | None, rate_why: str | None, *, as_needed: bool
) -> Daily | None:
    """The daily amounts a case tells; None for a drug of which it tells none."""
    if not portions:
        return None
    told = tuple(each.told(as_needed=as_needed) for each in portions)
    return Daily(told, as_needed, form, exact(rate), rate_why)
