"""What is reviewed of one topic: source, numbers, tables, what it looks at and what it does not. No patient in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from cds_service.evaluate.topic import Topic
from cds_service.evaluate.triggers import OnDrug, OnProcedure, Trigger
from cds_service.facts.facts import CHAPTERS
from cds_service.knowledge import model as reviewed
from cds_service.render.explain.model import Named, Need, Number, Row, Rule, RulePage, Source, Table
from cds_service.render.explain.numbers import limits, number, windows
from cds_service.render.explain.teller import Teller

_DECISION = re.compile(r"decisions/([\w-]+)\.md")
# Whatever reads a result bounds how far its clock may be ahead of ours.
_OF_RESULTS = "ahead"


def rule_address(topic: str) -> str:
    """The path under which the page of a rule is served."""
    return f"/explanation/{topic}"


def rule_page(topic: str, teller: Teller) -> RulePage:
    """The page of one topic. Raises ``KeyError`` for one that is not active here."""
    note = teller.word("no-patient")
    return RulePage(teller.tag, teller.version, rule_of(teller.recommendations[topic], teller), note)


def rule_of(it: reviewed.Recommendation, teller: Teller) -> Rule:
    """The rule of a topic; the card of what was not evaluated has none, and is told by its YAML alone."""
    topic = teller.topics.get(it.topic)
    read = [CHAPTERS[name] for name in topic.chapters] if topic else []
    seen = dict.fromkeys(w for c in read for w in (*c.look_back.values(), *c.basis.windows))
    bounds = dict.fromkeys(limit for c in read for limit in c.basis.limits)
    if any(c.analytes for c in read):
        bounds[_OF_RESULTS] = None
    return Rule(
        topic=it.topic,
        words=teller.display(it.topic),
        source=_source(it.source, teller),
        asked_when=tuple(_asked(trigger, teller) for trigger in topic.rule.triggers) if topic else (),
        parameters=tuple(
            number(n, teller.named(teller.own.parameters, n), p, teller) for n, p in it.parameters.items()
        ),
        tables=tuple(_table(name, table, teller) for name, table in it.tables.items()),
        needs=tuple(_needs(topic, teller)) if topic else (),
        windows=tuple(windows(seen, teller)),
        limits=tuple(limits(bounds, teller)),
        formulas=tuple(dict.fromkeys(teller.own.formulas[f] for c in read for f in c.basis.formulas)),
        reading=teller.translated(it.reading),
        not_encoded=teller.translated(it.not_encoded),
        decisions=tuple(dict.fromkeys(_decisions(it, [*windows(seen, teller), *limits(bounds, teller)]))),
        stands_for=tuple(Named(code, teller.display(code)) for code in dict.fromkeys(_others(it))),
    )


def _source(it: reviewed.Source, teller: Teller) -> Source:
    return Source(
        kind=it.kind,
        words=teller.line("source", source=it, label=it.label[teller.tag]),
        sections=tuple(it.sections),
        recommendation=tuple(it.recommendation),
        table=it.table,
        grade=it.grade,
        quote=it.quote,
        url=it.url,
    )


def _asked(trigger: Trigger, teller: Teller) -> str:
    join = teller.language.shared.words["list-separator"].join
    match trigger:
        case OnDrug(groups, stops):
            what = join(words for group, words in teller.own.groups.items() if group in groups)
            return teller.line("stopped" if stops else "ordered", what=what)
        case OnProcedure(concepts):
            return teller.line("requested", what=join(teller.named(teller.own.concepts, c) for c in sorted(concepts)))
    return teller.line("opened")


def _needs(topic: Topic, teller: Teller) -> Iterator[Need]:
    for name, days in topic.needs.items():
        yield Need(name, teller.missing(name), name in topic.required, days)


def _table(name: str, it: reviewed.Table, teller: Teller) -> Table:
    source, dose_unit = teller.translated(it.source), teller.unit(it.dose_unit)
    return Table(name, source, teller.unit(it.unit), dose_unit, tuple(_rows(it, teller)))


def _rows(it: reviewed.Table, teller: Teller) -> Iterator[Row]:
    drugs = teller.language.shared.drugs
    for drug, bands in it.rows.items():
        for band in bands:
            signs = ((">", band.above), ("≥", band.from_), ("<", band.below), ("≤", band.to))
            yield Row(
                drug=drug,
                drug_words=drugs[drug],
                printed=band.printed,
                read_as=_bounds([(sign, bound) for sign, bound in signs if bound is not None], teller),
                dose=None if band.dose is None else f"{band.dose:f}",
                not_recommended=band.not_recommended,
                note=teller.translated(band.reading) if band.reading else None,
            )
    for drug, gap in it.no_row.items():
        above = _bounds([(">", gap.above)], teller)
        yield Row(drug, drugs[drug], teller.word("no-row"), above, note=teller.translated(gap.reading))


def _bounds(bounds: list[tuple[str, Decimal]], teller: Teller) -> str:
    return teller.line("band", bounds=bounds)


def _decisions(it: reviewed.Recommendation, numbers: list[Number]) -> Iterator[str]:
    """The pages of ``cards/decisions`` that the reading or a number names."""
    texts = [it.reading, it.not_encoded, *(p.source + " " + (p.note or "") for p in it.parameters.values())]
    texts += [band.reading or "" for t in it.tables.values() for bands in t.rows.values() for band in bands]
    texts += [n.source for n in numbers]
    yield from (name for text in texts for name in _DECISION.findall(text))


def _others(it: reviewed.Recommendation) -> Iterator[str]:
    yield from (topic for topics in it.replaces.values() for topic in topics)
    yield from it.carries
    yield from (topic for topics in it.folds.values() for topic in topics)
