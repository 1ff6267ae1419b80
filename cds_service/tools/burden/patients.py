"""Patients of the made-up ward, drawn from the assumptions: the same for a seed, wherever and whenever it is run."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import NormalDist
from typing import Literal, get_args

from cds_service.tools.burden.assumptions import Assumptions

Sex = Literal["female", "male"]
Drug = Literal["zoledronic-acid", "denosumab"]
DRUGS: tuple[Drug, ...] = get_args(Drug)
_CYCLE = timedelta(days=28)
_DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Draw:
    """Chance by name: what is drawn under one name depends on no other, nor on what was drawn before."""

    assumed: Assumptions
    patient: str

    def share(self, name: str, moment: str = "") -> float:
        """A number from 0 to 1. ``random()`` of a seeded generator is the same on every Python."""
        return random.Random(f"{self.assumed.seed}|{self.patient}|{name}|{moment}").random()  # noqa: S311  # no secret

    def yes(self, name: str, moment: str = "") -> bool:
        """True in the share of that name."""
        return self.share(name, moment) < self.assumed.number(name)

    def whole(self, name: str, low: int, high: int, moment: str = "") -> int:
        """A whole number, both ends included."""
        return low + int(self.share(name, moment) * (high - low + 1))

    def normal(self, name: str, moment: str = "") -> float:
        """Around the number of that name, by its standard deviation."""
        held = self.assumed.ward[name]
        return float(held.value) + float(held.sd or 0) * self._deviation(name, moment)

    def lognormal(self, name: str, moment: str = "") -> float:
        """Around the median of that name."""
        held = self.assumed.ward[name]
        return float(held.value) * math.exp(float(held.sigma or 0) * self._deviation(name, moment))

    def varied(self, value: float, by: str, moment: str) -> float:
        """A value as it is measured once more, with that coefficient of variation."""
        return value * (1 + self.assumed.number(by) * self._deviation(by, moment))

    def _deviation(self, name: str, moment: str) -> float:
        return NormalDist().inv_cdf(min(max(self.share(name, moment), 1e-9), 1 - 1e-9))


@dataclass(frozen=True, slots=True)
class Visit:
    """A patient on the day of an order: what the record holds then. Results are None where there are none."""

    name: str
    today: date
    drug: Drug
    sex: Sex
    born: date
    height: float
    weight: tuple[date, float] | None
    albumin: float | None
    calcium: float | None
    blood: date
    creatinines: tuple[tuple[date, float], ...]  # newest first
    doses: tuple[date, ...]
    exam: date | None
    supplements: bool
    nsaid: bool
    cisplatin: date | None
    diabetes: bool
    adjusted: bool  # the prescriber orders by the table


def ward(assumed: Assumptions, drug: Drug) -> list[list[Visit]]:
    """Of each patient of the ward who is ordered this drug, the visits with their orders: the last one is today's."""
    made = []
    for number in range(int(assumed.number("orders"))):
        draw = Draw(assumed, f"{drug}-{number}")
        before = draw.whole("doses", 1, 9) if draw.yes("repeat") else 0
        today = visit(draw, drug, assumed.day, before)
        made.append([*(_at(draw, today, -n) for n in range(before, 0, -1)), today])
    return made


def followed(assumed: Assumptions) -> list[list[Visit]]:
    """The visits of each patient who is followed, from the first dose on."""
    made = []
    for number in range(assumed.count("patients")):
        draw = Draw(assumed, f"followed-{number}")
        some = float(assumed.followed["denosumab"].value)
        drug: Drug = "denosumab" if draw.share("drug") < some else "zoledronic-acid"
        first = visit(draw, drug, assumed.day, 0)
        made.append(list(_remembering_weight(_at(draw, first, n) for n in range(assumed.count("orders")))))
    return made


def _remembering_weight(visits: Iterable[Visit]) -> Iterator[Visit]:
    """A record does not forget: a weight of an earlier visit is still there at the next, unless a newer one is."""
    newest: tuple[date, float] | None = None
    for each in visits:
        newest = max((w for w in (newest, each.weight) if w), default=None)
        yield replace(each, weight=newest)


def _at(draw: Draw, known: Visit, cycles: int) -> Visit:
    """The same patient so many cycles later (or, below zero, before): new blood, weight and doses; what is taken stays,
    and what was done is on record from its day on."""
    day = known.today + cycles * _CYCLE
    again = visit(draw, known.drug, day, len(known.doses) + cycles)
    exam, cisplatin = (done if done and done <= day else None for done in (known.exam, known.cisplatin))
    return replace(again, exam=exam, cisplatin=cisplatin)


def visit(draw: Draw, drug: Drug, today: date, before: int) -> Visit:
    """A patient on one day, after so many doses, one every cycle."""
    sex: Sex = "female" if draw.yes("female") else "male"
    moment, blood = today.isoformat(), today - timedelta(days=1)
    age = min(max(draw.normal("age"), 35), 90)
    impaired = "creatinine_impaired" if draw.yes("impaired") else "creatinine"
    own = draw.lognormal(impaired) * draw.assumed.number("creatinine_man" if sex == "male" else "creatinine_woman")
    calcium_known = draw.yes("calcium_known", moment)
    doses = tuple(today - _CYCLE * n for n in range(1, before + 1))
    return Visit(
        name=f"made-up-{draw.patient}",
        today=today,
        drug=drug,
        sex=sex,
        born=draw.assumed.day - timedelta(days=round(age * _DAYS_OF_A_YEAR)),
        height=round(draw.normal("height")),
        weight=_weight(draw, today, moment),
        albumin=round(draw.normal("albumin", moment), 1) if calcium_known else None,
        calcium=round(draw.normal("calcium", moment), 2) if calcium_known else None,
        blood=blood,
        creatinines=tuple(_creatinines(draw, own, blood, doses)),
        doses=doses,
        exam=today - timedelta(days=draw.whole("exam-day", 10, 170)) if draw.yes("exam") else None,
        supplements=draw.yes("supplements"),
        nsaid=draw.yes("nsaid"),
        cisplatin=today - timedelta(days=draw.whole("cisplatin-day", 1, 21)) if draw.yes("cisplatin") else None,
        diabetes=draw.yes("diabetes"),
        adjusted=draw.yes("adjusted"),
    )


def _weight(draw: Draw, today: date, moment: str) -> tuple[date, float] | None:
    if draw.yes("weight_missing", moment):
        return None
    old = draw.yes("weight_old", moment)
    days = draw.whole("weight-day", 30, 240, moment) if old else draw.whole("weight-day", 0, 7, moment)
    return today - timedelta(days=days), round(max(draw.normal("weight"), 35), 1)


def _creatinines(draw: Draw, own: float, blood: date, doses: tuple[date, ...]) -> list[tuple[date, float]]:
    """Today's, where it is known, and one of the day before each dose."""
    days = [blood] if draw.yes("creatinine_known", (blood + timedelta(days=1)).isoformat()) else []
    days += [day - timedelta(days=1) for day in doses]
    return [(day, round(draw.varied(own, "creatinine_within", day.isoformat()))) for day in days]
