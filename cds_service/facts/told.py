"""What the ``given`` vocabularies of the chapters share: the present of a case, and its exact numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from cds_service.base.kinds import DrugGroup, Missing
from cds_service.knowledge.drugs import Drugs
from cds_service.knowledge.model import File

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
Number = Decimal | int


def ago(days: int | None) -> date | None:
    """The day so many days before the case's present."""
    return None if days is None else NOW.date() - timedelta(days=days)


def exact(number: Number | None) -> Fraction | None:
    return None if number is None else Fraction(number)


class ProblemGiven(File, frozen=True):
    """Why something is missing, as a case says it."""

    what: str
    why: str
    days_ago: int | None = None

    def told(self) -> Missing:
        return Missing(self.what, self.why, when=ago(self.days_ago))


def groups_of(drug: str, drugs: Drugs) -> frozenset[DrugGroup]:
    """The groups of a drug (concept id). Raises ``KeyError`` for a drug that ``cards/drugs.yaml`` does not know."""
    return frozenset({drugs.drugs[drug].group})
