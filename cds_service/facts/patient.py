"""The chapter of the patient: sex and age."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

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

    @property
    def child(self) -> bool:
        """Whether the patient is not of age; an unknown age is none."""
        return self.age is not None and self.age < ADULT


def patient(record: Record, now: datetime) -> PatientFacts:
    """Of the Patient on record; everything is None without one."""
    found = next(iter(record.all(Patient)), Patient())
    birth = day_of(found.birth_date)
    return PatientFacts(
        _sex(found.gender), age_on(birth, now.date()) if birth else None, birth, _dead(found, now.date())
    )


def _dead(patient: Patient, today: date) -> bool:
    """A day of death is one, of whatever precision; one after today has not come."""
    if patient.deceased_date_time:
        died = day_of(patient.deceased_date_time)
        return died is None or died <= today
    return str(patient.deceased_boolean).casefold() == "true"


def _sex(gender: str | None) -> Sex | None:
    return "male" if gender == "male" else "female" if gender == "female" else None


def explained(patient: PatientFacts) -> Iterator[str]:
    """The line of ``--explain``."""
    state = ", deceased" if patient.dead else ""
    yield f"age {'unknown' if patient.age is None else patient.age}, sex {patient.sex or 'unknown'}{state}"


class PatientGiven(File, frozen=True):
    """What a case may say of the patient."""

    age: int | None = 60
    sex: Sex | None = "male"

    def told(self) -> PatientFacts:
        return PatientFacts(self.sex, self.age, None)
