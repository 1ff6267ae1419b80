"""``wording.yaml``: what stands around a name, and how a text of a domain falls into words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import field

from cds_service.knowledge.model import File
from cds_service.knowledge.phrases import BRACKET, COMMA, FILLER, LINK, STOP, Words
from cds_service.knowledge.words import Splitter, is_chinese

State = Literal["negated", "suspected", "relative", "past"]

# Notation of the field, not names: TNM stages ("cT2N3M1c", "M1b"), a minus for negative, a full stop of a sentence.
_STAGE = (
    r"(?<![a-z0-9])(?:[cpyra]{0,3}t(?:is|x|[0-4])(?:mi|[a-d])?\s?n(?:x|[0-3])[a-d]?(?:\s?m(?:x|[01])[a-d]?\d?)?"
    r"|[cpyra]{1,3}t(?:is|x|[0-4])(?:mi|[a-d])?|[cpyra]{0,3}[nm](?:x|[0-3])[a-d]?\d?)(?![a-z0-9])"
)
# A stage of TNM that says "metastatic" ("cT2N3M1c", "M1b"), and the letter alone behind a Chinese word (骨M).
_SPREAD = (
    r"(?<![a-z0-9])(?:[cpyra]{0,3}t(?:is|x|[0-4])(?:mi|[a-d])?\s?n(?:x|[0-3])[a-d]?\s?)?"
    r"[cpyra]{0,3}m1[a-d]?\d?(?![a-z0-9])"
)
_LETTER_M = r"(?<=[\u3400-\u9fff])m(?![a-z0-9])"
_MINUS = r"\([-‐−–—]\)"  # 骨转移(-)
_FULL_STOP = r"(?<=[^\W\d_]{3})\.(?=\s)"
# A result's name is not negated ("calcium, no fasting"), and its commas belong to it ("calcium, ionized").
_MARKS = {
    "condition": ",;。\n、/&:()+?", "finding": ",;。\n、/&:()+?", "procedure": ",;。\n、/&:()?", "drug": ",;。\n:?",
    "observation": "+", "purpose": ",;。\n、/&:()+?",
}  # fmt: skip
# What a mark of punctuation does.
MARKS: Mapping[str, str] = {
    ",": COMMA, ";": STOP, "。": STOP, "\n": STOP, ".": STOP, "、": LINK, "/": LINK, "&": LINK,
    ":": BRACKET, "(": BRACKET, ")": FILLER, "+": FILLER,
}  # fmt: skip
# Domains in which a letter and a number name a vertebra.
LOCATED = frozenset({"condition", "site"})
VERTEBRA = "{vertebra}"  # the name, in a code list, of what is written so
TAKEN_BACK = frozenset({"condition", "drug", "procedure", "finding", "purpose"})


class CueWords(File, frozen=True):
    """Words that take something back. ``only``: just these concepts; ``last``: only where nothing is said after it.
    ``asked``: where the clause asks for it (``asking``), they are a doubt. ``compares``: of both things beside them.
    ``concludes``: before a metastasis they are no doubt of it, but what a report concludes."""

    state: State
    before: Words = Words()
    after: Words = Words()
    around: Words = Words()
    between: Words = Words()
    domains: list[str] = field(default_factory=lambda: ["condition", "drug", "procedure", "finding"])
    only: list[str] = []
    last: bool = False
    asked: bool = False
    compares: bool = False
    concludes: bool = False


class Wording(File, frozen=True):
    """``wording.yaml``: what stands around a name."""

    drug_prefixes: list[str]
    drug_suffixes: list[str]
    confused: list[str]
    traditional: dict[str, str]
    vertebrae: Words
    cues: list[CueWords]
    asking: Words
    measures: Words
    harmless: Words
    contrast: Words
    closing: Words
    observed: Words
    compared: Words
    lesions: Words
    signs: Words
    beside_signs: Words
    background: Words
    concluding: Words
    headings: Words
    partly: Words
    measured_in_blood: list[str]


def splitter(domain: str, wording: Wording) -> Splitter:
    """How names and texts of a domain fall into units."""
    return Splitter(marks(domain), _notations(domain, wording), _folded(domain, wording))


def marks(domain: str) -> str:
    """Punctuation that says something in a domain; none where a name may hold any."""
    return _MARKS.get(domain, "")


def compared(name: str) -> str:
    """The characters by which a name is found: without spaces, brackets and hyphens."""
    return "".join(Splitter("", {}, {}).key(name))


def _notations(domain: str, wording: Wording) -> dict[str, str]:
    if domain not in TAKEN_BACK and domain not in LOCATED:
        return {}
    if domain not in LOCATED:
        return {"minus": _MINUS, "stop": _FULL_STOP}
    letters = [word for word in wording.vertebrae.all() if not is_chinese(word)]
    zh, en = "".join(word for word in wording.vertebrae.all() if is_chinese(word)), "|".join(letters)
    number = "(?:1[0-2]|[1-9])"
    vertebra = rf"(?<![a-z0-9])(?:{en}){number}(?![a-z0-9])|[{zh}]{number}(?!\d)"
    found = {"spread": _SPREAD, "stage": _STAGE, "vertebra": vertebra, "minus": _MINUS, "stop": _FULL_STOP}
    return found | ({"spread_letter": _LETTER_M} if domain == "condition" else {})


def _folded(domain: str, wording: Wording) -> dict[str, str]:
    """Characters written for each other; those of drugs' names are confused only there."""
    folded = {old: new for new, olds in wording.traditional.items() for old in olds}
    if domain == "drug":
        folded |= {other: each[0] for each in wording.confused for other in each[1:]}
    return folded
