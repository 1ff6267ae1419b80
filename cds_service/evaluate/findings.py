"""What the rules said of each subject, and which card stands in for which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec
from msgspec.structs import replace

from cds_service.base.kinds import REVIEW_SUMMARY, URGENCY, Missing
from cds_service.evaluate.outcome import Advise, CannotTell, Outcome
from cds_service.evaluate.scope import ScopeKind
from cds_service.evaluate.topic import Topic
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Subject


class Finding(msgspec.Struct, frozen=True):
    """What one topic said about one subject.

    ``silent``: it is counted and never shown. ``said``: the same, because an order's card has just said it.
    ``replaced_by``: the topic whose card stands in for this one.
    ``folded_into``: the topic whose card holds this one too; unlike a replaced one it is counted and reacted to.
    ``joined_to``: the order (key of the subject) whose card that is, where it is another one.
    """

    topic: Topic
    subject: Subject
    scope: ScopeKind
    outcome: Outcome
    silent: bool = False
    said: bool = False
    replaced_by: str | None = None
    folded_into: str | None = None
    joined_to: str | None = None

    @property
    def code(self) -> str:
        return self.topic.code


class Unknown(msgspec.Struct, frozen=True):
    """A topic that could not be decided for a subject, and what was missing."""

    topic: str
    subject: Subject
    missing: tuple[Missing, ...]


@dataclass(frozen=True)
class Findings:
    """All that was said, in the order of the service's topics."""

    facts: Facts
    all: tuple[Finding, ...]

    @cached_property
    def _spoken(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that advise, shown or not: few of all."""
        return tuple([(f, f.outcome) for f in self.all if isinstance(f.outcome, Advise)])

    @cached_property
    def _elsewhere(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that are said on another's card: hardly ever any."""
        return tuple(
            [(f, a) for f, a in self._spoken if (f.replaced_by or f.folded_into) and not f.silent and not f.said]
        )

    def silencing(self, topics: Collection[str]) -> Findings:
        """The same with these topics silent: a card that is not shown stands in for none."""
        if not topics or not any(f.code in topics for f in self.all):
            return self
        marked = tuple(
            replace(f, silent=f.code in topics, replaced_by=None, folded_into=None, joined_to=None) for f in self.all
        )
        return Findings(self.facts, precedence(marked))

    def said_at_order(self, topics: Collection[str]) -> Findings:
        """The same with these topics marked as just said; what their cards stand in for stays unsaid all the same."""
        return Findings(self.facts, tuple(replace(f, said=f.code in topics) for f in self.all)) if topics else self

    def quieted(self, full: int, ahead: Container[str]) -> Findings:
        """The same with what may wait folded into one card, and the topics ``ahead`` first among what is not urgent.

        ``full``: so many cards stand by themselves, whatever is urgent besides. One alone is not folded: a summary of
        one is a card.
        """
        waiting = [(f, a) for f, a in self.advice if a.indicator == URGENCY[0]]
        if len(waiting) < 2:  # none to be folded, and none to go before another
            return self
        waiting.sort(key=lambda each: each[0].code not in ahead)
        room = max(0, full - (len(self.advice) - len(waiting)))
        folded = {f.code for f, _ in waiting[room:]} if len(waiting) > room + 1 else frozenset()
        marked = [replace(f, folded_into=REVIEW_SUMMARY) if f.code in folded else f for f in self.all]
        later = {f.code for f, _ in waiting if f.code not in ahead}
        return Findings(self.facts, tuple(sorted(marked, key=lambda f: f.code in later)))

    @cached_property
    def summarised(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that are a line of the summary."""
        return tuple([(f, a) for f, a in self._spoken if f.folded_into == REVIEW_SUMMARY])

    @cached_property
    def advice(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that become cards."""
        return tuple([(f, a) for f, a in self._cards if not f.silent and not f.said and not f.folded_into])

    def carried(self, by: Finding) -> tuple[tuple[Finding, Advise], ...]:
        """The findings whose line this card says: those folded into it, and those that it stands in for."""
        held = self.folded(by)
        codes = {by.code, *(f.code for f, _ in held)}
        own = [(f, a) for f, a in self._elsewhere if f.subject.key == by.subject.key and f.joined_to is None]
        replaced = [(f, a) for f, a in own if f.replaced_by in codes]
        return (*held, *replaced)

    def folded(self, into: Finding) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that this card holds besides its own, each with suggestions and a count of its own."""
        held = [(f, a) for f, a in self._elsewhere if f.folded_into == into.code and f.joined_to is None]
        return tuple([(f, a) for f, a in held if f.subject.key == into.subject.key])

    def joined(self, to: Finding) -> tuple[tuple[Finding, Advise], ...]:
        """The findings of other orders that this card says too, counted like those folded into it."""
        return tuple([(f, a) for f, a in self._elsewhere if f.joined_to == to.subject.key and f.folded_into == to.code])

    @property
    def _cards(self) -> Iterator[tuple[Finding, Advise]]:
        """The findings that have a card of their own, silent or not."""
        return ((f, a) for f, a in self._spoken if a.alone and not f.replaced_by)

    @property
    def kept_back(self) -> tuple[tuple[Finding, Advise], ...]:
        """The findings that would have become cards, were their topics not silent, or not just said."""
        return tuple([(f, a) for f, a in self._cards if f.silent or f.said])

    @property
    def unknown(self) -> tuple[Unknown, ...]:
        return tuple(
            Unknown(f.code, f.subject, f.outcome.missing)
            for f in self.all
            if isinstance(f.outcome, CannotTell) and not f.silent
        )


def precedence(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings with those marked that another card stands in for, or carries a line of.

    ``replaces``, ``carries`` and ``folds`` in the YAML say which of one subject, ``matter`` which of several. A card
    never stands in for a more urgent one, and a silent one for none; of one subject only what is least urgent is
    folded. Linear in the subjects.
    """
    return _joined(_of_one_subject(tuple(findings)))


def _joined(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those marked that a card of another order says too, because both are about one matter: of one topic before
    another. The most urgent one, or the first, is the card."""
    about = [f for f in found if f.topic.recommendation.matter and isinstance(f.outcome, Advise) and not f.silent]
    if len({f.subject.key for f in about}) < 2:
        return found
    topics: dict[str, Finding] = {}
    matters: dict[str, Finding] = {}
    holders: dict[tuple[str, str], Finding] = {}
    for each in sorted((f for f in about if _has_a_card(f)), key=_urgency, reverse=True):
        matter = each.topic.recommendation.matter
        holder = topics.get(each.code) or matters.get(matter)
        if holder and holder.subject.key != each.subject.key:
            holders[each.code, each.subject.key] = holder
        else:
            topics[each.code], matters[matter] = each, matters.get(matter, each)
    own = {(f.code, f.subject.key): f.topic.recommendation.matter for f in about}
    for each in about:
        matter, key = each.topic.recommendation.matter, each.subject.key
        holder = matters.get(matter)
        # A line that its own order's card carries beside another matter belongs where the matter is told.
        if each.replaced_by and own.get((each.replaced_by, key)) != matter and holder and holder.subject.key != key:
            holders[each.code, key] = holder
    lines = {f.code: f for f in reversed(about) if f.replaced_by and (f.code, f.subject.key) not in holders}
    return tuple([_held(f, holders.get((f.code, f.subject.key)), lines.get(f.code)) for f in found])


def _has_a_card(finding: Finding) -> bool:
    outcome = finding.outcome
    return isinstance(outcome, Advise) and outcome.alone and not finding.replaced_by and not finding.folded_into


def _urgency(finding: Finding) -> int:
    return URGENCY.index(finding.outcome.indicator) if isinstance(finding.outcome, Advise) else 0


def _held(finding: Finding, by: Finding | None, line: Finding | None) -> Finding:
    """``by``: the card that says it too. ``line``: the same topic of an order whose card stands in for it: what may
    wait is a line there, and no card of this order."""
    if by:
        return replace(finding, replaced_by=None, folded_into=by.code, joined_to=by.subject.key)
    if line and not finding.replaced_by and isinstance(finding.outcome, Advise) and not _urgency(finding):
        return replace(finding, replaced_by=line.replaced_by, folded_into=None, joined_to=line.subject.key)
    return finding


def _of_one_subject(found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    speaking: dict[str, list[tuple[Finding, Advise]]] = defaultdict(list)
    for each in found:
        if isinstance(each.outcome, Advise):
            speaking[each.subject.key].append((each, each.outcome))
    several = {subject: advice for subject, advice in speaking.items() if len(advice) > 1}
    if not several:
        return found
    marks = {subject: _marks(advice) for subject, advice in several.items()}
    folds = {subject: _folds(advice, marks[subject]) for subject, advice in several.items()}
    if not any(marks.values()) and not any(folds.values()):
        return found
    # Only advice is ever marked, and most findings are none.
    return tuple([_marked(f, marks, folds) if isinstance(f.outcome, Advise) else f for f in found])


def _marks(advice: Sequence[tuple[Finding, Advise]]) -> dict[str, str]:
    """Of one subject: the topic of a card -> the topic of the card that is shown in its place."""
    marks: dict[str, str] = {}
    shown = [(f, a) for f, a in advice if a.alone and not f.silent]
    standing = [(f.code, a, named) for f, a in shown if (named := f.topic.recommendation.replaced_by(a.say))]
    for found, said in advice if standing else ():
        for other, instead, named in standing:
            urgent = URGENCY.index(instead.indicator) >= URGENCY.index(said.indicator)
            # Of two that would stand in for each other one must be shown.
            if said.alone and found.code in named and urgent and _shown(other, marks) != found.code:
                marks[found.code] = other
                break
    for found, said in advice:
        if not said.alone:
            carrying = (o.code for o, _ in shown if found.code in _carries(o) and o.code not in marks)
            if carrier := next(carrying, None):
                marks[found.code] = carrier
    return {code: _shown(code, marks) for code in marks}


def _carries(finding: Finding) -> list[str]:
    recommendation, outcome = finding.topic.recommendation, finding.outcome
    assert isinstance(outcome, Advise)
    return [*recommendation.carries, *recommendation.replaced_by(outcome.say)]


def _shown(code: str, marks: Mapping[str, str]) -> str:
    """The card that is shown in place of a topic's in the end."""
    while code in marks:
        code = marks[code]
    return code


def _folds(advice: Sequence[tuple[Finding, Advise]], marks: Mapping[str, str]) -> dict[str, str]:
    """Of one subject: the topic of a card of the least urgency -> the topic of the card that holds it too."""
    folds: dict[str, str] = {}
    shown = [(f, a) for f, a in advice if a.alone and not f.silent and f.code not in marks]
    least = [(f, a) for f, a in shown if a.indicator == URGENCY[0]]
    for holder, said in shown:
        if holder.code not in folds:
            named = holder.topic.recommendation.folded_by(said.say)
            folds |= {f.code: holder.code for f, _ in least if f.code in named and f.code not in folds}
    return folds


def _marked(
    finding: Finding, marked: Mapping[str, Mapping[str, str]], folded: Mapping[str, Mapping[str, str]]
) -> Finding:
    """``marked``, ``folded``: by subject."""
    code, subject = finding.code, finding.subject.key
    carrier, holder = marked.get(subject, {}).get(code), folded.get(subject, {}).get(code)
    return finding if carrier is holder is None else replace(finding, replaced_by=carrier, folded_into=holder)
