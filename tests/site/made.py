"""Site files for tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import msgspec

from cds_service.base.complaints import Faults
from cds_service.base.folders import content_root
from cds_service.edition import Edition
from cds_service.site.check import Known
from cds_service.site.model import Client, Site

EXAMPLE = Path(__file__).parents[2] / "deploy" / "site.example.yaml"


def site(**members: Any) -> Site:
    """A site with these members, as the file would give it."""
    made: Site = msgspec.convert(members, Site)
    return made


def client(**members: Any) -> Client:
    return site(clients=[{"name": "ehr", **members}]).clients[0]


def known_of(edition: Edition) -> Known:
    return Known.of(edition.knowledge, content_root(), Faults())


def refusing(edition: Edition) -> Edition:
    """The edition of a site whose clients would rather have an error than a card where data are missing."""
    return dataclasses.replace(edition, site=site(clients=[{"name": "strict", "missing_data": "refuse"}]))
