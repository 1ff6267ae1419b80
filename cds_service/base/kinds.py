"""The small kinds that several rooms speak of: each name here means one thing everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Literal, get_args

Indicator = Literal["info", "warning", "critical"]
URGENCY: tuple[Indicator, ...] = get_args(Indicator)  # ascending
LanguageTag = Literal["en", "zh-CN"]
LANGUAGES: tuple[LanguageTag, ...] = get_args(LanguageTag)
LanguageName = Literal["en", "zh-CN", "zh"]  # as people write them
LANGUAGE_NAMES: tuple[LanguageName, ...] = get_args(LanguageName)
FhirVersion = Literal["R4", "R4B", "R5"]
DrugGroup = Literal[
    "bisphosphonate", "rankl-inhibitor", "calcium", "vitamin-d", "nsaid", "platinum", "opioid", "acetaminophen",
    "psychotropic", "systemic-anticancer",
    "radiopharmaceutical",
]  # fmt: skip
Route = Literal["intravenous", "subcutaneous", "oral", "topical", "other"]
MissingData = Literal["card", "refuse"]
Need = str  # a prefetch key of services.yaml: "patient", "conditions", "laboratory", ...

# The card of what could not be decided, and the one that holds what may wait: they have no rule, and no site can switch
# them off.
NOT_EVALUATED = "not-evaluated"
REVIEW_SUMMARY = "review-summary"
WITHOUT_RULE = frozenset({NOT_EVALUATED, REVIEW_SUMMARY})


def language_tag(text: str | None) -> LanguageTag | None:
    """The language that a tag names, in any region and spelling (``zh``, ``zh_CN``, ``EN-us``); None: none of ours."""
    primary = (text or "").strip().replace("_", "-").split("-")[0].lower()
    return {tag.split("-")[0]: tag for tag in LANGUAGES}.get(primary)


class RequestText(str):
    """A string out of the request (a drug's name, a unit, a value as printed): data, never markup.

    Render tells it from our own words by its type, and escapes it.
    """

    __slots__ = ()


class Elapsed(int):
    """Days or months from a date to today. They grow by themselves: cards that differ in nothing else are the same
    (``deliver.issue``)."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Missing:
    """Something a topic would have needed.

    ``what`` names it (a key of the ``missing`` texts); ``why`` is ``not-obtained``, ``incomplete``, ``not-on-record``,
    or a reason of the fact itself (``too-old``, ``unit-unknown`` ...); ``detail`` is shown as data where present.
    """

    what: str
    why: str
    detail: str | None = None
    when: date | None = None


@dataclass(frozen=True, slots=True)
class Dose:
    """A single dose in mg; of a range the upper end counts."""

    mg: Fraction
    is_range: bool
    shown: RequestText
