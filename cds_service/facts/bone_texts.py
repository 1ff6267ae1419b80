"""Which resources may speak of bone lesions: diagnoses, reports, and results that count them."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.base.kinds import RequestText
from cds_service.facts.diagnoses import INACTIVE, NEVER_VERIFIED, coded
from cds_service.facts.imaging import REPORTED
from cds_service.facts.lesions import Counted, Told, count_of
from cds_service.facts.narrative import quoted
from cds_service.facts.observations import COUNTING
from cds_service.facts.result_codes import ResultCodes
from cds_service.facts.skeleton import METASTASIS, Skeleton, words
from cds_service.fhir.dates import day_of
from cds_service.fhir.examined import DiagnosticReport
from cds_service.fhir.structs import CodeableConcept, Condition, Observation
from cds_service.fhir.undecoded import concept, notes
from cds_service.fhir.when import day_stated
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Record

COUNT, SCAN = "lesion-count", "bone-scan"
# What a bare number of things may be counted in.
COUNTED_IN = frozenset({"", "1", "{#}", "个", "处", "枚"})


def told(record: Record, terminology: Terminology, skeleton: Skeleton) -> Iterator[Told]:
    """Diagnoses that stand, with their notes, and the conclusions of reports. What is about bone by itself says so."""
    of_bone = {sign.ref for sign in skeleton.all if sign.concept == METASTASIS}
    for condition in record.all(Condition):
        if coded(condition.verification_status) in NEVER_VERIFIED or coded(condition.clinical_status) in INACTIVE:
            continue
        ref = RequestText(f"Condition/{condition.id or '?'}")
        text = "；".join((*words(condition), *notes(condition.note)))
        when = day_of(condition.recorded_date) or day_of(condition.onset_date_time)
        yield Told(text, when, ref, ref in of_bone)
    for report in record.all(DiagnosticReport):
        if report.status in REPORTED and report.conclusion:
            of_itself = SCAN in _procedures(terminology, report.code)
            ref = RequestText(f"DiagnosticReport/{report.id or '?'}")
            yield Told(report.conclusion, day_stated(report), ref, of_itself)
    yield from _results(record, terminology)


def _results(record: Record, terminology: Terminology) -> Iterator[Told]:
    """Results in words that are named a bone scan: how some hospitals send the whole report."""
    for code, observations in record.coded.items():
        if any(o.value_string for o in observations) and SCAN in _procedures(terminology, concept(code)):
            for it in observations:
                if it.status in REPORTED and it.value_string:
                    when = day_stated(it)
                    yield Told(it.value_string, when, RequestText(f"Observation/{it.id or '?'}"), of_itself=True)


def counts(record: Record, codes: ResultCodes) -> Iterator[Counted]:
    """Results that are named a number of bone lesions."""
    for code, observations in record.coded.items():
        if all(m.concept != COUNT for m in codes.named(code)) or (named := concept(code)) is None:
            continue
        yield from (found for o in observations if o.status in COUNTING for found in _count(o, named.said()))


def _count(it: Observation, name: str) -> Iterator[Counted]:
    quantity, comparator = it.value_quantity, None
    value = it.value_string or ""
    if it.value_integer is not None:
        value = str(it.value_integer)[:20]
    elif quantity is not None and (quantity.unit or quantity.code or "").strip() in COUNTED_IN:
        value, comparator = f"{quantity.value:f}"[:20] if quantity.value is not None else "", quantity.comparator
    if value:
        when = day_stated(it)
        shown = quoted(f"{name} {comparator or ''}{value}")
        yield Counted(count_of(value, comparator), when, RequestText(f"Observation/{it.id or '?'}"), shown)


def _procedures(terminology: Terminology, code: CodeableConcept | None) -> frozenset[str]:
    if code is None:
        return frozenset()
    codings = [(c.system, c.code, c.display) for c in code.codings()]
    return frozenset(m.concept for m in terminology.match("procedure", codings, code.codeable.text))
