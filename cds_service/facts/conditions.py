"""What one Condition says: which concepts, with the body site beside its code, and whether it is over."""

from __future__ import annotations

from datetime import date

from cds_service.fhir.structs import CodeableConcept, Condition, many
from cds_service.knowledge.terminology import Coding, Match, Terminology


def meanings(condition: Condition, terminology: Terminology) -> tuple[Match, ...]:
    """The concepts of a diagnosis; broad ones among them, as ``Terminology.match`` returns them."""
    codings, text = _told(condition.code) if condition.code else ([], None)
    sites = [_told(site) for site in many(condition.body_site)]
    return terminology.located(codings, text, sites) if sites else terminology.match("condition", codings, text)


def has_abated(condition: Condition, today: date) -> bool:
    """Whether it has abated, in whatever form that is said; an abatement dated after ``today`` has not happened."""
    period = condition.abatement_period
    stated = condition.abatement_date_time or (period and (period.end or period.start))
    if stated:
        return not _after(stated, today)
    if condition.abatement_boolean is not None:
        return str(condition.abatement_boolean).casefold() == "true"
    return bool(condition.abatement_string or condition.abatement_age or condition.abatement_range)


def _told(concept: CodeableConcept) -> tuple[list[Coding], str | None]:
    return [(c.system, c.code, c.display) for c in concept.codings()], concept.codeable.text


def _after(stated: str, today: date) -> bool:
    """Whether a date, of whatever precision, is later than today."""
    day = stated[:10]
    return day[:4].isdigit() and day > today.isoformat()[: len(day)]
