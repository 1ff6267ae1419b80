"""What a text says, put together from its mentions and what cues take back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from cds_service.knowledge.codelists import STATUSES, Row
from cds_service.knowledge.phrases import Mention


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text says: rows that are said of the patient, concepts it only takes back, concepts it rules out."""

    rows: tuple[Row, ...]
    unsaid: Mapping[str, str]  # concept -> state
    barred: frozenset[str]


def reading(
    mentions: Sequence[Mention],
    states: Sequence[str | None],
    barred: frozenset[str],
    uncertain: Callable[[Mention], bool],
) -> Reading:
    """``states``: of each mention; ``uncertain``: whether a mention rests on a word that was mended."""
    found: dict[tuple[str, str | None], Row] = {}
    unsaid: dict[str, str] = {}
    order = sorted(range(len(mentions)), key=lambda n: (mentions[n].start - mentions[n].end, mentions[n].start))
    for number in order:
        mention, state = mentions[number], states[number]
        for row in mention.rows:
            if state:
                unsaid.setdefault(row.concept, state)
                continue
            known = replace(row, flags=row.flags | {"low-confidence"}) if uncertain(mention) else row
            other = found.setdefault((row.concept, row.product), known)
            if _better(known, other):
                found[row.concept, row.product] = known
    said = {row.concept for row in found.values()}
    return Reading(tuple(found.values()), {c: s for c, s in unsaid.items() if c not in said}, barred)


def better_of(rows: list[Row], row: Row) -> None:
    """One row per concept and name: the better verified one."""
    for index, other in enumerate(rows):
        if other.concept == row.concept:
            if _better(row, other):
                rows[index] = row
            return
    rows.append(row)


def _better(row: Row, other: Row) -> bool:
    return STATUSES.index(row.status) < STATUSES.index(other.status)
