"""Treatment on record: prescriptions, statements, administrations, and what of them cannot be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.drugs import Lookup, Recognised
from cds_service.facts.remembered import RememberedDrugs
from cds_service.facts.treatment import DrugUse
from cds_service.fhir.dates import day_of
from cds_service.fhir.references import Treatment, medication_reference
from cds_service.fhir.structs import (
    CodeableConcept,
    Dosage,
    MedicationAdministration,
    MedicationRequest,
    MedicationStatement,
    many,
)
from cds_service.fhir.undecoded import dispense_request
from cds_service.record.read import Record

REQUEST_ACTIVE = frozenset({"active", "on-hold"})
HELD = "on-hold"
REQUEST_ENDED = frozenset({"stopped", "completed", "ended"})
CARRIED_OUT = frozenset({"completed"})
# On record these are no treatment, unless a plan is how the patient's own word is kept (US Core medication list).
NOT_TREATMENT = frozenset({"proposal", "plan", "option"})
REPORTED_AS = "plan"
# Some senders write booleans as strings.
TRUE = frozenset({"True", "true"})
STATEMENT_ACTIVE = frozenset({"active", "recorded"})
STATEMENT_ENDED = frozenset({"completed", "stopped"})
# R5 adherence, without the "-as-directed" and "-not-as-directed" of its finer codes.
STOPPED = "stopped"
NOT_TAKEN = frozenset({"not-taking", "not-taken", "on-hold", "never"})
GIVEN = frozenset({"completed", "in-progress"})
# A day ahead may be another time zone; farther ahead it has not happened.
AHEAD = timedelta(days=1)
NEEDS = {
    "request": "medicationRequests",
    "statement": "medicationStatements",
    "administration": "medicationAdministrations",
}
UNREADABLE = "medication-unreadable"


@dataclass(frozen=True, slots=True)
class Treatments:
    """``uses``: treatment with drugs of the code lists.

    ``unreadable``: need -> how many records name their drug only by a reference that leads nowhere, so that no drug
    can be called absent.
    """

    uses: tuple[DrugUse, ...]
    unreadable: dict[str, Missing]


def treatments(
    record: Record, reader: RememberedDrugs, lookup: Lookup, drafts: frozenset[str], now: datetime
) -> Treatments:
    """All treatment on record. ``drafts``: references of the draft orders, which stand for themselves and not for
    treatment."""
    unreadable: Counter[str] = Counter()
    found: list[DrugUse] = []
    for use in _all(record, reader, lookup, drafts, now):
        if isinstance(use, str):
            unreadable[NEEDS[use]] += 1
        else:
            found.append(use)
    counted = {need: Missing(need, UNREADABLE, RequestText(str(n))) for need, n in unreadable.items()}
    return Treatments(tuple(found), counted)


def _all(
    record: Record, reader: RememberedDrugs, lookup: Lookup, drafts: frozenset[str], now: datetime
) -> Iterator[DrugUse | str]:
    """Every use with a drug of ours; the kind alone for one whose drug nobody can read."""
    today = now.date()
    for request in record.all(MedicationRequest):
        if f"MedicationRequest/{request.id}" not in drafts and (use := _request(request, reader, lookup, today)):
            yield use
    for statement in record.all(MedicationStatement):
        if use := _statement(statement, reader, lookup, today):
            yield use
    for administration in record.all(MedicationAdministration):
        if use := _administration(administration, reader, lookup, today):
            yield use


def _request(request: MedicationRequest, reader: RememberedDrugs, lookup: Lookup, today: date) -> DrugUse | str | None:
    status, when = request.status, day_of(request.authored_on)
    reported = (
        bool(request.reported_reference) or TRUE & {str(request.reported), str(request.reported_boolean)} != set()
    )
    told = reported and request.intent == REPORTED_AS
    if request.do_not_perform or (request.intent in NOT_TREATMENT and not told):
        return None
    if status not in REQUEST_ACTIVE | REQUEST_ENDED:  # one written after now is in no record
        return None
    until = _request_end(request, reader, when)
    over = status in REQUEST_ENDED or (until is not None and until < today)
    # What is told is kept as a request, and is worth what a statement is.
    kind = "statement" if told else "request"
    carried_out = status in CARRIED_OUT and not told
    return _use(
        kind,
        request,
        reader,
        lookup,
        when,
        until,
        active=not over,
        ended=over,
        reported=reported,
        carried_out=carried_out,
    )


def _statement(
    statement: MedicationStatement, reader: RememberedDrugs, lookup: Lookup, today: date
) -> DrugUse | str | None:
    status = statement.status
    adherence = _adherence(statement)
    if status not in STATEMENT_ACTIVE | STATEMENT_ENDED or adherence in NOT_TAKEN:
        return None
    period = statement.effective_period
    start = day_of(statement.effective_date_time) or day_of(period.start if period else None)
    when = start or day_of(statement.date_asserted)
    if when and when > today + AHEAD:
        return None
    until = (day_of(period.end) if period else None) or _dosage_end(many(statement.dosage), reader, when)
    over = status in STATEMENT_ENDED or adherence == STOPPED or (until is not None and until < today)
    return _use("statement", statement, reader, lookup, when, until, active=not over, ended=over, reported=True)


def _adherence(statement: MedicationStatement) -> str | None:
    """R5's word for whether it is taken, without how far that was as directed."""
    code = statement.adherence.code if statement.adherence else None
    said = _code(code) if code else None
    return said.removesuffix("-as-directed").removesuffix("-not") if said else None


def _code(concept: CodeableConcept) -> str | None:
    return next((c.code for c in concept.codings() if c.code), concept.text)


def _administration(
    given: MedicationAdministration, reader: RememberedDrugs, lookup: Lookup, today: date
) -> DrugUse | str | None:
    if given.status not in GIVEN:
        return None
    period = given.effective_period or given.occurence_period or given.occurrence_period
    moment = given.effective_date_time or given.occurence_date_time or given.occurrence_date_time
    when = day_of(moment) or day_of(period.start if period else None)
    if when is None or when > today:
        return None
    active = given.status == "in-progress"
    return _use("administration", given, reader, lookup, when, None, active=active, ended=False, reported=False)


def _use(
    kind: str,
    treatment: Treatment,
    reader: RememberedDrugs,
    lookup: Lookup,
    when: date | None,
    until: date | None,
    *,
    active: bool,
    ended: bool,
    reported: bool,
    carried_out: bool = False,
) -> DrugUse | str | None:
    found: Recognised = reader.read(treatment, lookup)
    if not found.groups:
        return kind if not found.known and medication_reference(treatment) else None
    return DrugUse(
        kind=kind,  # type: ignore[arg-type]  # one of the three words of NEEDS
        drugs=found.drugs,
        groups=found.groups,
        product=found.product,
        active=active,
        ended=ended,
        when=when,
        until=until,
        text=found.text,
        ref=RequestText(f"{treatment.__struct_config__.tag}/{treatment.id or '?'}"),
        dose=found.dosed.dose,
        route=found.dosed.route,
        daily_mg=found.dosed.daily_mg,
        interval_days=found.dosed.interval_days,
        interval_high_days=found.dosed.interval_high_days,
        single=kind == "administration" or found.dosed.single,
        injected=found.injected,
        reported=reported,
        carried_out=carried_out,
        # On a list an aspirin without a dose is most often the small one.
        counts=found.counts and not found.small_if_undosed,
        substance=found.substance,
        daily=found.daily,
        refills=_refills(treatment),
        held=treatment.status == HELD,
    )


def _refills(treatment: Treatment) -> bool:
    """Whether a prescription may be filled again."""
    if not isinstance(treatment, MedicationRequest):
        return False
    allowed = dispense_request(treatment.dispense_request).number_of_repeats_allowed
    return allowed is not None and allowed > 0


# Where treatment ends by its own words


def _request_end(request: MedicationRequest, reader: RememberedDrugs, start: date | None) -> date | None:
    """The day a prescription ends: by its dosages, else when it may not be filled again and its supply is used up."""
    whole = request.effective_dose_period
    if end := (day_of(whole.end) if whole else None) or _dosage_end(many(request.dosage_instruction), reader, start):
        return end
    dispense = dispense_request(request.dispense_request)
    last = day_of(dispense.validity_period.end) if dispense.validity_period else None
    if last is None:
        return None
    return _after(last, reader.days(dispense.expected_supply_duration) or Fraction(0))


def _dosage_end(dosages: list[Dosage], reader: RememberedDrugs, start: date | None) -> date | None:
    """The last day of the dosages' bounds; None as soon as one of them has no end (a loading dose, then on and on)."""
    ends = [_end(dosage, reader, start) for dosage in dosages]
    known = [end for end in ends if end]
    return max(known) if known and len(known) == len(ends) else None


def _end(dosage: Dosage, reader: RememberedDrugs, start: date | None) -> date | None:
    repeat = dosage.timing.repeat if dosage.timing else None
    if repeat is None:
        return None
    if repeat.bounds_period:
        return day_of(repeat.bounds_period.end)
    longest = repeat.bounds_duration or (repeat.bounds_range.high if repeat.bounds_range else None)
    days = reader.days(longest)
    return _after(start, days) if start and days else None


def _after(day: date, days: Fraction) -> date | None:
    """A day that many whole days later; None beyond the calendar."""
    try:
        return day + timedelta(days=int(days))
    except OverflowError:
        return None
