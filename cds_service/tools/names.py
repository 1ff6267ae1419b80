"""``cds-service names``: what each wording of a file means to us, and how many of them are read as the file expects.

A YAML file holds domain → expected → wordings: ``lung-cancer+bone-metastasis?`` expects the first as said and the
second as suspected only, ``-`` none of the concepts that the domain names in the file. A text file holds a wording a
line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.codelists import DOMAINS
from cds_service.knowledge.terminology import Terminology

NOTHING = "-"
ASKED = ("condition", "drug", "procedure", "observation")  # specimens and body sites stand beside these
Wordings = dict[str, dict[str, list[str]]]


@dataclass(frozen=True, slots=True)
class Read:
    """One wording as it is read. ``missed`` and ``false`` are concepts; both empty without an expectation."""

    domain: str
    wording: str
    said: tuple[str, ...]
    taken_back: tuple[tuple[str, str], ...]  # concept, state
    missed: frozenset[str]
    false: frozenset[str]  # said although none was expected, or although it is only suspected

    @property
    def right(self) -> bool:
        return not self.missed and not self.false

    def line(self) -> str:
        """As the command prints it."""
        told = [*self.said, *(f"{concept} ({state})" for concept, state in self.taken_back)]
        faults = [f"missed: {', '.join(sorted(self.missed))}"] if self.missed else []
        faults += [f"false: {', '.join(sorted(self.false))}"] if self.false else []
        return "\t".join([self.domain, self.wording, "; ".join(told) or NOTHING, *faults])


def measure(terminology: Terminology, wordings: Wordings) -> Iterator[Read]:
    """Every wording of a file against what the file expects of it."""
    for domain, groups in wordings.items():
        expected = {group: _expected(group) for group in groups}
        tested = frozenset().union(*(said | suspected for said, suspected in expected.values()))
        for group, (wanted, suspected) in expected.items():
            for wording in groups[group]:
                said, taken_back = _means(terminology, domain, wording)
                false = tested.intersection(said) if group == NOTHING else suspected.intersection(said)
                yield Read(domain, wording, said, taken_back, wanted.difference(said), false)


def summary(read: Iterable[Read]) -> str:
    """How many are read as expected, and how many say what they must not."""
    every = list(read)
    right, false = sum(one.right for one in every), sum(bool(one.false) for one in every)
    share = max(len(every), 1) / 100
    return f"{len(every)} wordings, {right} recognised ({right / share:.1f} %), {false} false ({false / share:.1f} %)"


def names(terminology: Terminology, path: Path) -> Iterator[str]:
    """The lines for a file. Raises ``click.ClickException`` for a file that cannot be read."""
    if path.suffix not in (".yaml", ".yml"):
        yield from _lines(terminology, path)
        return
    try:
        wordings = load_as(path, Wordings)
    except ContentError as error:
        raise click.ClickException(str(error)) from None
    for domain in wordings.keys() - set(DOMAINS):
        raise click.ClickException(f"{path}: unknown domain {domain}. Use one of: {', '.join(DOMAINS)}")
    read = list(measure(terminology, wordings))
    yield from (one.line() for one in read)
    yield summary(read)


def _lines(terminology: Terminology, path: Path) -> Iterator[str]:
    """Without a domain each line is read in all of them."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path}: cannot be read as UTF-8 text ({error.__class__.__name__})") from None
    for wording in filter(None, map(str.strip, lines)):
        for domain in ASKED:
            said, taken_back = _means(terminology, domain, wording)
            if said or taken_back:
                yield Read(domain, wording, said, taken_back, frozenset(), frozenset()).line()


def _expected(group: str) -> tuple[frozenset[str], frozenset[str]]:
    """Concepts that must be said, and those that are only suspected."""
    concepts = [] if group == NOTHING else group.split("+")
    suspected = frozenset(concept[:-1] for concept in concepts if concept.endswith("?"))
    return frozenset(concept for concept in concepts if not concept.endswith("?")), suspected


def _means(terminology: Terminology, domain: str, wording: str) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    matches = terminology.match(domain, [], wording)
    said = tuple(dict.fromkeys(match.concept for match in matches if "broad" not in match.flags))
    return said, tuple(terminology.read(domain, wording).unsaid.items())
