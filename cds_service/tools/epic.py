"""The build sheet: what a hospital's Epic analyst types in, printed from the running edition."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cds_service.deliver.profiles import epic_code
from cds_service.edition import Edition
from cds_service.knowledge.services import Orderable
from cds_service.site.model import Site

Row = tuple[str, ...]


def sheet(edition: Edition, site: Site, base_url: str) -> Iterator[str]:
    """The lines of the sheet (Markdown)."""
    tags = tuple(edition.wordings)
    yield "# Build sheet for Epic"
    for service in edition.knowledge.services.services:
        yield from ("", f"## Service {service.id}", "", service.title, "")
        endpoint = f"{base_url.rstrip('/')}/cds-services/{service.id}"
        yield from _table(
            ("endpoint (exactly so, without a final slash)", "hook"), [(endpoint, h) for h in service.hooks]
        )
        yield from ("", "### Prefetch", "")
        yield from _table(("key", "query"), edition.prefetch(service.id).items())
    yield from ("", "## Topic codes", "", f"System: {edition.knowledge.services.topic_system}", "")
    names = [
        (epic_code(t), t, *(edition.wordings[tag].language.topics[t].display for tag in tags))
        for t in edition.recommendations
    ]
    yield from _table(("code", "topic", *tags), names)
    reasons = edition.knowledge.guideline.override_reasons
    yield from ("", "## Override reasons", "", f"System: {reasons.system}", "")
    yield from _table(
        ("code", *tags, "topics"),
        [
            (
                code,
                *(words[tag] for tag in tags),
                ", ".join(epic_code(t) for t in edition.recommendations if code in _codes(edition, t)),
            )
            for code, words in reasons.display.items()
        ],
    )
    yield from ("", "## Preference list", "", _PREFERENCES, "")
    yield from _table(("orderable", "what a card proposes", "records in the site file"), _orderables(edition, site))


_PREFERENCES = (
    "A record must order what the card proposes: Epic takes dose, route and frequency from the record. "
    "Without a fitting record the suggestion is left out."
)


def _codes(edition: Edition, topic: str) -> list[str]:
    return edition.recommendations[topic].override_reasons


def _orderables(edition: Edition, site: Site) -> Iterator[Row]:
    for name, orderable in edition.knowledge.orderables.items():
        records = [
            f"{r.code} ({r.display}{f', {r.dose} {_unit(orderable)}' if r.dose is not None else ''})"
            for r in site.preference_list.get(name, [])
        ]
        yield name, _proposed(orderable), ", ".join(records) or "none"


def _proposed(orderable: Orderable) -> str:
    """The order in words; the dose of a table drug is the card's."""
    said = [orderable.text["en"]]
    if orderable.dose is not None:
        high = f" to {orderable.dose_high}" if orderable.dose_high is not None else ""
        said.append(f"{orderable.dose}{high} {_unit(orderable)}")
    elif orderable.resource == "MedicationRequest":
        said.append("the dose of the card: one record per dose")
    if orderable.route:
        said.append(orderable.route)
    if orderable.every:
        said.append(f"every {orderable.every.period} {orderable.every.unit}")
    return ", ".join(said)


def _unit(orderable: Orderable) -> str:
    return orderable.unit.replace("[iU]", "IU")


def _table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    yield _line(head)
    yield _line(("---",) * len(head))
    yield from map(_line, rows)


def _line(cells: Row) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
