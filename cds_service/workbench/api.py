"""The OpenAPI document as a list that people read, and the services with what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition


class Answered(msgspec.Struct, frozen=True):
    status: str
    description: str


class Endpoint(msgspec.Struct, frozen=True):
    method: str
    path: str
    summary: str
    responses: tuple[Answered, ...]


class Served(msgspec.Struct, frozen=True):
    id: str
    title: str
    description: str
    usage: str
    hooks: tuple[str, ...]
    prefetch: dict[str, str]


def endpoints(document: Mapping[str, Any]) -> Iterator[Endpoint]:
    """Every operation of an OpenAPI document."""
    for path, methods in document["paths"].items():
        for method, said in methods.items():
            responses = tuple(
                Answered(status, _resolved(one, document)["description"]) for status, one in said["responses"].items()
            )
            yield Endpoint(method.upper(), path, said["summary"], responses)


def _resolved(said: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a reference within the document leads to; itself, where it is none."""
    found: Mapping[str, Any] = document
    for name in said.get("$ref", "").removeprefix("#/").split("/") if "$ref" in said else ():
        found = found[name]
    return found if "$ref" in said else said


def served(edition: Edition, tag: LanguageTag) -> Iterator[Served]:
    """Every service of an edition, told in a language; discovery tells it in English."""
    translated = edition.teller(tag).translated
    for it in edition.knowledge.services.services:
        yield Served(
            id=it.id,
            title=translated(it.title),
            description=translated(it.description),
            usage=translated(it.usage_requirements),
            hooks=tuple(it.hooks),
            prefetch=edition.prefetch(it.id),
        )
