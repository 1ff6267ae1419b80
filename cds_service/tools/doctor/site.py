"""Everything wrong with a site file, and what in it has no effect."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cds_service.base.complaints import SettingsError
from cds_service.base.yamlfile import line_of, load_as
from cds_service.knowledge.terminology import Coding, Terminology
from cds_service.site.check import Known, complaints
from cds_service.site.complaint import Where
from cds_service.site.load import far_factors
from cds_service.site.model import Client, Site
from cds_service.tools.doctor.remark import Remark, note, wrong
from cds_service.trust.registry import Registry


def examine(path: Path, known: Known, terminology: Terminology, today: date) -> Iterator[Remark]:
    """All that is to be said of a site file. Raises ``ContentError`` when it is not of the form of one.

    ``terminology``: the code lists as they ship, without the site's rows.
    """
    site = load_as(path, Site)
    found = list(complaints(site, known))
    for each in found:
        yield wrong(f"{_place(path, each.where)}: {each.what}. Remedy: {each.remedy}")
    if not found:
        yield from _keys(path, site)
        for where, what in unused(site, known, terminology, today):
            yield note(f"{_place(path, where)}: {what}")


def _keys(path: Path, site: Site) -> Iterator[Remark]:
    """Key files that cannot be used. Addresses of keys are asked when the first token comes, not here."""
    for number, client in enumerate(site.clients):
        try:
            Registry([client], path.parent, development=True)
        except SettingsError as error:
            place = _place(path, ("clients", number, "keys"))
            yield wrong(f"{place}: {error.what}. Remedy: {error.remedy}")


def unused(site: Site, known: Known, terminology: Terminology, today: date) -> Iterator[tuple[Where, str]]:
    """Entries of a correct file without effect, with their place."""
    yield from _ended(site, today)
    for number, client in enumerate(site.clients):
        for key, what in _idle(client):
            yield ("clients", number, key), f"{client.name}: {what}"
    yield from _recognised(site, terminology)
    for topic, numbers in site.parameters.items():
        if topic in site.off:
            yield ("parameters", topic), f"{topic} is off"
        for name, value in numbers.items():
            if value == known.recommendations[topic].parameters[name].value:
                yield ("parameters", topic, name), f"{name} is {value} anyway"
    for window, value in site.windows.items():
        if value == known.measurements.windows[window].value:
            yield ("windows", window), f"{window} is {value} anyway"
    for name in far_factors(known.opioids, site):
        what = f"the factor of {name} is less than half of {known.opioids.table} or more than twice it"
        yield ("opioid_factors", "factors", name), what
    if site.suppression:
        yield ("suppression",), "the server needs CDS_HASH_KEY besides"
    if site.preference_list and not any(client.profile == "epic" for client in site.clients):
        yield ("preference_list",), "no client has the profile epic"


def _ended(site: Site, today: date) -> Iterator[tuple[Where, str]]:
    for number, silence in enumerate(site.silent):
        if silence.until < today:
            yield ("silent", number), f"ended on {silence.until}: {silence.topic} is shown"


def _idle(client: Client) -> Iterator[tuple[str, str]]:
    if client.profile != "oracle":
        for key, given in (("links", client.links), ("popup_topics", client.popup_topics)):
            if given:
                yield key, f"{key} counts for the profile oracle only"
    if client.private and not client.fhir_servers and not client.keys:
        yield "private", "there are no fhir_servers or keys that could be private"
    if client.issuer and not client.keys:
        yield "issuer", "there are no keys, so no token is looked at"


def _recognised(site: Site, terminology: Terminology) -> Iterator[tuple[Where, str]]:
    """Local codes and names that the lists know already, or know as something else."""
    asked: list[tuple[Where, str, str, list[Coding], str | None, str]] = [
        (("codes", number), it.domain, it.concept, [(_canonical(site, it.system), it.code, None)], None, it.code)
        for number, it in enumerate(site.codes)
    ]
    asked += [(("names", number), it.domain, it.concept, [], it.text, it.text) for number, it in enumerate(site.names)]
    for where, domain, concept, codings, text, shown in asked:
        already = {match.concept for match in terminology.match(domain, codings, text)}
        if concept in already:
            yield where, f"{shown} is recognised as {concept} without it"
        elif already:
            yield where, f"{shown} is recognised as {', '.join(sorted(already))} too: is {concept} meant as well?"


def _canonical(site: Site, system: str) -> str:
    return site.code_systems.get(system, system)


def _place(path: Path, where: Where) -> str:
    line = line_of(path, *where)
    return f"{path}:{line}" if line else str(path)
