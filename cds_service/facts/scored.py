"""Scores on record, by what they score: the observations whose code is of one of these lists, unread, newest first.

Which of them count, and what their value means, is each chapter's own business (``pain``, ``function``, ``distress``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.dating import Dating
from cds_service.facts.observations import COUNTING, NO_RESULT
from cds_service.facts.result_codes import ResultCodes
from cds_service.facts.score_text import Written
from cds_service.facts.units import measurable, shown
from cds_service.fhir.structs import CodeableConcept, Observation, ObservationComponent, Quantity, Range, many
from cds_service.fhir.undecoded import concept, concepts, notes
from cds_service.knowledge.terminology import Match

KEYS = ("observations",)
PAIN_SCALES = ("pain-numeric", "pain-visual", "pain-faces", "pain-score")
OTHER_PAIN = "pain-not-severity"
INSTRUMENTS = (
    "phq-9", "phq-2", "gad-7", "hads", "hads-anxiety", "hads-depression", "distress-thermometer", "distress-scale"
)  # fmt: skip
ITEM_9 = "phq-9-item-9"
SCORES = frozenset({*PAIN_SCALES, OTHER_PAIN, *INSTRUMENTS, ITEM_9, "ecog", "karnofsky", "life-expectancy", "sins"})


@dataclass(frozen=True, slots=True)
class Scored:
    """One result of a score, or of a component.

    ``number``: as stated, without its unit. ``words``: the value where it is none, or beside it. ``unit`` as spelt.
    ``why``: why it cannot be used, whatever the scale (a key of the ``why_missing`` texts).
    """

    concept: str
    ref: RequestText
    shown: RequestText | None
    when: date | None
    at: datetime | None
    number: Fraction | None = None
    unit: str = ""
    words: str = ""
    why: str | None = None
    name: str = ""  # what it is called: code texts
    places: tuple[str, ...] = ()  # body sites and notes, as written
    methods: frozenset[str] = frozenset()
    preliminary: bool = False

    @property
    def order(self) -> tuple[date, bool, float]:
        return self.when or date.min, self.at is not None, self.at.timestamp() if self.at else 0.0


Scores = Mapping[str, Sequence[Scored]]


def scored(
    coded: Mapping[bytes, Sequence[Observation]], codes: ResultCodes, now: datetime, ahead: int
) -> dict[str, Sequence[Scored]]:
    """All scores by list, newest first. What a code means is asked once; ``ahead``: hours that clocks may differ."""
    dating, found = Dating(coded, now, ahead), dict[str, list[Scored]]()
    for code, observations in coded.items():
        own = lists_of(codes.named(code))
        for observation in observations:
            if not (own or observation.component) or observation.status in NO_RESULT:
                continue
            for name, source in _sources(observation, own, codes):
                found.setdefault(name, []).append(_one(name, observation, source, dating, codes))
    return {name: tuple(sorted(each, key=lambda s: (s.order, s.ref), reverse=True)) for name, each in found.items()}


def lists_of(meant: Iterable[Match]) -> tuple[str, ...]:
    """The lists of scores that a code is of: the one that says most (a scale rather than any score of pain)."""
    names = list(dict.fromkeys([m.concept for m in meant if m.concept in SCORES and "broad" not in m.flags]))
    if OTHER_PAIN in names:
        return (OTHER_PAIN,)
    if len(names) > 1 and "pain-score" in names:
        names.remove("pain-score")
    if ITEM_9 in names:
        return (ITEM_9,)
    return tuple(names)


def _sources(
    observation: Observation, own: tuple[str, ...], codes: ResultCodes
) -> Iterator[tuple[str, Observation | ObservationComponent]]:
    """The observation's own value, and those of its components that are scores themselves."""
    parts = [(name, c) for c in many(observation.component) for name in lists_of(codes.of(c.code))]
    yield from parts
    if not parts or _has_value(observation):
        yield from ((name, observation) for name in own)


def _has_value(observation: Observation) -> bool:
    return any((
        observation.value_quantity, observation.value_integer is not None, observation.value_string,
        observation.value_codeable_concept,
    ))  # fmt: skip


def _one(
    name: str,
    observation: Observation,
    source: Observation | ObservationComponent,
    dating: Dating,
    codes: ResultCodes,
) -> Scored:
    dated = dating.of(observation)
    told = concept(bytes(observation.code))
    part = source.code if isinstance(source, ObservationComponent) else None
    number, unit, words, why = _value(source)
    printed = RequestText(shown(source.value_quantity, None) if source.value_quantity else words or _plain(number))
    return Scored(
        concept=name,
        ref=RequestText(f"Observation/{observation.id or '?'}"),
        shown=printed or None,
        when=dated.day,
        at=dated.at,
        number=number,
        unit=unit,
        words=words,
        why=why or dated.unusable or (None if observation.status in COUNTING else "status-unknown"),
        name=" ".join(_said(told, part)),
        places=tuple(_places(observation)),
        methods=_methods(observation, codes),
        preliminary=observation.status == "preliminary",
    )


def _said(*told: CodeableConcept | None) -> Iterator[str]:
    for each in told:
        if each:
            yield from (t for t in (each.codeable.text, *(c.display for c in each.codings())) if t)


def _places(observation: Observation) -> Iterator[str]:
    for site in concepts(observation.body_site):
        yield from _said(site)
    yield from notes(observation.note)


def _methods(observation: Observation, codes: ResultCodes) -> frozenset[str]:
    return frozenset(m.concept for each in concepts(observation.method) for m in codes.of(each))


def _value(source: Observation | ObservationComponent) -> tuple[Fraction | None, str, str, str | None]:
    """Number, unit, words, and why neither can be used."""
    if source.data_absent_reason is not None:
        return None, "", "", "data-absent"
    if (quantity := source.value_quantity) is not None:
        return _of_quantity(quantity)
    if source.value_integer is not None:
        return _exact(source.value_integer), "", "", None
    told = source.value_codeable_concept
    if isinstance(source, Observation) and source.value_range is not None:
        return _of_range(source.value_range)
    words = source.value_string or (told.said() if told else "")
    return None, "", words, None if words else "no-value"


def _of_quantity(quantity: Quantity) -> tuple[Fraction | None, str, str, str | None]:
    if quantity.value is None:
        return None, "", "", "no-value"
    if quantity.comparator:
        return None, "", "", "comparator"
    number = _exact(quantity.value)
    return number, quantity.code or quantity.unit or "", "", None if number is not None else "not-a-number"


def _of_range(span: Range) -> tuple[Fraction | None, str, str, str | None]:
    """A range in words, for those who read spans; with one end alone it is a limit."""
    low, high = (shown(end, None) if end and end.value is not None else "" for end in (span.low, span.high))
    words = f"{low}-{high}" if low and high else f">{low}" if low else f"<{high}" if high else ""
    return None, "", words, None if words else "no-value"


def _exact(value: Decimal) -> Fraction | None:
    return Fraction(value) if measurable(value) else None


def _plain(number: Fraction | None) -> str:
    return "" if number is None else f"{float(number):g}"


def whole(score: Scored, written: Written) -> tuple[Fraction | None, str | None]:
    """The number of a score whose unit says nothing, or why there is none."""
    if score.why:
        return None, score.why
    if score.number is not None:
        return score.number, None
    read = written.read(score.words)
    return (read.number, None) if read.number is not None else (None, "not-a-number")
