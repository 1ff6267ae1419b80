"""The route of a dosage: a known one, a known other one, or unknown. A word nobody listed contradicts nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

from cds_service.base.kinds import Route
from cds_service.facts.bounded import CHINESE, norm, told
from cds_service.fhir.structs import CodeableConcept, Coding
from cds_service.knowledge.dosing import Dosing, RouteCodes

# Points, hyphens and the like within an abbreviation: s.c., sub-Q, S/C.
_marks = re.compile(r"(?<=[a-z])[./\-_](?=[a-z](?:[./\-_ )]|$))|(?<=[a-z])\.(?= |$)")
_breaks = re.compile(f"[^a-z0-9{CHINESE}]+")


class RouteReader:
    """Reads routes with the code and name tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing) -> None:
        known: dict[str, RouteCodes] = {**dosing.routes, "other": dosing.other_routes}
        self._systems = {_address(a): key for key, urls in dosing.route_systems.items() for a in urls}
        self._codes = {
            (key, code): cast("Route", name)
            for name, route in known.items()
            for key, codes in route.codes().items()
            for code in codes
        }
        self._chinese = [(n, cast("Route", r)) for r, route in known.items() for n in route.names if not n.isascii()]
        self._latin = [(f" {n} ", cast("Route", r)) for r, route in known.items() for n in route.names if n.isascii()]
        self._latin.sort(key=lambda pair: -len(pair[0]))

    def read(self, route: CodeableConcept | None) -> Route | None:
        """The one route that codes, displays and text name; None when they name none, or two."""
        if route is None:
            return None
        coded = {found for coding in route.codings() if (found := self._coded(coding))}
        if coded:
            return coded.pop() if len(coded) == 1 else None
        named = {found for text in _texts(route) for found in self._named(text)}
        return named.pop() if len(named) == 1 else None

    def _coded(self, coding: Coding) -> Route | None:
        if not coding.code:
            return None
        code = coding.code.strip()
        if coding.system:
            return self._codes.get((self._systems.get(_address(coding.system), ""), code))
        return next((self._codes[k, code] for k in self._systems.values() if (k, code) in self._codes), None)

    def _named(self, text: str) -> Iterator[Route]:
        line = told(text)
        line = f" {_breaks.sub(' ', _marks.sub('', line))} "
        for name, route in self._latin:
            if name in line:
                line = line.replace(name, "  ")
                yield route
        joined = line.replace(" ", "")
        for name, route in self._chinese:
            if name in joined:
                yield route


def _address(system: str) -> str:
    return norm(system).rstrip("/").replace("https://", "http://")


def _texts(route: CodeableConcept) -> Iterator[str]:
    for coding in route.codings():
        yield from (t for t in (coding.code, coding.display) if t)
    if route.codeable.text:
        yield route.codeable.text
