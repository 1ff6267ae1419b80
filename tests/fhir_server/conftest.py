"""The FHIR server, once for all tests of this folder, with a patient on it whom no test is about."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fhir_server.server import FhirServer, started
from fhir_server.told import Json, told

# Were the neighbour's osteonecrosis of the jaw taken for the patient's, an urgent card would appear.
NEIGHBOUR = "osteonecrosis-of-jaw-active"


@pytest.fixture(scope="session")
def fhir_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FhirServer]:
    with started(tmp_path_factory.mktemp("fhir-server")) as server, server.holding(neighbours()):
        yield server


def neighbours() -> list[Json]:
    """The resources of a story, moved to a patient and to ids that no story has."""
    story = told(NEIGHBOUR)
    moved: list[Json] = json.loads(json.dumps(story.resources).replace(story.patient_id, "synthetic-neighbour"))
    return [r if r["resourceType"] == "Patient" else r | {"id": f"neighbour-{r['id']}"} for r in moved]
