"""What is wrong with a site file, judged against the content it is for: nothing is silently ignored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from cds_service.base.complaints import Faults
from cds_service.base.kinds import WITHOUT_RULE
from cds_service.knowledge.codelists import Systems, load_rows, load_systems
from cds_service.knowledge.knowledge import Knowledge
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Parameter, Recommendation
from cds_service.knowledge.opioids import MORPHINE, Opioids, quotient
from cds_service.knowledge.services import Orderable
from cds_service.knowledge.wording import compared
from cds_service.knowledge.words import is_chinese
from cds_service.site.address import fault_of
from cds_service.site.check_trust import reasons, silences, trust
from cds_service.site.complaint import Complaint, Where, unknown
from cds_service.site.model import Client, LocalCode, LocalName, OpioidFactors, Site

# Units of which only whole numbers make sense.
COUNTED = frozenset({"d", "mo", "a", "1"})
# A shorter name would be found in everything.
SHORTEST_NAME = 2


@dataclass(frozen=True)
class Concept:
    """A code list: its domain and its product words."""

    domain: str
    products: frozenset[str]


@dataclass(frozen=True)
class Known:
    """The content a site file is for, as it ships."""

    recommendations: Mapping[str, Recommendation]
    measurements: Measurements
    orderables: Mapping[str, Orderable]
    systems: Systems
    concepts: Mapping[str, Concept]
    prefetch: Mapping[str, str]
    override_reasons: frozenset[str]
    opioids: Opioids

    @classmethod
    def of(cls, knowledge: Knowledge, root: Path, faults: Faults) -> Known:
        """Of the content as loaded, and the code lists and options below ``root``. Mistakes are noted in ``faults``."""
        products: dict[str, set[str]] = {}
        domains: dict[str, str] = {}
        systems = Systems({}, {})
        with faults.noted():
            for row in load_rows(root / "codelists"):
                domains[row.concept] = row.domain
                products.setdefault(row.concept, set()).update({row.product} if row.product else ())
            systems = load_systems(root / "codelists")
        return cls(
            recommendations=knowledge.guideline.recommendations,
            measurements=knowledge.measurements,
            prefetch=knowledge.services.prefetch,
            orderables=knowledge.orderables,
            systems=systems,
            concepts={name: Concept(domain, frozenset(products[name])) for name, domain in domains.items()},
            override_reasons=frozenset(knowledge.guideline.override_reasons.display),
            opioids=knowledge.opioids,
        )


def complaints(site: Site, known: Known) -> Iterator[Complaint]:
    """Everything wrong with the file."""
    yield from _clients(site.clients, known)
    for url, system in site.code_systems.items():
        if system not in known.systems.all():
            yield unknown(("code_systems", url), "code system", system, known.systems.all())
    yield from _codes(site, known)
    yield from _numbers(site, known)
    yield from _topics(site.topics, known)
    yield from trust(site.clients)
    yield from silences(site.silent, site.clients, known.recommendations)
    yield from reasons(site.feedback, known.override_reasons)
    yield from _prefetch(site.prefetch, known.prefetch)
    yield from _opioids(site.opioid_factors, known.opioids)
    for orderable in site.preference_list:
        if orderable not in known.orderables:
            yield unknown(("preference_list", orderable), "orderable", orderable, known.orderables)


def _opioids(own: OpioidFactors | None, shipped: Opioids) -> Iterator[Complaint]:
    """A site's table has other factors, and no other opioids: which of them nothing converts is clinical content."""
    for name, text in own.factors.items() if own else ():
        where: Where = ("opioid_factors", "factors", name)
        if name in shipped.not_convertible:
            what = f"no table converts {name} ({shipped.not_convertible[name]})"
            yield Complaint(where, what, "leave it out: cards say that it is not converted")
        elif name not in shipped.factors:
            yield unknown(where, "opioid", name, shipped.factors)
        elif not _above_zero(text):
            yield Complaint(where, f"{text!r} is no number or quotient above zero", 'write one like "1.5" or "2/3"')
        elif name == MORPHINE and quotient(text) != 1:
            yield Complaint(where, f"the factor of {name} is 1 by definition", "leave it out")


def _above_zero(text: str) -> bool:
    try:
        return quotient(text) > 0
    except ValueError:
        return False


def _prefetch(own: Mapping[str, str], shipped: Mapping[str, str]) -> Iterator[Complaint]:
    """A site's search reads the same type of resource, of the same patient, by values that discovery can show."""
    for key, template in own.items():
        where: Where = ("prefetch", key)
        if key not in shipped:
            yield unknown(where, "prefetch key", key, shipped)
        elif (
            re.split(r"[/?]", template)[0] != re.split(r"[/?]", shipped[key])[0]
            or "{{context.patientId}}" not in template
        ):
            what = f"the search of {key} is not one of this patient's {re.split(r'[/?]', shipped[key])[0]} resources"
            yield Complaint(where, what, f"write it like {shipped[key]}")


def _clients(clients: list[Client], known: Known) -> Iterator[Complaint]:
    seen: dict[tuple[str, str], str] = {}
    for number, client in enumerate(clients):
        where: Where = ("clients", number)
        claimed = [("name", client.name)]
        claimed += [("FHIR server", base.rstrip("/")) for base in client.fhir_servers]
        if client.issuer is None and not client.fhir_servers:
            claimed.append(("place of all other callers", "(no issuer, no fhir_servers)"))
        for kind, value in claimed:
            if (kind, value) in seen:
                what = f"the {kind} {value} is that of the client {seen[kind, value]} too"
                yield Complaint(where, what, "a call must lead to one client: keep it in one of them")
            seen[kind, value] = client.name
        for key, urls in (("fhir_servers", client.fhir_servers), ("links", client.links)):
            for at, url in enumerate(urls):
                if fault := fault_of(url):
                    yield Complaint((*where, key, at), f"{url}: {fault}", "write https://host/path")
        for at, topic in enumerate(client.popup_topics):
            if topic not in known.recommendations:
                yield unknown((*where, "popup_topics", at), "topic", topic, known.recommendations)


def _codes(site: Site, known: Known) -> Iterator[Complaint]:
    seen: set[tuple[str, str, str]] = set()
    mapped: list[tuple[Where, LocalCode | LocalName, str, str]] = [
        (("codes", number), it, it.system, it.code) for number, it in enumerate(site.codes)
    ]
    mapped += [(("names", number), it, it.lang, it.text) for number, it in enumerate(site.names)]
    for where, it, system, code in mapped:
        yield from _meaning(where, it, known)
        if not code.strip() or code != code.strip() or not system.strip():
            yield Complaint(where, "a code or name that is empty or has spaces around it", "write it alone")
        key = (system, code.casefold(), it.concept)
        if key in seen:
            yield Complaint(where, f"{code} stands twice for {it.concept}", "keep one of them")
        seen.add(key)
        if isinstance(it, LocalName):
            yield from _name(where, it)


def _meaning(where: Where, it: LocalCode | LocalName, known: Known) -> Iterator[Complaint]:
    concept = known.concepts.get(it.concept)
    if concept is None:
        yield unknown((*where, "concept"), "concept", it.concept, known.concepts)
        return
    if it.domain != concept.domain:
        what = f"{it.concept} is of the domain {concept.domain}"
        yield Complaint((*where, "domain"), what, f"write domain: {concept.domain}")
    if it.product is not None and it.product not in concept.products:
        yield unknown((*where, "product"), f"product of {it.concept}", it.product, concept.products)


def _name(where: Where, it: LocalName) -> Iterator[Complaint]:
    if len(compared(it.text)) < SHORTEST_NAME:
        yield Complaint(
            where, f"the name {it.text!r} is too short", "it would be found in everything; write more of it"
        )
    if (it.lang == "zh") != is_chinese(it.text):
        yield Complaint((*where, "lang"), f"{it.text!r} is not of the language {it.lang}", "write zh or en")


def _numbers(site: Site, known: Known) -> Iterator[Complaint]:
    for topic, numbers in site.parameters.items():
        if topic not in known.recommendations:
            yield unknown(("parameters", topic), "topic", topic, known.recommendations)
            continue
        shipped = known.recommendations[topic].parameters
        for name, value in numbers.items():
            if name not in shipped:
                yield unknown(("parameters", topic, name), f"parameter of {topic}", name, shipped)
            else:
                yield from _number(("parameters", topic, name), name, value, shipped[name])
    for window, value in site.windows.items():
        if window not in known.measurements.windows:
            yield unknown(("windows", window), "window", window, known.measurements.windows)
            continue
        yield from _number(("windows", window), window, value, known.measurements.windows[window])


def _number(where: Where, name: str, value: Decimal, shipped: Parameter) -> Iterator[Complaint]:
    if shipped.min is None or shipped.max is None:
        what = f"{name} is a number of the {shipped.origin}, not the site's"
        yield Complaint(where, what, "leave it out; only numbers with min and max can be set")
    elif not shipped.min <= value <= shipped.max:
        what = f"{name} is {value}, outside {shipped.min} to {shipped.max} {shipped.unit}"
        yield Complaint(where, what, "choose a value within the bounds")
    elif shipped.unit in COUNTED and value != int(value):
        yield Complaint(where, f"{name} is {value}, not a whole number ({shipped.unit})", "write a whole number")


def _topics(topics: Iterable[str], known: Known) -> Iterator[Complaint]:
    for topic in topics:
        if topic not in known.recommendations:
            yield unknown(("topics", topic), "topic", topic, known.recommendations)
        elif topic in WITHOUT_RULE:
            what = f"{topic} cannot be switched"
            yield Complaint(("topics", topic), what, "remove it: without that card, not checked would look like safe")
