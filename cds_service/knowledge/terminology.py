"""Which concept of ours a coding or a name means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.codelists import DOMAINS, NAMES, Row, Systems, load_rows, load_systems
from cds_service.knowledge.codes import CACHED, Codes
from cds_service.knowledge.names import Names
from cds_service.knowledge.phrases import Phrases
from cds_service.knowledge.readings import Reading
from cds_service.knowledge.wording import Wording

Coding = tuple[str | None, str | None, str | None]  # system, code, display
Fluid = Literal["blood", "other", "unknown"]
BLOOD, OTHER_FLUID = "blood", "other-fluid"
# Places that are a bone; "bone" alone where nobody says which.
BONE = "bone"
BONES = frozenset({
    BONE, "spine", "femur", "humerus", "tibia-fibula", "radius-ulna", "pelvis", "rib-sternum", "skull",
})  # fmt: skip

# Nothing longer is kept in the cache: it would not come again, and memory stays bounded.
CACHED_TEXT = 300
READINGS = 4096  # of texts, kept: those of a few wards; one takes some kilobytes at most
# A concept with more codings than this is no description of anything.
MAX_CODINGS = 50
# Rows that do not decide: the names are asked beside them.
UNDECIDED = frozenset({"broad", "class"})


@dataclass(frozen=True, slots=True)
class Match:
    """What a coding or name means. ``code`` is the list's own, ``strength`` the mg of one piece where the list has it.

    Flags the caller must heed: ``broad`` (the code covers more than the concept and never decides alone),
    ``non-specific`` (needs company, as a pathological fracture of unstated cause), ``topical``, ``ophthalmic``,
    ``neonatal``, ``antiplatelet``, ``low-confidence`` (an unverified name).
    """

    concept: str
    domain: str
    system: str  # "text:zh" or "text:en" when by name
    code: str
    product: str | None
    flags: frozenset[str]
    ingredient: str | None
    strength: str | None

    @property
    def by_name(self) -> bool:
        return self.system in NAMES


class Terminology:
    """The code lists, ready to be asked. Immutable once made; safe to share between threads."""

    def __init__(
        self,
        rows: Iterable[Row],
        systems: Systems,
        wording: Wording,
        phrases: Mapping[str, Phrases],
        aliases: Mapping[str, str],
        extra_rows: Iterable[Row] = (),
    ) -> None:
        self.wording = wording
        self._emitted = frozenset(systems.systems)
        self._codes = Codes(systems, aliases)
        self._rows = (*rows, *map(self._codes.adopted, extra_rows))
        self._codes.index(row for row in self._rows if not row.is_name)
        named = {d: [row for row in self._rows if row.is_name and row.domain == d] for d in DOMAINS}
        self._names = {d: Names(named[d], wording, phrases.get(d, Phrases()), d) for d in DOMAINS}
        # Analytes: the same word in urine or pleural fluid is another test.
        self.measured_in_blood = frozenset(wording.measured_in_blood)
        self._places = {(concept, part) for p in phrases["condition"].pairs for concept in p.says for part in p.parts}
        self._cached = lru_cache(maxsize=CACHED)(self._match)
        self._readings = lru_cache(maxsize=READINGS)(self._read)

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        snomed_affiliate: bool = True,
        system_aliases: Mapping[str, str] | None = None,
        extra_rows: Iterable[Row] = (),
    ) -> Terminology:
        """The lists of a folder.

        ``snomed_affiliate``: with the SNOMED CT codes that need a licence at the site. ``system_aliases``: a site's own
        addresses or OIDs, each to a key of ``systems.yaml``. ``extra_rows``: a site's own codes and names, of any
        system. Raises ``ContentError``.
        """
        systems = load_systems(folder)
        for url, system in (system_aliases or {}).items():
            if system not in systems.all():
                remedy = f"use one of: {', '.join(systems.all())}"
                raise ContentError(folder / "systems.yaml", None, f"the alias {url} leads to unknown {system}", remedy)
        rows = load_rows(folder, snomed_affiliate=snomed_affiliate)
        wording = load_as(folder / "wording.yaml", Wording)
        phrases = load_as(folder / "phrases.yaml", dict[str, Phrases])
        return cls(rows, systems, wording, phrases, system_aliases or {}, extra_rows)

    def match(self, domain: str, codings: Sequence[Coding], text: str | None) -> tuple[Match, ...]:
        """What the codings mean; when none of them decides, what the text, then each display, names.

        ``domain``: drug, condition, observation or procedure. Several matches where codings or names say several things
        (calcium carbonate with vitamin D3). Within a code the exact row beats a prefix; an ``exclude`` row rules its
        concept out, for the names too. Beside a broad or class code the names are asked as well; a class code or name
        is returned only when nothing says more. Of a condition the text may name more than its codes say.
        """
        key = tuple(codings[:MAX_CODINGS])
        size = len(text or "") + sum(len(part) for coding in key for part in coding if part)
        return (self._cached if size <= CACHED_TEXT else self._match)(domain, key, text)

    def located(
        self, codings: Sequence[Coding], text: str | None, sites: Sequence[tuple[Sequence[Coding], str | None]]
    ) -> tuple[Match, ...]:
        """What a diagnosis means together with the body sites that stand beside its code.

        ``sites``: codings and text of each. A secondary malignancy without a site and the site bone are bone
        metastasis, by code or in words; what ``match`` finds without the sites is found here too.
        """
        found = list(self.match("condition", codings, text))
        known = {match.concept for match in found}
        for place, words in (self._site(*site) for site in sites[:MAX_CODINGS]):
            for row in self._unsited(codings, text, place, words):
                if row.concept not in known:
                    known.add(row.concept)
                    found.append(_matched(row))
        return tuple(found)

    def fluid(self, codings: Sequence[Coding], *texts: str | None) -> Fluid:
        """Whether codes and texts of a specimen, or the names of a result, say blood (serum, plasma) or another fluid.

        ``unknown`` when they say neither, or both (a clearance is measured in urine and serum).
        """
        said = {match.concept for text in texts for match in self.match("specimen", codings, text)}
        said = said or {match.concept for match in self.match("specimen", codings, None)}
        if BLOOD in said:
            return "unknown" if OTHER_FLUID in said else "blood"
        return "other" if OTHER_FLUID in said else "unknown"

    def read(self, domain: str, text: str) -> Reading:
        """What uncoded text says and takes back, for those who want to see it; ``match`` is what counts."""
        return (self._readings if len(text) <= CACHED_TEXT else self._read)(domain, text)

    def codes(self, concept: str, system: str) -> tuple[str, ...]:
        """The verified, current codes of a concept in a system that may be emitted, in the order of the list.

        Without prefixes: a search by code does not look below a code.
        """
        rows = (row for row in self._rows if row.concept == concept and row.system == system and row.match == "exact")
        return tuple(row.code for row in rows if self._fit_to_emit(row))

    def row(self, concept: str, system: str, code: str) -> Match | None:
        """The row of exactly this code, whatever its status; an excluded code has none."""
        found = self._row(concept, system, code)
        return _matched(found) if found else None

    def has_verified(self, concept: str, system: str, code: str) -> bool:
        """Whether this code may be emitted for this concept: verified, current, and of a published system."""
        found = self._row(concept, system, code)
        return found is not None and self._fit_to_emit(found)

    def _read(self, domain: str, text: str) -> Reading:
        return self._names[domain].read(text)

    def _site(self, codings: Sequence[Coding], text: str | None) -> tuple[frozenset[str], str]:
        """The places a body site means, and its words."""
        places = frozenset(match.concept for match in self.match("site", codings, None))
        places |= {BONE} if places & BONES else set()
        words = text or next((display for _, _, display in codings if display), "")
        # A site that is a code alone is read as the word for it.
        return places, words or next((place for place in (BONE, *sorted(places)) if place in places), "")

    def _unsited(
        self, codings: Sequence[Coding], text: str | None, places: frozenset[str], words: str
    ) -> Iterator[Row]:
        coded = [
            row for system, code, _ in codings[:MAX_CODINGS] for row in self._codes.rows("condition", system, code)
        ]
        unsited = [row for row in coded if "unsited" in row.flags]
        told = (text, *(display for _, _, display in codings[:MAX_CODINGS]), *(row.display for row in unsited))
        said = [t[:CACHED_TEXT] for t in dict.fromkeys(told) if t]
        read = [self.read("condition", f"{each} ({words[:CACHED_TEXT]})") for each in said if words]
        taken_back = {concept for each in read for concept in each.unsaid}
        for row in (row for each in read for row in each.rows):
            if row.concept not in taken_back:
                yield row
        yield from (row for row in unsited if any((row.concept, place) in self._places for place in places))

    def _row(self, concept: str, system: str, code: str) -> Row | None:
        rows = (r for r in self._rows if r.concept == concept and r.system == system and r.code == code)
        return next((r for r in rows if r.match != "exclude"), None)

    def _fit_to_emit(self, row: Row) -> bool:
        unfit = row.flags & {"legacy", "broad", "by-display", "unsited"}
        return row.status == "V" and row.match != "exclude" and row.system in self._emitted and not unfit

    def _match(self, domain: str, codings: tuple[Coding, ...], text: str | None) -> tuple[Match, ...]:
        names = self._names[domain]
        found: dict[Row, None] = {}
        barred: set[str] = set()
        for system, code, display in codings:
            for row in self._codes.rows(domain, system, code):
                if row.match == "exclude":
                    barred.add(row.concept)
                elif "unsited" not in row.flags and (
                    "by-display" not in row.flags or _named(names, row.concept, display or text)
                ):
                    found[row] = None
        if domain == "observation" and self._elsewhere(codings, text):
            barred |= self.measured_in_blood
        if domain == "condition" and text and found:
            # "肺癌待排" with the code of lung cancer: the code is what was looked for, the text says what was found.
            barred |= names.read(text).unsaid.keys()
        rows = [row for row in found if row.concept not in barred]
        if all(row.flags & UNDECIDED for row in rows):
            rows = [*self._by_name(names, codings, text, barred), *rows]
        elif domain == "condition":
            # A thin record codes the primary and writes the rest: C34.900 with the text 肺癌骨转移.
            said = {row.concept for row in rows}
            rows += [row for row in self._by_name(names, (), text, barred) if row.concept not in said]
        return tuple(map(_matched, _most_specific(rows)))

    def _by_name(self, names: Names, codings: tuple[Coding, ...], text: str | None, barred: set[str]) -> list[Row]:
        said = [t for t in (text, *(display for _, _, display in codings)) if t]
        read = [names.read(each) for each in said]
        for each in read:
            barred |= each.barred | each.unsaid.keys()
        for each in read:
            if rows := [row for row in each.rows if row.concept not in barred]:
                return rows
        return []

    def _elsewhere(self, codings: tuple[Coding, ...], text: str | None) -> bool:
        """Whether a name of the result says that it was measured in urine, pleural fluid or the like."""
        said = (text, *(display for _, _, display in codings))
        return any(self.fluid((), each) == "other" for each in said if each)


def _named(names: Names, concept: str, text: str | None) -> bool:
    return bool(text) and any(row.concept == concept for row in names.find(text or ""))


def _most_specific(rows: list[Row]) -> list[Row]:
    """Without class rows (any bisphosphonate) where another row says which one."""
    return [row for row in rows if "class" not in row.flags] or rows


@lru_cache(maxsize=CACHED)
def _matched(row: Row) -> Match:
    return Match(row.concept, row.domain, row.system, row.code, row.product, row.flags, row.ingredient, row.strength)
