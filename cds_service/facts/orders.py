"""The draft orders as facts: which drug or service, started or stopped, selected or not."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from cds_service.base.kinds import RequestText
from cds_service.call.problems import BadRequest, DataNotObtained
from cds_service.facts.drugs import Lookup, dosages_of
from cds_service.facts.intervals import instructions
from cds_service.facts.remembered import RememberedDrugs
from cds_service.facts.requests import NOTHING, RequestReader
from cds_service.facts.subjects import DrugOrder, Order, RequestedProcedure
from cds_service.fhir.dates import day_of
from cds_service.fhir.references import type_and_id, unversioned
from cds_service.fhir.structs import (
    CodeableConcept,
    Dosage,
    MedicationRequest,
    Reference,
    Resource,
    ServiceRequest,
    many,
)
from cds_service.fhir.undecoded import references
from cds_service.knowledge.terminology import Terminology
from cds_service.record.read import Draft

# A draft in one of these states ends a drug; it does not order it.
STOPPING = frozenset({"stopped", "cancelled", "revoked", "on-hold", "ended"})
HELD = "on-hold"
FEVER = "fever"
MOST_NEEDED = 8  # conditions of one "as needed" that are looked at
IGNORED = frozenset({"entered-in-error"})
# What these drugs are given for: no reason to stop them.
INDICATIONS = frozenset({"lung-cancer", "bone-metastasis", "other-primary-cancer", "osteoporosis", "multiple-myeloma"})
# A drug order that was carried out is treatment given: it neither starts nor stops anything.
CARRIED_OUT = frozenset({"completed"})
# Tests that are ordered together under one name.
PANELS = {"chemistry-panel": ("creatinine", "calcium-total"), "renal-panel": ("creatinine",)}


@dataclass(frozen=True, slots=True)
class OrderReader:
    """Reads draft orders."""

    drugs: RememberedDrugs
    terminology: Terminology
    requests: RequestReader

    def read(self, drafts: tuple[Draft, ...], selections: tuple[str, ...] | None, lookup: Lookup) -> tuple[Order, ...]:
        """Every draft that is a drug or a service order.

        ``selections``: on order-select the references just picked; None means every draft counts. Raises
        ``BadRequest`` for a selection that names no draft, ``DataNotObtained`` for a draft drug nobody can name.
        """
        chosen = _chosen(drafts, selections)
        lookup = _with_drafts(drafts, lookup)
        orders: list[Order] = []
        for position, _, resource in drafts:
            selected = chosen is None or position in chosen
            if isinstance(resource, MedicationRequest) and resource.status not in IGNORED | CARRIED_OUT:
                orders.append(self._drug(position, resource, selected, lookup))
            elif isinstance(resource, ServiceRequest) and resource.status not in IGNORED:
                orders.append(self._procedure(position, resource, selected, lookup))
        return tuple(_told_apart(orders))

    def _drug(self, position: int, resource: MedicationRequest, selected: bool, lookup: Lookup) -> DrugOrder:
        found = self.drugs.read(resource, lookup)
        if not found.known and _only_a_reference(resource):
            where = f"context.draftOrders.entry[{position}].resource.medicationReference"
            raise DataNotObtained(((where, "the Medication is neither contained, nor in draftOrders, nor prefetched"),))
        reasons, forbids = self._reasons(lookup, resource), bool(resource.do_not_perform)
        why = [c for c in (resource.status_reason,) if c and (c.codings() or c.codeable.text)]
        why += reasons if forbids else []
        return DrugOrder(
            key=resource.id or f"#{position}",
            position=position,
            ref=_ref(resource),
            text=found.text,
            drugs=found.drugs,
            groups=found.groups if found.counts else found.groups - {"nsaid"},
            product=found.product,
            selected=selected,
            stops=resource.status in STOPPING or forbids,
            dose=found.dosed.dose,
            dose_problem=found.dosed.problem,
            route=found.dosed.route,
            interval_days=found.dosed.interval_days,
            interval_high_days=found.dosed.interval_high_days,
            interval_shown=found.dosed.interval_shown,
            single=found.dosed.single,
            infusion_minutes=found.dosed.infusion_minutes,
            infusion_problem=found.dosed.infusion_problem,
            daily_mg=found.dosed.daily_mg,
            indications=self._indications(reasons, resource),
            stop_reasons=self._conditions(why),
            stop_text=next((text for each in why if (text := _said(each))), None),
            stop_stated=any(not self._only_indication(each) for each in why),
            held=resource.status == HELD,
            stops_ref=resource.prior_prescription.reference if resource.prior_prescription else None,
            low_confidence=found.low_confidence,
            substance=found.substance,
            authored=day_of(resource.authored_on),
            due=_due(resource),
            daily=found.daily,
            forbids=forbids,
            replaces=_replaced(resource),
        )

    def _reasons(self, lookup: Lookup, resource: MedicationRequest) -> list[CodeableConcept]:
        """Why a drug is ordered, or, of an order that forbids it, why not: in words, codes, or by reference."""
        concepts = [*many(resource.reason_code), *(r.codeable for r in many(resource.reason))]
        inside = [r.reference for r in many(resource.reason) if isinstance(r.reference, Reference)]
        for reference in (*many(resource.reason_reference), *inside):
            found = lookup(reference.reference or "")
            code = getattr(found, "code", None) if found else CodeableConcept(text=reference.display)
            concepts += [code] if isinstance(code, CodeableConcept) else []
        return [c for c in concepts if c.codings() or c.codeable.text]

    def _indications(self, reasons: Sequence[CodeableConcept], resource: MedicationRequest) -> frozenset[str]:
        """What a drug is for: its reasons, and fever that only the dosage names ("体温>38.5℃时"). Fever beside pain is
        no reason of its own."""
        dosages = dosages_of(resource)
        lines = [line for d in dosages for line in (*instructions(d), *_needed(d))]
        for_fever = self._conditions(CodeableConcept(text=line) for line in lines) & {FEVER}
        found = self._conditions(reasons) | for_fever
        said = [*lines, *(text for c in reasons if (text := _said(c)))]
        return found - {FEVER} if FEVER in found and any(map(self._names_pain, said)) else found

    def _names_pain(self, text: str) -> bool:
        return any(row.concept == "pain-named" for row in self.terminology.read("finding", text).rows)

    def _only_indication(self, reason: CodeableConcept) -> bool:
        """Whether it only says what the drug was for."""
        found = self._conditions([reason])
        return bool(found) and found <= INDICATIONS

    def _procedure(self, position: int, resource: ServiceRequest, selected: bool, lookup: Lookup) -> RequestedProcedure:
        concept = resource.code.codeable if resource.code else CodeableConcept()
        known = self.procedures(concept)
        return RequestedProcedure(
            key=resource.id or f"#{position}",
            position=position,
            ref=_ref(resource),
            text=_said(concept) or RequestText(""),
            concepts=known,
            selected=selected,
            stops=resource.status in STOPPING or bool(resource.do_not_perform),
            says=self.requests.read(resource, lookup) if known else NOTHING,
        )

    def procedures(self, concept: CodeableConcept) -> tuple[str, ...]:
        """Concept ids of a procedure or of a laboratory test ordered."""
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        text = concept.codeable.text
        matches = self.terminology.match("procedure", codings, text) or self.terminology.match(
            "observation", codings, text
        )
        named = [m.concept for m in matches if "broad" not in m.flags]
        return tuple(dict.fromkeys(each for concept in named for each in (concept, *PANELS.get(concept, ()))))

    def _conditions(self, concepts: Iterable[CodeableConcept]) -> frozenset[str]:
        """Concept ids of the conditions that reasons name."""
        found: set[str] = set()
        for concept in concepts:
            codings, text = [(c.system, c.code, c.display) for c in concept.codings()], concept.codeable.text
            found |= {m.concept for m in self.terminology.match("condition", codings, text) if "broad" not in m.flags}
        return frozenset(found)


def _told_apart(orders: Iterable[Order]) -> Iterator[Order]:
    """Two drafts with one id are two orders: what is found of one, and its card, must not pass for the other's."""
    seen: set[str] = set()
    for order in orders:
        yield replace(order, key=f"{order.key}#{order.position}") if order.key in seen else order
        seen.add(order.key)


def _ref(resource: Resource) -> RequestText | None:
    return RequestText(f"{resource.__struct_config__.tag}/{resource.id}") if resource.id else None


def _replaced(resource: MedicationRequest) -> frozenset[str]:
    """The prescriptions that a draft says it takes the place of, or is based on."""
    named = [*references(resource.based_on), *([resource.prior_prescription] if resource.prior_prescription else [])]
    return frozenset(type_and_id(each.reference) for each in named if each.reference)


def _due(resource: MedicationRequest) -> date | None:
    """The first day for which it says that the drug is to be given."""
    days: list[date | None] = []
    for dosage in many(resource.dosage_instruction):
        repeat = dosage.timing.repeat if dosage.timing else None
        period = repeat.bounds_period if repeat else None
        event = dosage.timing.event if dosage.timing else None
        days += [day_of(each) for each in (event if isinstance(event, list) else [event]) if isinstance(each, str)]
        days += [day_of(period.start)] if period else []
    return min((d for d in days if d), default=None)


def _needed(dosage: Dosage) -> Iterator[str]:
    """The words that say when a drug is taken as needed."""
    for member in (dosage.as_needed_codeable_concept, dosage.as_needed_for):
        for each in many(member)[:MOST_NEEDED]:
            text = each.get("text") if isinstance(each, dict) else None
            if isinstance(text, str):
                yield text


def _said(concept: CodeableConcept | None) -> RequestText | None:
    if concept is None:
        return None
    said = [concept.codeable.text, *(c.display for c in concept.codings())]
    text = next((t for t in said if t), None)
    return RequestText(text) if text else None


def _only_a_reference(resource: MedicationRequest) -> bool:
    medication = resource.medication
    return resource.medication_reference is not None or (medication is not None and medication.reference is not None)


def _chosen(drafts: tuple[Draft, ...], selections: tuple[str, ...] | None) -> frozenset[int] | None:
    """Positions of the selected drafts; None when the hook has no selections."""
    if selections is None:
        return None
    named = _named(drafts)
    chosen: set[int] = set()
    for number, selection in enumerate(selections):
        hits = named.get(selection, set()) | named.get(type_and_id(unversioned(selection).rstrip("/")), set())
        if not hits and _is_read(selection):
            raise BadRequest(
                "The selection names no entry of draftOrders",
                f"context.selections[{number}]",
                "Send the selected order in context.draftOrders, with the id the selection uses.",
            )
        chosen |= hits
    return frozenset(chosen)


def _is_read(selection: str) -> bool:
    """Whether a selection is of a kind that is read here; a NutritionOrder or DeviceRequest is somebody else's."""
    kind = unversioned(selection).rstrip("/").rsplit("/", 2)[:-1]
    return not kind or kind[-1] in ("MedicationRequest", "ServiceRequest")


def _named(drafts: tuple[Draft, ...]) -> dict[str, set[int]]:
    """The positions of the drafts by everything a selection may call them: full URL, id, type and id."""
    named: dict[str, set[int]] = {}
    for position, entry, resource in drafts:
        own = (resource.id, f"{resource.__struct_config__.tag}/{resource.id}") if resource.id else ()
        for name in {entry.full_url, *own} - {None, ""}:
            named.setdefault(str(name), set()).add(position)
    return named


def _with_drafts(drafts: tuple[Draft, ...], lookup: Lookup) -> Callable[[str], Resource | None]:
    """A lookup that sees the other draft entries too (Epic sends the Medication so), by full URL or by type and id."""
    inside: dict[str, Resource] = {}
    for _, entry, resource in drafts:
        if entry.full_url:
            inside[entry.full_url] = resource
        if resource.id:
            inside[f"{resource.__struct_config__.tag}/{resource.id}"] = resource

    def find(reference: str) -> Resource | None:
        return inside.get(reference) or inside.get(type_and_id(reference)) or lookup(reference)

    return find
