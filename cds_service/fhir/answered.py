"""What patients and staff answered: questionnaires, and allergies told."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from cds_service.fhir.structs import CodeableConcept, Coding, Element, Many, Quantity, Reference, Resource


class ResponseAnswer(Element, frozen=True):
    value_integer: Decimal | None = None
    value_decimal: Decimal | None = None
    value_string: str | None = None
    value_boolean: Any = None
    value_coding: Coding | None = None
    value_quantity: Quantity | None = None


class ResponseItem(Element, frozen=True):
    """A question and its answers; a group holds further ones."""

    link_id: str | None = None
    definition: str | None = None
    text: str | None = None
    answer: Many[ResponseAnswer] = None
    item: Many[ResponseItem] = None


class QuestionnaireResponse(Resource, frozen=True, tag="QuestionnaireResponse"):
    """``questionnaire``: R4 and R5 a canonical, DSTU2 and STU3 a Reference."""

    questionnaire: Reference | str | None = None
    status: str | None = None
    subject: Reference | None = None
    authored: str | None = None
    item: Many[ResponseItem] = None


class AllergyIntolerance(Resource, frozen=True, tag="AllergyIntolerance"):
    """Statuses: concepts in R4 and R5, codes before. ``patient`` names whose it is; there is no subject."""

    clinical_status: CodeableConcept | str | None = None
    verification_status: CodeableConcept | str | None = None
    code: CodeableConcept | None = None
    patient: Reference | None = None
    recorded_date: str | None = None
    onset_date_time: str | None = None
