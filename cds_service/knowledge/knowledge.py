"""The reviewed content of ``cards/``, whole: it knows no patient and no hospital."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from cds_service.base.complaints import Faults
from cds_service.base.kinds import LANGUAGES
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.load import Guideline, load_guideline
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import File
from cds_service.knowledge.opioids import Opioids
from cds_service.knowledge.radiotherapy import RadiotherapyWords
from cds_service.knowledge.scores import ScoreWords
from cds_service.knowledge.services import Orderable, Services
from cds_service.knowledge.texts import ExplanationText, SharedText, TopicText, Translation

T = TypeVar("T")


class SplitWords(File, frozen=True):
    """``epic.yaml``: by language, what the two halves of a replacement say; ``{label}`` is the whole's text."""

    remove: dict[str, str]
    create: dict[str, str]


@dataclass(frozen=True)
class Knowledge:
    """Everything a clinician signs but the code lists. ``unreadable``: topics whose YAML could not be read."""

    guideline: Guideline
    services: Services
    dosing: Dosing
    measurements: Measurements
    scores: ScoreWords
    opioids: Opioids
    radiotherapy: RadiotherapyWords
    orderables: Mapping[str, Orderable]
    split_words: SplitWords
    shared: Mapping[str, SharedText]  # by language
    explaining: Mapping[str, ExplanationText]  # by language
    translations: Sequence[Translation]
    macros: Mapping[str, Mapping[str, str]]  # by language, then file: one file a chapter of facts
    texts: Mapping[str, Mapping[str, TopicText]]  # by topic, then language
    unreadable: frozenset[str] = frozenset()


def load_knowledge(root: Path, faults: Faults) -> Knowledge:
    """All of ``root``; every mistake is noted in ``faults``. A file that many others lean on and that cannot be read
    ends the start at once: what would be said of the others would be noise."""
    guideline = load_guideline(root, faults)
    read = _Reader(faults)
    services = read.file(root / "services.yaml", Services)
    dosing = read.file(root / "dosing.yaml", Dosing)
    measurements = read.file(root / "measurements.yaml", Measurements)
    scores = read.file(root / "scores.yaml", ScoreWords)
    opioids = read.file(root / "opioids.yaml", Opioids)
    radiotherapy = read.file(root / "radiotherapy.yaml", RadiotherapyWords)
    orderables = read.file(root / "orderables.yaml", dict[str, Orderable])
    split_words = read.file(root / "epic.yaml", SplitWords)
    shared = {tag: read.file(root / "texts" / tag / "_shared.yaml", SharedText) for tag in LANGUAGES}
    explaining = {tag: read.file(root / "texts" / tag / "_explanation.yaml", ExplanationText) for tag in LANGUAGES}
    translations = read.file(root / "translations.yaml", list[Translation])
    if guideline is None or read.failed:
        faults.stop()
    # Whatever is missing here was noted, and has stopped the start.
    assert guideline
    assert services
    assert dosing
    assert measurements
    assert scores
    assert opioids
    assert radiotherapy
    assert orderables
    assert split_words
    files = {path.stem for path in (root / "recommendations").glob("*.yaml")}
    return Knowledge(
        guideline=guideline,
        services=services,
        dosing=dosing,
        measurements=measurements,
        scores=scores,
        opioids=opioids,
        radiotherapy=radiotherapy,
        orderables=orderables,
        split_words=split_words,
        shared={tag: words for tag, words in shared.items() if words},
        translations=translations or (),
        explaining={tag: words for tag, words in explaining.items() if words},
        macros={tag: _macros(root / "texts" / tag / "_macros") for tag in LANGUAGES},
        texts={topic: _texts(topic, root, faults) for topic in guideline.recommendations},
        unreadable=frozenset(files - guideline.recommendations.keys()),
    )


class _Reader:
    """Reads files one after another and remembers whether one failed."""

    def __init__(self, faults: Faults) -> None:
        self._faults, self.failed = faults, False

    def file(self, path: Path, kind: type[T]) -> T | None:
        with self._faults.noted():
            return load_as(path, kind)
        self.failed = True
        return None


def _macros(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.j2"))}


def _texts(topic: str, root: Path, faults: Faults) -> dict[str, TopicText]:
    """The texts of a topic by language; one that cannot be read is noted and left out."""
    found: dict[str, TopicText] = {}
    for tag in LANGUAGES:
        with faults.noted():
            found[tag] = load_as(root / "texts" / tag / f"{topic}.yaml", TopicText)
    return found
