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


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """``age``: whole years today."""

    sex: Sex | None
    age: int | None
    birth_date: date | None


def patient(record: Record, now: datetime) -> PatientFacts:
    """Of the Patient on record; everything is None without one."""
    found = next(iter(record.all(Patient)), Patient())
    birth = day_of(found.birth_date)
    return PatientFacts(_sex(found.gender), age_on(birth, now.date()) if birth else None, birth)


def _sex(gender: str | None) -> Sex | None:
    return "male" if gender == "male" else "female" if gender == "female" else None


def explained(patient: PatientFacts) -> Iterator[str]:
    """The line of ``--explain``."""
    yield f"age {'unknown' if patient.age is None else patient.age}, sex {patient.sex or 'unknown'}"


class PatientGiven(File, frozen=True):
    """What a case may say of the patient."""

    age: int | None = 60
    sex: Sex | None = "male"

    def told(self) -> PatientFacts:
        return PatientFacts(self.sex, self.age, None)
