"""The explanation as lines of plain text, for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.render.explain.model import Explanation, Fact, Rule, Verdict
from cds_service.render.explain.teller import Teller


def as_text(told: Explanation, teller: Teller) -> Iterator[str]:
    """Orders, facts, what each rule said, the rules that gave advice or could not tell, and what was left out.

    ``teller``: of the same language.
    """
    word = teller.word
    if told.orders:
        yield _head(word("orders"))
        yield from (f"  - {order.sentence}" for order in told.orders)
    if told.chapters:
        yield _head(word("facts"))
        for chapter in told.chapters:
            yield f"  {chapter.words}"
            for fact in chapter.facts:
                yield from _fact(fact, teller)
    if told.verdicts:
        yield _head(word("rules"))
        for verdict in told.verdicts:
            yield from _verdict(verdict, teller)
        speaking = {v.topic for v in told.verdicts if v.outcome != "no-advice"}
        yield _head(word("topics"))
        for rule in told.rules:
            if rule.topic in speaking:
                yield from _rule(rule, teller)
    if told.left_out:
        yield _head(word("left-out"))
        yield from (f"  - {each.sentence}" for each in told.left_out)
    yield told.note


def _head(words: str) -> str:
    return f"# {words}"


def _fact(fact: Fact, teller: Teller) -> Iterator[str]:
    where = f" [{fact.reference}]" if fact.reference else ""
    yield f"  - {fact.sentence}{where}"
    for each in fact.inputs:
        yield f"      · {teller.line('input', i=each)}"
    if fact.formula:
        yield f"      = {fact.formula}"
    for number in (*fact.windows, *fact.limits):
        yield f"      · {teller.line('number', n=number)}"


def _verdict(verdict: Verdict, teller: Teller) -> Iterator[str]:
    yield "  - " + teller.line(
        verdict.outcome,
        code=verdict.topic,
        display=verdict.words,
        subject=verdict.order or teller.line("the-chart"),
        indicator=verdict.indicator_words,
        sentence=verdict.sentence,
    )
    yield from (f"      {told}" for told in (verdict.standing, verdict.how, verdict.limits) if told)


def _rule(rule: Rule, teller: Teller) -> Iterator[str]:
    yield f"  {rule.topic}: {rule.words}"
    yield f"  - {rule.source.words}"
    yield from (f"  - {teller.line('number', n=number)}" for number in rule.parameters)
    for head, told in (("reading", rule.reading), ("not-encoded", rule.not_encoded)):
        yield f"  - {teller.line('labelled', head=teller.word(head), told=told)}"
