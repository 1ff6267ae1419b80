"""What a topic can be asked about: a drug order, a requested procedure, or the chart that was opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

import msgspec

from cds_service.base.kinds import Dose, DrugGroup, RequestText, Route
from cds_service.facts.portions import Daily, Form
from cds_service.facts.portions_given import PortionGiven, daily_of
from cds_service.facts.purpose import given_purposes
from cds_service.facts.requests import NOTHING, Requested
from cds_service.facts.sites import BoneSite, Place, Side
from cds_service.facts.told import Number, ago, exact, groups_of
from cds_service.knowledge.drugs import Drugs, Product, Use
from cds_service.knowledge.model import File


@dataclass(frozen=True, slots=True)
class DrugOrder:
    """A MedicationRequest among the draft orders."""

    key: str  # stable within the call: the resource's id, else its position
    position: int
    ref: RequestText | None
    text: RequestText
    drugs: tuple[str, ...]  # concept ids of the code lists; () = not recognised
    groups: frozenset[DrugGroup]
    product: Product
    selected: bool
    stops: bool  # the draft ends or forbids the drug
    dose: Dose | None
    dose_problem: str | None = None  # why no dose was read, when one was written
    route: Route | None = None
    interval_days: Fraction | None = None
    interval_high_days: Fraction | None = None  # the longer end of a span ("every 3 to 4 weeks"); else the same
    interval_shown: RequestText | None = None
    single: bool = False  # one dose only: no interval
    infusion_minutes: Fraction | None = None
    infusion_problem: str | None = None  # why no time was read, when a text speaks of one
    daily_mg: Fraction | None = None
    indications: frozenset[str] = frozenset()  # concepts of the order's own reasons
    stop_reasons: frozenset[str] = frozenset()
    stop_text: RequestText | None = None
    stop_stated: bool = False  # a reason for ending the drug is given, whatever it is
    held: bool = False  # it stops for a while only
    stops_ref: str | None = None  # the prescription a discontinuation order ends
    low_confidence: bool = False  # recognised by an unverified name only
    substance: str = ""  # which of a list of several substances (alendronate of other-bisphosphonate)
    authored: date | None = None
    due: date | None = None  # the first day it is to be given, where it says so
    daily: Daily | None = None  # of analgesics: how much a day of each active ingredient
    forbids: bool = False  # the drug is not to be given, whatever prescription says so
    replaces: frozenset[str] = frozenset()  # prescriptions (type and id) that it takes the place of

    @property
    def drug(self) -> str:
        """The concept id of the one substance (bone-modifying agents have exactly one)."""
        return self.drugs[0] if self.drugs else ""


@dataclass(frozen=True, slots=True)
class RequestedProcedure:
    """A ServiceRequest among the draft orders."""

    key: str
    position: int
    ref: RequestText | None
    text: RequestText
    concepts: tuple[str, ...]  # of the code lists
    selected: bool
    stops: bool
    says: Requested = NOTHING  # where, why and how


@dataclass(frozen=True, slots=True)
class Chart:
    """The patient's chart, opened: nothing was ordered. There is one per call."""

    key: str = ""
    ref: RequestText | None = None
    selected: bool = True


Order = DrugOrder | RequestedProcedure
Subject = Order | Chart


@dataclass(frozen=True, slots=True)
class Orders:
    """All draft orders of the call, whether selected or not."""

    all: tuple[Order, ...] = ()

    def __iter__(self) -> Iterator[Order]:
        return iter(self.all)

    def drugs(self, *groups: DrugGroup) -> tuple[DrugOrder, ...]:
        """Drafts that start a drug of these groups, group by group."""
        starting = [o for o in self.all if isinstance(o, DrugOrder) and not o.stops]
        return tuple(o for group in groups for o in starting if group in o.groups)

    @property
    def ended(self) -> frozenset[str]:
        """The drugs that drafts end or hold."""
        return frozenset(o.drug for o in self.all if isinstance(o, DrugOrder) and o.stops)

    def requests(self, concept: str) -> bool:
        """Whether one of the drafts requests this procedure."""
        procedures = (o for o in self.all if isinstance(o, RequestedProcedure) and not o.stops)
        return any(concept in o.concepts for o in procedures)


class OrderGiven(File, frozen=True):
    """What a case may say of a draft order: a drug (concept id), or a procedure or test (concept id)."""

    drug: str | None = None
    service: str | None = None  # a procedure or test
    dose_mg: Number | None = None
    dose_range: bool = False
    dose_problem: str | None = None
    route: Route | None = None
    interval_days: Number | None = None
    interval_high_days: Number | None = None
    single: bool = False
    infusion_minutes: Number | None = None
    infusion_problem: str | None = None
    daily_mg: Number | None = None
    stops: bool = False
    selected: bool = True
    product: Use = "oncology"
    indications: list[str] = []
    stop_reasons: list[str] = []
    stop_stated: bool = False  # a reason that is none of the concepts
    held: bool = False
    due_in_days: int | None = None
    authored_days_ago: int | None = None
    id: bool = True  # False: the draft has no id
    portions: list[PortionGiven] = []  # of an analgesic
    as_needed: bool = False
    form: Form = "oral"
    rate: Number | None = None  # μg/h of a patch
    rate_why: str | None = None
    substance: str = ""
    forbids: bool = False
    replaces: list[str] = []
    # Of a procedure: its place, and concepts that it names, gives as reasons, suspects, or says (list of findings);
    # what it is asked for.
    site: str | None = None
    side: Side | None = None
    levels: tuple[str, ...] = ()
    elsewhere: bool = False
    named: list[str] = []
    reasons: list[str] = []
    suspects: list[str] = []
    says: list[str] = []
    purposes: list[str] = []
    unread: bool = False


class OrdersGiven(File, frozen=True):
    """What a case may say of the draft set. Without ``order`` the topic is asked about the chart."""

    order: OrderGiven | None = None
    also_ordered: list[OrderGiven] = []

    def told(self, drugs: Drugs) -> Orders:
        given = [*([self.order] if self.order else []), *self.also_ordered]
        return Orders(tuple(_told(each, position, drugs) for position, each in enumerate(given)))


def _told(given: OrderGiven, position: int, drugs: Drugs) -> Order:
    kind = "ServiceRequest" if given.service else "MedicationRequest"
    ref = RequestText(f"{kind}/order-{position}") if given.id else None
    key = f"order-{position}"
    if given.service:
        text = RequestText(given.service)
        concepts = (given.service,)
        return RequestedProcedure(key, position, ref, text, concepts, given.selected, given.stops, _says(given))
    if given.drug is None:
        raise msgspec.ValidationError("an order needs a drug or a service")
    dose, interval = exact(given.dose_mg), given.interval_days
    return DrugOrder(
        key=key,
        position=position,
        ref=ref,
        text=RequestText(given.drug),
        drugs=(given.drug,),
        groups=groups_of(given.drug, drugs),
        product=Product(given.product),
        selected=given.selected,
        stops=given.stops,
        dose=Dose(dose, given.dose_range, RequestText(f"{given.dose_mg} mg")) if dose is not None else None,
        dose_problem=given.dose_problem,
        route=given.route,
        interval_days=exact(interval),
        interval_high_days=exact(interval if given.interval_high_days is None else given.interval_high_days),
        single=given.single,
        infusion_problem=given.infusion_problem,
        interval_shown=RequestText(f"{interval} d") if interval is not None else None,
        infusion_minutes=exact(given.infusion_minutes),
        daily_mg=exact(given.daily_mg),
        indications=frozenset(given.indications),
        stop_reasons=frozenset(given.stop_reasons),
        stop_stated=given.stop_stated or bool(given.stop_reasons),
        held=given.held,
        authored=ago(given.authored_days_ago),
        due=ago(None if given.due_in_days is None else -given.due_in_days),
        daily=daily_of(given.portions, given.form, given.rate, given.rate_why, as_needed=given.as_needed),
        substance=given.substance,
        forbids=given.forbids,
        replaces=frozenset(given.replaces),
    )


def _says(given: OrderGiven) -> Requested:
    """What a requested procedure of a case says."""
    site = BoneSite(given.site, given.side, frozenset(given.levels), RequestText(given.site)) if given.site else None
    return Requested(
        place=Place(site, given.elsewhere),
        named=frozenset(given.named),
        conditions=frozenset(given.reasons),
        doubted=frozenset(given.suspects),
        reasons=frozenset(given.reasons),
        said=frozenset(given.says),
        purposes=given_purposes(given.purposes),
        bone=site is not None,
        unread=given.unread,
        substance=given.substance,
    )
