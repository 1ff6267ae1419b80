"""One patient, one set of findings: however the data came, in whatever order, pages, version, and how often."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cds_service.answer import answer
from cds_service.caller import Caller
from cds_service.edition import Edition
from cds_service.fetch import obtain
from cds_service.fetch.address import FhirServers
from cds_service.fetch.gather import Access, Source
from cds_service.record.fetched import Fetched
from tests.asked import call_of
from tests.build import (
    BONE_METASTASIS,
    KEYS,
    LOINC,
    LUNG_CANCER,
    NOW,
    PATIENT,
    RXNORM,
    SNOMED,
    Json,
    ago,
    bundle,
    condition,
    denosumab,
    observation,
    patient,
    request,
    zoledronic,
)

ANALYTES = [
    ("2160-0", "mg/dL", 0.6, 3),
    ("17861-6", "mg/dL", 6, 13),
    ("1751-7", "g/dL", 2, 5),
    ("718-7", "g/dL", 8, 15),
]
DRUGS = [
    {"text": "zoledronic acid"}, {"text": "地舒单抗注射液"}, {"coding": [{"system": RXNORM, "code": "993449"}]},
    {"text": "calcium carbonate"}, {"text": "ibuprofen 400 mg tablet"}, {"text": "omeprazole"},
]  # fmt: skip
EXAM = {"coding": [{"system": SNOMED, "code": "34043003"}]}
DIAGNOSES = [
    LUNG_CANCER,
    BONE_METASTASIS,
    condition("E11.9"),
    condition("N17.9"),
    condition("M87.180"),
    condition("M81.0"),
]
SUBJECT = {"reference": f"Patient/{PATIENT}"}
days = st.integers(-3, 400)


def _treated(draw: st.DrawFn, number: int) -> tuple[str, Json]:
    kind = draw(st.sampled_from(["Request", "Statement", "Administration"]))
    made: Json = {
        "resourceType": f"Medication{kind}",
        "id": f"t{number}",
        "subject": SUBJECT,
        "medicationCodeableConcept": draw(st.sampled_from(DRUGS)),
    }
    day = ago(draw(days))
    if kind == "Request":
        made |= {
            "status": draw(st.sampled_from(["active", "completed", "stopped"])),
            "intent": "order",
            "authoredOn": day,
        }
    elif kind == "Statement":
        made |= {"status": "active", "effectivePeriod": {"start": day}}
    else:
        made |= {"status": "completed", "effectiveDateTime": day}
    return f"medication{kind}s", made


@st.composite
def patients(draw: st.DrawFn) -> dict[str, list[Json]]:
    """Resources by prefetch key; some dated after now."""
    found: dict[str, list[Json]] = {key: [] for key in KEYS}
    found["patient"] = [patient()]
    found["conditions"] = draw(st.lists(st.sampled_from(DIAGNOSES), unique_by=lambda c: str(c["id"]), max_size=4))
    for number in range(draw(st.integers(0, 6))):
        code, unit, low, high = draw(st.sampled_from(ANALYTES))
        value = round(draw(st.floats(low, high)), 1)
        found["laboratory"].append(observation(code, value, unit, draw(st.integers(0, 60)), id=f"lab{number}"))
    if draw(st.booleans()):
        found["measurements"].append(observation("29463-7", draw(st.integers(40, 110)), "kg", 3, id="weight"))
    for number in range(draw(st.integers(0, 4))):
        key, made = _treated(draw, number)
        found[key].append(made)
    if draw(st.booleans()):
        done = {
            "resourceType": "Procedure",
            "id": "exam",
            "status": "completed",
            "code": EXAM,
            "performedDateTime": ago(draw(days)),
        }
        found["procedures"].append(done | {"subject": {"reference": f"Patient/{PATIENT}"}})
    return found


drafts = st.sampled_from([
    zoledronic(4), zoledronic(3.3), zoledronic(None), denosumab(120), denosumab(60), zoledronic(4, status="stopped"),
    denosumab(120, status="stopped"),
    {"resourceType": "MedicationRequest", "id": "n", "status": "draft", "intent": "order", "subject": SUBJECT,
     "medicationCodeableConcept": {"text": "ibuprofen 400 mg tablet"}},
])  # fmt: skip


def found_of(edition: Edition, draft: Json, prefetch: Json, source: Source | None = None) -> list[Any]:
    """Every topic, the subject it is about, and its answer."""
    answered = answer(edition, Caller(), call_of(request(draft, prefetch=prefetch)), NOW, source)
    findings = answered.findings
    assert findings is not None
    return [(f.code, f.subject.key, f.scope, f.outcome, f.replaced_by) for f in findings.all]


def whole(resources: dict[str, list[Json]]) -> Json:
    return {key: found[0] if key == "patient" else bundle(*found) for key, found in resources.items()}


def as_r5(resource: Json) -> Json:
    """The shapes that R5 changed."""
    made = copy.deepcopy(resource)
    if inline := made.pop("medicationCodeableConcept", None):
        made["medication"] = {"concept": inline}
    if made["resourceType"] == "MedicationStatement":
        made["status"] = "recorded" if made["status"] == "active" else made["status"]
    if made["resourceType"] == "MedicationAdministration" and "effectiveDateTime" in made:
        made["occurenceDateTime"] = made.pop("effectiveDateTime")
    if made["resourceType"] == "Procedure":
        made["occurrenceDateTime"] = made.pop("performedDateTime")
    return made


@pytest.fixture(scope="module")
def nowhere() -> Source:
    """A source of which nothing is asked: ``fetch`` is stood in for."""
    return Source("http://127.0.0.1:9/fhir", Access(), FhirServers((), True, frozenset()), None, 1e12)  # type: ignore[arg-type]


COMMON = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@COMMON
@given(resources=patients(), draft=drafts, data=st.data())
def test_the_same_findings_however_the_data_came(
    edition: Edition, nowhere: Source, resources: dict[str, list[Json]], draft: Json, data: st.DataObject
) -> None:
    expected = found_of(edition, draft, whole(resources))

    shuffled = {key: data.draw(st.permutations(found)) for key, found in resources.items()}
    assert found_of(edition, draft, whole(shuffled)) == expected, "shuffled"

    twice = {key: found if key == "patient" else [*found, *found] for key, found in resources.items()}
    assert found_of(edition, draft, whole(twice)) == expected, "each resource twice"

    newer = {key: [as_r5(r) for r in found] for key, found in resources.items()}
    assert found_of(edition, draft, whole(newer)) == expected, "R5"

    missing = data.draw(st.sets(st.sampled_from(KEYS), min_size=1))
    pages = {key: list(_pages(data, resources[key])) for key in missing}
    partial = {key: value for key, value in whole(resources).items() if key not in missing}
    with pytest.MonkeyPatch.context() as patched:
        asked = set[str]()

        def fetched(needs: dict[str, str], *_: object) -> dict[str, Fetched]:
            asked.update(needs)
            return {key: Fetched(tuple(pages[key]), complete=True, cause=None) for key in needs}

        patched.setattr(obtain, "fetch", fetched)
        assert found_of(edition, draft, partial, nowhere) == expected, f"fetched: {sorted(missing)}"
    assert asked <= missing, "what came is not asked for again"


def _pages(data: st.DataObject, found: list[Json]) -> list[bytes]:
    """A search's answer, on one page or on several."""
    cut = data.draw(st.integers(0, len(found)))
    parts = [found[:cut], found[cut:]] if 0 < cut < len(found) else [found]
    return [json.dumps(bundle(*part)).encode() for part in parts]


@COMMON
@given(resources=patients(), draft=drafts)
def test_what_is_asked_for_is_what_is_read(edition: Edition, resources: dict[str, list[Json]], draft: Json) -> None:
    """Without a key that no topic in question needs, every answer is the same."""
    call = call_of(request(draft, prefetch=whole(resources)))
    answered = answer(edition, Caller(), call, NOW)
    assert answered.findings is not None
    needed = {key for f in answered.findings.all for key in f.topic.needs}
    less = {key: value for key, value in whole(resources).items() if key in needed}
    assert found_of(edition, draft, less) == found_of(edition, draft, whole(resources))


def test_loinc_codes_of_these_patients_are_known(edition: Edition) -> None:
    """The generator would prove nothing with codes that nobody reads."""
    known = {
        m.concept
        for code, *_ in ANALYTES
        for m in edition.terminology.match("observation", [(LOINC, code, None)], None)
    }
    assert {"creatinine", "calcium-total", "albumin"} <= known
