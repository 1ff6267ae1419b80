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


@dataclass(frozen=True, slots=True)
class PatientFacts:
    """``age``: whole years today."""

    sex: Sex | None
    age: int | None
    birth_date: date | None
    ref: RequestText | None = None


def patient(record: Record, now: datetime) -> PatientFacts:
    """Of the Patient on record; everything is None without one."""
    found = next(iter(record.all(Patient)), Patient())
    birth = day_of(found.birth_date)
    ref = RequestText(f"Patient/{found.id}") if found.id else None
    return PatientFacts(_sex(found.gender), age_on(birth, now.date()) if birth else None, birth, ref)


def _sex(gender: str | None) -> Sex | None:
    return "male" if gender == "male" else "female" if gender == "female" else None


def explained(patient: PatientFacts) -> Iterator[Fact]:
    """Sex and age."""
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
