"""From a prefetch template of ours to a FHIR read or search, its values taken from the hook's context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, urlencode

from cds_service.fetch.failure import Refused

Kind = Literal["read", "search"]

_TOKEN = re.compile(r"\{\{context\.(\w+)\}\}")
_PATH = re.compile(r"[A-Z][A-Za-z]{1,63}(/[A-Za-z0-9._~-]{1,256})?")
# A comma or bar in a value would mean something to the server: another patient, another system. No id has one.
_VALUE = re.compile(r"([A-Z][A-Za-z]{1,63}/)?[A-Za-z0-9._~-]{1,256}")


@dataclass(frozen=True, slots=True)
class Request:
    """``path`` below the base; ``params`` as they are, before encoding."""

    kind: Kind
    path: str
    params: tuple[tuple[str, str], ...] = ()

    @property
    def resource_type(self) -> str:
        return self.path.split("/", maxsplit=1)[0]

    @property
    def query(self) -> str:
        """The parameters in the form of a query string or of a posted form."""
        return urlencode(self.params, safe=",:/", quote_via=quote)


def request_of(template: str, context: Mapping[str, str]) -> Request:
    """The read (``Patient/{{context.patientId}}``) or search (``Condition?patient=...``) a template stands for.

    ``context`` holds what the hook gave, by its FHIR name (``patientId``). Raises ``Refused``: "context" for a value
    that is not there or no id, "template" for a template of another kind.
    """
    path, mark, query = template.partition("?")
    pairs = [part.partition("=") for part in query.split("&")] if mark else []
    return request_to(_fill(path, context), tuple((name, _fill(value, context)) for name, _, value in pairs))


# What narrows a search of ours by what the resources say of themselves, which some systems leave out.
FILTERS = frozenset({"category", "code"})
# On a page, newest first. How many pages of it are read says `obtain`.
MOST_UNFILTERED = 200


def unfiltered(template: str) -> str:
    """The same search without its filters, and bounded; the template itself where it has none."""
    path, mark, query = template.partition("?")
    pairs = [part.partition("=") for part in query.split("&")] if mark else []
    kept = [f"{name}={value}" for name, _, value in pairs if name not in FILTERS and name != "_count"]
    if len(kept) == len([name for name, *_ in pairs if name != "_count"]):
        return template
    return f"{path}?{'&'.join([*kept, f'_count={MOST_UNFILTERED}'])}"


def request_to(path: str, params: tuple[tuple[str, str], ...] = ()) -> Request:
    """A read of ``Type/id`` or a search of ``Type``. Raises ``Refused`` ("template") for anything else."""
    is_read = "/" in path
    if not _PATH.fullmatch(path) or is_read == bool(params) or path.endswith(("/.", "/..")):
        raise Refused("template")
    return Request("read" if is_read else "search", path, params)


def _fill(text: str, context: Mapping[str, str]) -> str:
    def value(match: re.Match[str]) -> str:
        found = context.get(match[1], "")
        if not _VALUE.fullmatch(found) or found.split("/")[-1] in (".", ".."):
            raise Refused("context")
        return found

    filled = _TOKEN.sub(value, text)
    if "{{" in filled:
        raise Refused("template")
    return filled
