"""Which bone is meant: a body site or a text, as a region with its name, side and, of the spine, its levels."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.fhir.structs import CodeableConcept
from cds_service.knowledge.terminology import BONE, BONES, Terminology
from cds_service.knowledge.words import plain

Region = Literal["spine", "long-bone", "pelvis", "other", "unknown"]
Side = Literal["left", "right"]

LONG_BONES = frozenset({"femur", "humerus", "tibia-fibula", "radius-ulna"})
# Bones that carry the body: anatomy, no number of anybody's.
WEIGHT_BEARING = frozenset({"spine", "femur", "tibia-fibula", "pelvis"})
ELSEWHERE = frozenset({"elsewhere-site", "lung"})

# "T7", "胸7", "第7胸椎", "T7-9", "L1、2": a letter (or its Chinese word) and numbers.
_PART = {"颈": "C", "胸": "T", "腰": "L", "骶": "S", "c": "C", "t": "T", "th": "T", "d": "T", "l": "L", "s": "S"}
_LEVEL = re.compile(
    r"(?:(?<![a-z0-9])(c|th|t|d|l|s)|([颈胸腰骶])椎?)\s?(\d{1,2})(?:\s?([-~–至、/,])\s?(?:\1|\2)?(\d{1,2}))?(?![a-z0-9.])"
    r"|第(\d{1,2})(颈|胸|腰|骶)椎"
)
_SIDES: tuple[tuple[Side, re.Pattern[str]], ...] = (
    ("left", re.compile(r"左|(?<![a-z])(?:left|lt)(?![a-z])")),
    # "RT to femur", "palliative RT femur": no side, but radiotherapy.
    ("right", re.compile(r"右|(?<![a-z])(?:right|(?<!palliative )rt(?! (?:to|of|for) ))(?![a-z])")),
)
# The joint of these two bones: a broken neck of the femur is operated on as a hip.
HIP = frozenset({"pelvis", "femur"})
_HIP = re.compile(r"髋(?![骨臼])|(?<![a-z])hips?(?![a-z]| bone)")
_BESIDE_LETTERS = re.compile(
    r"[骨椎脊颈胸腰骶髂尾]|spin|vert|bon[ey]|oss|skelet|metast|sacr|cocc|pedicle|lamina|lytic|blastic|sclero|fractur|转移"
)
_TO = "-~–至"  # between two numbers: all from one to the other


@dataclass(frozen=True, slots=True)
class BoneSite:
    """``name``: the code list it was found in (``bone`` where nobody says which). ``levels``: vertebrae (``T7``).
    ``hip``: it is told as a hip, which may be the femur's part of it."""

    name: str
    side: Side | None = None
    levels: frozenset[str] = frozenset()
    shown: str = ""
    hip: bool = False

    @property
    def region(self) -> Region:
        if self.name in ("spine", "pelvis"):
            return self.name  # type: ignore[return-value]  # two of the regions are names of lists
        if self.name == BONE:
            return "unknown"
        return "long-bone" if self.name in LONG_BONES else "other"

    @property
    def weight_bearing(self) -> bool | None:
        """None where the bone is not stated."""
        return None if self.name == BONE else self.name in WEIGHT_BEARING

    def may_be(self, other: BoneSite | None) -> bool:
        """Whether another site is this one, or is not stated closely enough to be another."""
        if other is None or BONE in (self.name, other.name):
            return True
        at_hip = (self.hip or other.hip) and self.name in HIP and other.name in HIP
        if (self.name != other.name and not at_hip) or (self.side and other.side and self.side != other.side):
            return False
        return not (self.levels and other.levels) or bool(self.levels & other.levels)

    def is_one_of(self, others: Iterable[BoneSite | None]) -> bool:
        """Whether it is the very bone of one of these, both stated."""
        return any(o is not None and o.name == self.name != BONE and self.may_be(o) for o in others)


@dataclass(frozen=True, slots=True)
class Place:
    """What a site or text names: ``bone`` (the first one), and whether it names another part of the body."""

    bone: BoneSite | None = None
    elsewhere: bool = False

    @property
    def of_bone(self) -> Literal["yes", "no", "unknown"]:
        """A bone outweighs another part beside it."""
        return "yes" if self.bone else "no" if self.elsewhere else "unknown"


class SiteReader:
    """Reads places with the code lists of body sites."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology

    def of(self, concepts: Iterable[CodeableConcept], texts: Iterable[str] = (), *, letters: bool = False) -> Place:
        """What concepts (body sites) and texts name together: the most closely named bone wins.

        ``letters``: the texts are about a part of the body, so that "T8" alone names a vertebra.
        """
        found: list[BoneSite] = []
        elsewhere = False
        of_texts = (self._of_text(text, letters) for text in texts)
        for names, said in (*map(self._of_concept, concepts), *of_texts):
            elsewhere = elsewhere or not ELSEWHERE.isdisjoint(names)
            found += [_site(name, said) for name in names if name in BONES]
        return Place(min(found, key=_vagueness, default=None), elsewhere)

    def _of_concept(self, concept: CodeableConcept) -> tuple[Sequence[str], str]:
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        said = concept.said()
        matches = self._terminology.match("site", codings, concept.codeable.text)
        return [m.concept for m in matches], said

    def _of_text(self, text: str, letters: bool) -> tuple[Sequence[str], str]:
        names = [row.concept for row in self._terminology.read("site", text).rows]
        # "T2" alone may be a stage or a sequence of MRI: letters name a vertebra beside another word of bone.
        if "spine" in names and not letters and _only_letters(text):
            names.remove("spine")
        return names, text


def _only_letters(text: str) -> bool:
    return not _BESIDE_LETTERS.search(plain(text))


def _site(name: str, said: str) -> BoneSite:
    told = plain(said)
    sides = [side for side, pattern in _SIDES if pattern.search(told)]
    levels = frozenset(_levels(told)) if name == "spine" else frozenset()
    side = sides[0] if len(sides) == 1 else None
    return BoneSite(name, side, levels, RequestText(said), name == "pelvis" and bool(_HIP.search(told)))


def _levels(text: str) -> Iterable[str]:
    for latin, chinese, first, link, last, number, part in _LEVEL.findall(text):
        if part:
            yield f"{_PART[part]}{int(number)}"
            continue
        letter = _PART[latin or chinese]
        low, high = int(first), int(last or first)
        numbers = range(low, high + 1) if link in _TO else (low, high)
        yield from (f"{letter}{n}" for n in numbers)


def _vagueness(site: BoneSite) -> tuple[bool, bool]:
    return site.name == BONE, not site.levels and site.side is None
