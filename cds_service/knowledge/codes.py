"""The codes of the lists: which rows a system and a code lead to, whatever address or spelling they come in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

from cds_service.knowledge.codelists import Row, System, Systems

CACHED = 50_000
# Longer ones are none of ours, and are not kept: memory does not grow with what callers invent.
MAX_CODE, MAX_SYSTEM = 64, 300

# The one system whose codes tell by their form that they are of it: a number, a hyphen, a check digit.
LOINC = "http://loinc.org"
_loinc = re.compile(r"[0-9]{3,5}-[0-9]").fullmatch

_pairs = re.compile(r"[+*†/\s]+").split


class Codes:
    """The rows with a code. Immutable once made."""

    def __init__(self, systems: Systems, aliases: Mapping[str, str]) -> None:
        self._systems: dict[str, System] = systems.all()
        self._aliases = dict(_aliases(systems)) | {_address(url): system for url, system in aliases.items()}
        self._exact: dict[tuple[str, str, str], list[Row]] = {}
        self._prefix: dict[tuple[str, str, str], list[Row]] = {}
        self._hits = lru_cache(maxsize=CACHED)(self._look_up)

    def adopted(self, row: Row) -> Row:
        """A site's row under the name its system has here; a system nobody else knows is compared as written."""
        if row.is_name:
            return row
        system = self._canonical(row.system)
        if system not in self._systems:
            self._systems[system] = System(system, owner="the site", licence="the site's own", codes="exact")
            self._aliases[_address(system)] = system
        return replace(row, system=system)

    def index(self, rows: Iterable[Row]) -> None:
        """Take rows in, before anything is asked."""
        for row in rows:
            how = self._systems[row.system].codes
            below = row.match == "prefix" or (row.match == "exclude" and how != "exact")
            index = self._prefix if below else self._exact
            for key in _keys(how, row.code):
                index.setdefault((row.domain, row.system, key), []).append(row)

    def rows(self, domain: str, system: str | None, code: str | None) -> tuple[Row, ...]:
        """Rows of a code, exclusions among them; an exact row beats a prefix."""
        if not system and domain == "observation" and code and _loinc(code):
            system = LOINC
        if not system or not code or len(code) > MAX_CODE or len(system) > MAX_SYSTEM:
            return ()
        return self._hits(domain, self._canonical(system), code)

    def _look_up(self, domain: str, system: str, code: str) -> tuple[Row, ...]:
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
