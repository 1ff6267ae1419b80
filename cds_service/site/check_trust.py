"""What is wrong with the parts of a site file that say who may call, and what is kept back or recorded of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from cds_service.base.kinds import WITHOUT_RULE
from cds_service.site.address import fault_of
from cds_service.site.complaint import Complaint, Where, unknown
from cds_service.site.model import Client, FeedbackOptions, Keys, Silence


def trust(clients: list[Client]) -> Iterator[Complaint]:
    """Faults of the registry."""
    subjects: dict[str, str] = {}
    for number, client in enumerate(clients):
        where: Where = ("clients", number)
        if client.keys is not None:
            yield from _keys((*where, "keys"), client, client.keys)
        for key, given in (("algorithms", client.algorithms), ("may", client.may)):
            if not given:
                yield Complaint((*where, key), f"{key} of {client.name} is empty", "name at least one, or leave it out")
        for subject in client.certificate_subjects:
            if subject in subjects:
                what = f"the certificate {subject} is that of the client {subjects[subject]} too"
                yield Complaint((*where, "certificate_subjects"), what, "a call must lead to one client")
            subjects[subject] = client.name
    yield from _issuers(clients)
    yield from _strangers(clients)


def _keys(where: Where, client: Client, keys: Keys) -> Iterator[Complaint]:
    if sum(map(bool, (keys.jku, keys.jwks_url, keys.jwks_file))) != 1:
        yield Complaint(where, "not one place of keys", "write exactly one of jku, jwks_url, jwks_file")
    if client.issuer is None:
        yield Complaint(where[:-1], f"{client.name} has keys and no issuer", "add issuer: the iss of its tokens")
    for url in (*keys.jku, *([keys.jwks_url] if keys.jwks_url else [])):
        if fault := fault_of(url):
            yield Complaint(where, f"{url}: {fault}", "write https://host/path")


def _issuers(clients: list[Client]) -> Iterator[Complaint]:
    """One issuer may speak for several clients, each with tenants of its own."""
    for number, client in enumerate(clients):
        for other in clients[:number]:
            same = client.issuer is not None and client.issuer == other.issuer
            if same and (not client.tenants or not other.tenants or set(client.tenants) & set(other.tenants)):
                what = f"the issuer {client.issuer} is that of the client {other.name} too"
                yield Complaint(("clients", number), what, "a call must lead to one client: tell them apart by tenants")


def _strangers(clients: list[Client]) -> Iterator[Complaint]:
    if not any(c.keys or c.certificate_subjects for c in clients):
        return
    for number, client in enumerate(clients):
        if not (client.keys or client.certificate_subjects):
            what = f"{client.name} has neither keys nor certificate_subjects, and other clients have"
            yield Complaint(("clients", number), what, "give it some, or remove it: it could never call")


def silences(silent: Iterable[Silence], clients: list[Client], topics: Collection[str]) -> Iterator[Complaint]:
    """Faults of silent mode."""
    names = {client.name for client in clients}
    for number, silence in enumerate(silent):
        where: Where = ("silent", number)
        if silence.topic not in topics:
            yield unknown((*where, "topic"), "topic", silence.topic, topics)
        elif silence.topic in WITHOUT_RULE:
            what = f"{silence.topic} cannot be silent"
            yield Complaint((*where, "topic"), what, "remove it: without that card, not checked would look like safe")
        if silence.clients == []:
            yield Complaint((*where, "clients"), "clients is empty", "name some, or leave it out: it means all then")
        for name in silence.clients or ():
            if name not in names:
                yield unknown((*where, "clients"), "client", name, names)


def reasons(feedback: FeedbackOptions, known: Collection[str]) -> Iterator[Complaint]:
    """Faults of the mapping of override reasons."""
    seen: set[tuple[str | None, str]] = set()
    for number, local in enumerate(feedback.reasons):
        where: Where = ("feedback", "reasons", number)
        if local.reason not in known:
            yield unknown((*where, "reason"), "override reason", local.reason, known)
        if (local.system, local.code) in seen:
            yield Complaint(where, f"{local.code} stands twice", "keep one of them")
        seen.add((local.system, local.code))
