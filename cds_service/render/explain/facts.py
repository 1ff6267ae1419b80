"""The orders and the facts of an explanation: each with its inputs and where these stand in the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.base.numbers import plain_number
from cds_service.facts import explained
from cds_service.facts.facts import CHAPTERS, Facts
from cds_service.facts.sizes import Size
from cds_service.facts.subjects import Chart, DrugOrder, Subject
from cds_service.render.escape import shorten
from cds_service.render.explain.model import Chapter, Fact, Input, Measured, Order
from cds_service.render.explain.numbers import limits, windows
from cds_service.render.explain.teller import Teller

# An id of FHIR has at most 64 characters; what is longer is none.
_LONGEST_REFERENCE = 120
_PLACES = 4


def order_of(subject: Subject, teller: Teller) -> Order:
    """What was asked about, in words."""
    if isinstance(subject, Chart):
        return Order(key="", kind="chart", sentence=teller.line("chart"), selected=True)
    drug = isinstance(subject, DrugOrder)
    return Order(
        key=shorten(subject.key),
        kind="drug" if drug else "procedure",
        sentence=teller.line("drug" if drug else "procedure", order=subject, key=RequestText(subject.key)),
        selected=subject.selected,
        stops=subject.stops,
        concepts=subject.drugs if isinstance(subject, DrugOrder) else subject.concepts,
        reference=_reference(subject.ref),
    )


def chapters(facts: Facts, teller: Teller) -> Iterator[Chapter]:
    """The chapters that say something. Reads every chapter, whether a rule has read it or not."""
    for name, chapter in CHAPTERS.items():
        told = tuple(_fact(f, teller) for f in chapter.explained(getattr(facts, name))) if chapter.explained else ()
        if told:
            yield Chapter(name, teller.own.chapters[name], told)


def _fact(fact: explained.Fact, teller: Teller) -> Fact:
    return Fact(
        key=fact.key,
        sentence=teller.sentence(teller.own.facts[fact.key], fact.data),
        value=None if fact.value is None else plain_number(fact.value, _PLACES),
        unit=None if fact.unit is None else teller.unit(fact.unit),
        when=fact.when,
        reference=_reference(fact.ref),
        inputs=tuple(_input(each, teller) for each in fact.inputs),
        formula=teller.own.formulas[fact.formula] if fact.formula else None,
        windows=tuple(windows(fact.windows, teller)),
        limits=tuple(limits(fact.limits, teller)),
        measured=_measured(fact.data),
    )


def _measured(data: Mapping[str, object]) -> Measured | None:
    """The row of a lesion's size in a table; None of every other fact."""
    size, before, change = (data.get(name) for name in ("size", "before", "change"))
    if not isinstance(size, Size):
        return None
    return Measured(
        site=shorten(size.shown),
        longest=plain_number(size.longest),
        other=plain_number(size.other),
        product=plain_number(size.product),
        change=plain_number(change) if isinstance(change, Fraction) else None,
        before=before.when if isinstance(before, Size) else None,
    )


def _input(it: explained.Input, teller: Teller) -> Input:
    value, shown = it.value, None if it.shown is None else shorten(it.shown)
    if isinstance(value, Fraction):
        value = plain_number(value, _PLACES)
    elif value is not None:  # one of our own words: male, female
        shown = teller.language.shared.words[value]
    return Input(
        name=it.name,
        words=teller.missing(it.name),
        value=value,
        unit=None if it.unit is None else teller.unit(it.unit),
        shown=shown,
        when=it.when,
        reference=_reference(it.ref),
    )


def _reference(ref: RequestText | None) -> str | None:
    return None if ref is None else shorten(ref, _LONGEST_REFERENCE)
