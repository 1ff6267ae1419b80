"""The chapter of the patient: sex and age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact, Input
from cds_service.fhir.dates import age_on, day_of
from cds_service.fhir.structs import Patient
from cds_service.knowledge.model import File
from cds_service.record.read import Record

KEYS = ("patient",)
Sex = Literal["male", "female"]
ADULT = 18  # years; a guideline for adults, and formulas for their bodies


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """``age``: whole years today. ``dead``: the record says so."""

    sex: Sex | None
    age: int | None
    birth_date: date | None
    dead: bool = False
    ref: RequestText | None = None

    @property
    def child(self) -> bool:
        """Whether the patient is not of age; an unknown age is none."""
        return self.age is not None and self.age < ADULT


def patient(record: Record, now: datetime) -> PatientFacts:
    """Of the Patient on record; everything is None without one."""
    found = next(iter(record.all(Patient)), Patient())
    birth = day_of(found.birth_date)
    ref = RequestText(f"Patient/{found.id}") if found.id else None
    age = age_on(birth, now.date()) if birth else None
    return PatientFacts(_sex(found.gender), age, birth, _dead(found, now.date()), ref)


def _dead(patient: Patient, today: date) -> bool:
    """A day of death is one, of whatever precision; one after today has not come."""
    if patient.deceased_date_time:
        died = day_of(patient.deceased_date_time)
        return died is None or died <= today
    return str(patient.deceased_boolean).casefold() == "true"


def _sex(gender: str | None) -> Sex | None:
    return "male" if gender == "male" else "female" if gender == "female" else None


def explained(patient: PatientFacts) -> Iterator[Fact]:
    """Sex, age, and whether the patient is alive."""
    age = None if patient.age is None else Fraction(patient.age)
    inputs = (
        Input("age", age, "a", when=patient.birth_date, ref=patient.ref),
        Input("sex", patient.sex, ref=patient.ref),
    )
    yield Fact("patient", {"patient": patient}, ref=patient.ref, inputs=inputs)


class PatientGiven(File, frozen=True):
    """What a case may say of the patient."""

    age: int | None = 60
    sex: Sex | None = "male"

    def told(self) -> PatientFacts:
        return PatientFacts(self.sex, self.age, None)
