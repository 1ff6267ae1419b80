"""Questionnaires answered: totals and single items that are scores of our lists, as ``Scored``.

A question is known by the code in its link or definition ("/44261-6", "http://loinc.org/44261-6"), else by its text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.scored import INSTRUMENTS, ITEM_9, Scored
from cds_service.facts.units import measurable
from cds_service.fhir.answered import QuestionnaireResponse, ResponseAnswer, ResponseItem
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Reference, many
from cds_service.knowledge.terminology import Terminology

LOINC = "http://loinc.org"
COUNTING = frozenset({"completed", "amended"})
# Questions of one response that are looked at, and how deep groups may be.
MOST, DEEPEST = 400, 8
_CODE = re.compile(r"(?:^|/)(\d{1,7}-\d)$")
# The answer of LOINC's list that says "not at all".
NOT_AT_ALL = "LA6568-5"


def answers(responses: Iterable[QuestionnaireResponse], terminology: Terminology) -> Iterator[Scored]:
    """Totals and item 9 of questionnaires that were completed; one without a total is a screen done."""
    for response in responses:
        when = day_of(response.authored)
        if response.status not in COUNTING:
            continue
        ref = RequestText(f"QuestionnaireResponse/{response.id or '?'}")
        found = [s for item in _items(many(response.item)) if (s := _scored(item, ref, when, terminology))]
        totals = {s.concept for s in found}
        yield from found
        for name in _named(response, terminology):
            if name not in totals:
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


def _scored(item: ResponseItem, ref: RequestText, when: date | None, terminology: Terminology) -> Scored | None:
    given = next(iter(many(item.answer)), None)
    name = _name(item, terminology) if given else None
    if given is None or name is None:
        return None
    number = given.value_integer if given.value_integer is not None else given.value_decimal
    number = number if number is not None else given.value_quantity.value if given.value_quantity else None
    if number is not None and measurable(number):
        return Scored(name, ref, RequestText(str(number)), when, None, Fraction(number))
    words = _words(given)
    return Scored(name, ref, RequestText(words), when, None, words=words, why=None if words else "no-value")


def _words(given: ResponseAnswer) -> str:
    coding = given.value_coding
    if coding is None:
        return given.value_string or ""
    return "0" if coding.code == NOT_AT_ALL else coding.display or coding.code or ""


def _name(item: ResponseItem, terminology: Terminology) -> str | None:
    """Which total or item a question asks for."""
    links = (text for text in (item.link_id, item.definition) if text)
    codes = [(LOINC, match[1], None) for text in links if (match := _CODE.search(text))]
    wanted = {*INSTRUMENTS, ITEM_9}
    found = [m.concept for m in terminology.match("observation", codes, None) if m.concept in wanted] if codes else []
    if not found and item.text:
        found = [m.concept for m in terminology.match("observation", [], item.text) if m.concept in wanted]
    return ITEM_9 if ITEM_9 in found else found[0] if len(set(found)) == 1 else None


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
