"""Which concept of ours a coding or a name means."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.codelists import DOMAINS, NAMES, Row, System, Systems, load_rows, load_systems
from cds_service.knowledge.names import Names, Wording

Coding = tuple[str | None, str | None, str | None]  # system, code, display

CACHED = 50_000
# Nothing longer is kept in the cache: it would not come again, and memory stays bounded.
CACHED_TEXT = 300
MAX_CODE = 64
# A concept with more codings than this is no description of anything.
MAX_CODINGS = 50
# Rows that do not decide: the names are asked beside them.
UNDECIDED = frozenset({"broad", "class"})

_pairs = re.compile(r"[+*†/\s]+").split


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
        aliases: Mapping[str, str],
        extra_rows: Iterable[Row] = (),
    ) -> None:
        self._systems: dict[str, System] = systems.all()
        self._emitted = frozenset(systems.systems)
        self._aliases = dict(_aliases(systems)) | {_address(url): system for url, system in aliases.items()}
        self._rows = (*rows, *map(self._adopted, extra_rows))
        self._exact: dict[tuple[str, str, str], list[Row]] = {}
        self._prefix: dict[tuple[str, str, str], list[Row]] = {}
        for row in self._rows:
            if not row.is_name:
                self._index(row)
        named = [row for row in self._rows if row.is_name]
        self._names = {d: Names((r for r in named if r.domain == d), wording, d) for d in DOMAINS}
        self._cached = lru_cache(maxsize=CACHED)(self._match)
        self._hits = lru_cache(maxsize=CACHED)(self._look_up)

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
        return cls(rows, systems, load_as(folder / "wording.yaml", Wording), system_aliases or {}, extra_rows)

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

    def _row(self, concept: str, system: str, code: str) -> Row | None:
        rows = (r for r in self._rows if r.concept == concept and r.system == system and r.code == code)
        return next((r for r in rows if r.match != "exclude"), None)

    def _fit_to_emit(self, row: Row) -> bool:
        unfit = row.flags & {"legacy", "broad", "by-display"}
        return row.status == "V" and row.match != "exclude" and row.system in self._emitted and not unfit

    def _adopted(self, row: Row) -> Row:
        """A site's row under the name its system has here; a system nobody else knows is compared as written."""
        if row.is_name:
            return row
        system = self._canonical(row.system)
        if system not in self._systems:
            self._systems[system] = System(system, owner="the site", licence="the site's own", codes="exact")
            self._aliases[_address(system)] = system
        return replace(row, system=system)

    def _index(self, row: Row) -> None:
        how = self._systems[row.system].codes
        below = row.match == "prefix" or (row.match == "exclude" and how != "exact")
        index = self._prefix if below else self._exact
        for key in _keys(how, row.code):
            index.setdefault((row.domain, row.system, key), []).append(row)

    def _match(self, domain: str, codings: tuple[Coding, ...], text: str | None) -> tuple[Match, ...]:
        names = self._names[domain]
        found: dict[Row, None] = {}
        barred: set[str] = set()
        for system, code, display in codings:
            if not system or not code or len(code) > MAX_CODE:
                continue
            for row in self._hits(domain, self._canonical(system), code):
                if row.match == "exclude":
                    barred.add(row.concept)
                elif "by-display" not in row.flags or _named(names, row.concept, display or text):
                    found[row] = None
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
        for each in said:
            barred |= names.barred(each)
        for each in said:
            if rows := [row for row in names.find(each) if row.concept not in barred]:
                return rows
        return []

    def _look_up(self, domain: str, system: str, code: str) -> tuple[Row, ...]:
        """Rows of a code, exclusions among them."""
        known = self._systems.get(system)
        if known is None:
            return ()
        rows = [row for key in _keys(known.codes, code) for row in self._of_key(domain, system, key)]
        if not rows and known.falls_back_to:
            return self._look_up(domain, known.falls_back_to, code)
        return tuple(dict.fromkeys(rows))

    def _of_key(self, domain: str, system: str, key: str) -> list[Row]:
        below: dict[str, Row] = {}
        excluded: list[Row] = []
        for length in range(len(key), 0, -1):
            for row in self._prefix.get((domain, system, key[:length]), ()):
                if row.match == "exclude":
                    excluded.append(row)
                else:
                    below.setdefault(row.concept, row)
        exact = self._exact.get((domain, system, key), [])
        if all(row.match == "exclude" for row in exact):
            return [*exact, *below.values(), *excluded]
        return [*exact, *excluded]

    def _canonical(self, system: str) -> str:
        return self._aliases.get(system) or self._aliases.get(_address(system), system)


def _keys(how: str, code: str) -> tuple[str, ...]:
    """How a code is looked up; a dagger pair is two codes."""
    code = code.strip()
    if how == "exact":
        return (code,)
    if how == "atc":
        return (code.upper(),)
    return tuple(part for part in _pairs(code.upper().replace(".", "")) if part)


def _address(system: str) -> str:
    """An address or OID in the one form in which they are compared."""
    text = system.strip().casefold().removeprefix("urn:oid:").rstrip("/")
    return text.replace("https://", "http://", 1) if text.startswith("https://") else text


def _aliases(systems: Systems) -> Iterator[tuple[str, str]]:
    for url, system in systems.systems.items():
        yield url, url
        for alias in (url, *system.aliases):
            yield _address(alias), url


def _named(names: Names, concept: str, text: str | None) -> bool:
    return bool(text) and any(row.concept == concept for row in names.find(text or ""))


def _most_specific(rows: list[Row]) -> list[Row]:
    """Without class rows (any bisphosphonate) where another row says which one."""
    return [row for row in rows if "class" not in row.flags] or rows


@lru_cache(maxsize=CACHED)
def _matched(row: Row) -> Match:
    return Match(row.concept, row.domain, row.system, row.code, row.product, row.flags, row.ingredient, row.strength)
