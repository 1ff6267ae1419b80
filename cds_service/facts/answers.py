"""Questionnaires answered: totals and single items that are scores of our lists, as ``Scored``.

A question is known by the code in its link or definition ("/44261-6", "http://loinc.org/44261-6"), else by its text.
One that is only called "pain" may have any scale (1 to 4, 1 to 5): by its text it must name a scale of ten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.bounded import told as folded
from cds_service.facts.scored import INSTRUMENTS, Scored, lists_of
from cds_service.facts.units import measurable
from cds_service.fhir.answered import QuestionnaireResponse, ResponseAnswer, ResponseItem
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Reference, many
from cds_service.knowledge.terminology import Terminology

LOINC = "http://loinc.org"
COUNTING = frozenset({"completed", "amended"})
# Questions of one response that are looked at, and how deep groups may be.
MOST, DEEPEST, LONGEST = 400, 8, 200
_CODE = re.compile(r"(?:^|/)(\d{1,7}-\d)$")
# The answer of LOINC's list that says "not at all".
NOT_AT_ALL = "LA6568-5"
ANY_SCALE = "pain-score"
_OF_TEN = re.compile(r"(?<!\d)0\s*(?:-|–|~|to)\s*10(?!\d)", re.IGNORECASE)


def answers(
    responses: Iterable[QuestionnaireResponse], terminology: Terminology, asked: frozenset[str]
) -> Iterator[Scored]:
    """What was answered in questionnaires that were completed, of the lists ``asked`` for; an instrument without a
    total is a screen done."""
    for response in responses:
        when = day_of(response.authored)
        if response.status not in COUNTING:
            continue
        ref = RequestText(f"QuestionnaireResponse/{response.id or '?'}")
        found = [s for item in _items(many(response.item)) if (s := _scored(item, ref, when, terminology, asked))]
        totals = {s.concept for s in found}
        yield from found
        for name in _named(response, terminology):
            if name in asked and name not in totals:
                yield Scored(name, ref, None, when, None, why="no-value")


def _items(items: Sequence[ResponseItem]) -> Iterator[ResponseItem]:
    """Every question, groups opened, in the order they stand."""
    looked, waiting = 0, [(item, 0) for item in reversed(items)]
    while waiting and looked < MOST:
        item, depth = waiting.pop()
        looked += 1
        yield item
        if depth < DEEPEST:
            waiting += [(inner, depth + 1) for inner in reversed(many(item.item))]


def _scored(
    item: ResponseItem, ref: RequestText, when: date | None, terminology: Terminology, asked: frozenset[str]
) -> Scored | None:
    given = next(iter(many(item.answer)), None)
    concept = _concept(item, terminology, asked) if given else None
    if given is None or concept is None:
        return None
    name = (item.text or "")[:LONGEST]
    number = given.value_integer if given.value_integer is not None else given.value_decimal
    number = number if number is not None else given.value_quantity.value if given.value_quantity else None
    if number is not None and measurable(number):
        return Scored(concept, ref, RequestText(str(number)), when, None, Fraction(number), name=name)
    words = _words(given)
    why = None if words else "no-value"
    return Scored(concept, ref, RequestText(words), when, None, words=words, why=why, name=name)


def _words(given: ResponseAnswer) -> str:
    coding = given.value_coding
    if coding is None:
        return given.value_string or ""
    return "0" if coding.code == NOT_AT_ALL else coding.display or coding.code or ""


def _concept(item: ResponseItem, terminology: Terminology, asked: frozenset[str]) -> str | None:
    """Which total or item a question asks for."""
    links = (text for text in (item.link_id, item.definition) if text)
    codes = [(LOINC, match[1], None) for text in links if (match := _CODE.search(text))]
    found = lists_of(terminology.match("observation", codes, None)) if codes else ()
    if asked.isdisjoint(found) and item.text:
        # The span is no part of the name.
        name, spans = _OF_TEN.subn(" ", folded(item.text)[:LONGEST])
        told = lists_of(terminology.match("observation", [], name))
        found = tuple(concept for concept in told if spans or concept != ANY_SCALE)
    wanted = [concept for concept in found if concept in asked]
    return wanted[0] if len(wanted) == 1 else None


def _named(response: QuestionnaireResponse, terminology: Terminology) -> Iterator[str]:
    """The instruments that the questionnaire itself is: by the code in its address, or its name."""
    told = response.questionnaire
    address = told.reference if isinstance(told, Reference) else told
    display = told.display if isinstance(told, Reference) else None
    plain = (address or "").split("|")[0].rstrip("/")
    match = _CODE.search(plain)
    codes = [(LOINC, match[1], None)] if match else []
    name = display or plain.rsplit("/", 1)[-1].replace("_", " ")
    found = terminology.match("observation", codes, name)
    yield from dict.fromkeys(m.concept for m in found if m.concept in INSTRUMENTS)
