"""What scope, rules and texts read of the facts, and whether all that speaks of a topic agrees. Checked at start.

From the chapters that are read follows what is asked for: there is no second list of it.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from cds_service.base.complaints import ContentError
from cds_service.base.kinds import WITHOUT_RULE, Need
from cds_service.base.yamlfile import line_of
from cds_service.evaluate import alike, gate, scope
from cds_service.evaluate.triggers import OnChart, Rule
from cds_service.facts import calcium
from cds_service.facts.facts import CHAPTERS
from cds_service.knowledge.agreement import (
    RuleSource,
    check_explaining,
    check_macros,
    check_rule,
    check_shared,
    check_texts,
    text_reads,
)
from cds_service.knowledge.knowledge import Knowledge
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Recommendation


def source_of(rule: Rule) -> RuleSource:
    """The source of a rule's module, and of what it says alike with another: what that reads and names is its own."""
    module = sys.modules[rule.function.__module__]
    shared = [each for each in vars(module).values() if getattr(each, "__module__", None) == alike.__name__]
    return RuleSource("\n".join(map(inspect.getsource, (module, *shared))))


def disagreements(
    knowledge: Knowledge, ruled: Mapping[str, Rule], worded_with: Mapping[str, frozenset[str]], root: Path
) -> Iterator[ContentError]:
    """Where lists, YAML, rules, texts and chapters of facts do not speak of the same things.

    ``worded_with``: topic of a card without a rule -> the data that it is worded with.
    """
    yield from _membership(knowledge, ruled, root)
    yield from check_shared(knowledge.shared, root)
    yield from check_explaining(knowledge.explaining, root)
    yield from check_macros(knowledge.macros, root)
    yield from _measured(knowledge, root)
    for topic, recommendation in knowledge.guideline.recommendations.items():
        texts, data = knowledge.texts.get(topic, {}), worded_with.get(topic, frozenset())
        if topic in ruled:
            source = source_of(ruled[topic])
            data = source.data()
            yield from check_rule(topic, source, recommendation, texts, root)
            yield from _asked_for(knowledge, ruled[topic], recommendation, root)
        yield from check_texts(topic, data, recommendation, texts, root)


def _membership(knowledge: Knowledge, ruled: Mapping[str, Rule], root: Path) -> Iterator[ContentError]:
    """Every topic of a service has its YAML and its rule, and nothing is left over."""
    file, there = root / "services.yaml", set(knowledge.guideline.recommendations) | knowledge.unreadable
    listed = {topic for service in knowledge.services.services for topic in service.topics}
    for topic in sorted(listed ^ there):
        what = f"topic {topic} is not both listed and in recommendations/"
        yield ContentError(file, line_of(file, "services"), what, "list it, or add or remove its YAML")
    for topic in sorted((listed - WITHOUT_RULE) ^ set(ruled)):
        what, module = f"topic {topic} has no rule, or a rule has no topic", f"rules/{topic.replace('-', '_')}.py"
        yield ContentError(file, line_of(file, "services"), what, f"see {module}")
    for number, service in enumerate(knowledge.services.services):
        for topic in sorted({t for t in service.topics if service.topics.count(t) > 1}):
            place = line_of(file, "services", number, "topics")
            yield ContentError(file, place, f"{service.id} lists {topic} twice", "keep one of them")
        for topic in sorted(set(service.ahead) - set(service.topics)):
            place = line_of(file, "services", number, "ahead")
            yield ContentError(
                file, place, f"{service.id} puts {topic} ahead and has it not", "list it among its topics"
            )


def _measured(knowledge: Knowledge, root: Path) -> Iterator[ContentError]:
    """The windows, limits and analytes that chapters of facts name are those of ``measurements.yaml``."""
    file, measurements = root / "measurements.yaml", knowledge.measurements
    windows = {window for chapter in CHAPTERS.values() for window in chapter.look_back.values()}
    windows |= {window for chapter in CHAPTERS.values() for window in chapter.basis.windows}
    limits = {limit for chapter in CHAPTERS.values() for limit in chapter.basis.limits}
    analytes = {analyte for chapter in CHAPTERS.values() for analyte in chapter.analytes}
    for kind, used, present in (
        ("windows", windows, measurements.windows),
        ("limits", limits, measurements.limits),
        ("analytes", analytes, measurements.analytes),
    ):
        for name in sorted(used - present.keys()):
            yield ContentError(file, line_of(file, kind), f"{name} is not among the {kind}", "facts read it: add it")
    for name in sorted(set(calcium.RANGE_OF.values()) & measurements.analytes.keys()):
        if measurements.analytes[name].reference is None:
            place = line_of(file, "analytes", name)
            yield ContentError(file, place, f"{name} has no default reference range", "add reference:")


def chapters_read(knowledge: Knowledge, rule: Rule) -> tuple[str, ...]:
    """The chapters that scope, gate, rule and texts of a topic read, as they come."""
    read = [*RuleSource(inspect.getsource(scope)).reads(), *source_of(rule).reads()]
    read += (gate.CHAPTERS_OF[kind] for kind in knowledge.guideline.recommendations[rule.topic].silent_for)
    if any(isinstance(trigger, OnChart) for trigger in rule.triggers):
        read += (gate.CHAPTERS_OF[kind] for kind in gate.CHART)
    read += text_reads(knowledge.texts.get(rule.topic, {}).values())
    return tuple(name for name in dict.fromkeys(read) if name in CHAPTERS)


def _asked_for(knowledge: Knowledge, rule: Rule, recommendation: Recommendation, root: Path) -> Iterator[ContentError]:
    """``required`` must be among what rule and texts read, and every key read must have its prefetch search."""
    used = {key for name in chapters_read(knowledge, rule) for key in CHAPTERS[name].keys}
    file = root / "recommendations" / f"{rule.topic}.yaml"
    for key in recommendation.needs.required:
        if key not in used:
            remedy = f"rule and texts read: {', '.join(sorted(used))}"
            yield ContentError(file, line_of(file, "needs"), f"{key!r} is required and never read", remedy)
    for key in sorted(used - knowledge.services.prefetch.keys()):
        place = root / "services.yaml"
        yield ContentError(
            place, line_of(place, "prefetch"), f"there is no search for {key!r}", "facts read it: add it"
        )


def needs_of(chapters: tuple[str, ...], measurements: Measurements) -> dict[Need, int | None]:
    """The prefetch keys of these chapters, each with the days that the longest window of any of them reaches back."""
    needs: dict[Need, int | None] = {}
    for name in chapters:
        chapter = CHAPTERS[name]
        for key in chapter.keys:
            window = chapter.look_back.get(key)
            days = None if window is None else measurements.days(window)
            known = needs.get(key, days)
            needs[key] = None if days is None or known is None else max(known, days)
    return needs
