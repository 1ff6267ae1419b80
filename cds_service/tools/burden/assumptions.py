"""What the made-up ward is drawn from: ``ward.yaml``, every number with its origin."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import msgspec

from cds_service.base.yamlfile import load_as
from cds_service.knowledge.model import File

FILE = Path(__file__).with_name("ward.yaml")


class Assumption(File, frozen=True):
    """One number. ``sd``: of a normal distribution around it; ``sigma``: of a lognormal one with this median."""

    value: Decimal | int
    unit: str
    origin: Literal["given", "published", "assumed"]
    sd: Decimal | int | None = None
    sigma: Decimal | int | None = None
    note: str = ""


class Aims(File, frozen=True):
    """Cards per order, by drug, per 100 orders of those followed over time, and per chart that is opened: on average,
    and at most beside what is urgent."""

    zoledronic_acid: Decimal = msgspec.field(name="zoledronic-acid")
    denosumab: Decimal
    per_100_followed: int
    per_opening: Decimal
    at_once: int


class Assumptions(File, frozen=True):
    """The whole file."""

    seed: int
    day: date
    ward: dict[str, Assumption]
    followed: dict[str, Assumption]
    opened: dict[str, Assumption]
    aims: Aims

    def number(self, name: str) -> float:
        """The number with this name, of the ward or of its charts. Raises ``KeyError``."""
        return float((self.opened.get(name) or self.ward[name]).value)

    def count(self, name: str) -> int:
        """A whole number of those followed. Raises ``KeyError``."""
        return int(self.followed[name].value)


def assumptions() -> Assumptions:
    """The file as shipped."""
    return load_as(FILE, Assumptions)
