"""``cds-service new-topic``: the papers of a topic, with everything the loader will ask for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from cds_service.base.kinds import LANGUAGES, WITHOUT_RULE, DrugGroup
from cds_service.edition import Edition
from cds_service.rules import __file__ as rules_package

_CODE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 60


class NotWritten(Exception):
    """Nothing was written; the text says why and what to do."""


@dataclass(frozen=True)
class Papers:
    """``written``: the files made or changed; ``next_steps``: what is left for a person, a line each."""

    written: tuple[Path, ...]
    next_steps: tuple[str, ...]


@dataclass(frozen=True)
class _On:
    """What the topic is asked about: the rule's trigger and subject, and a case's ``given``."""

    trigger: str
    imported: str
    subject: str
    given: str


def write_papers(edition: Edition, code: str, service: str, trigger: str, root: Path) -> Papers:
    """Write YAML, rule, texts and cases of topic ``code`` below ``root`` and list it in its service.

    The papers load, and say "TODO" wherever a person must write. Raises ``NotWritten``; then nothing was written.
    """
    on = _on(edition, trigger)
    _refuse(edition, code, service)
    module = code.replace("-", "_")
    files = dict(_files(code, module, on, root))
    if there := [path for path in files if path.exists()]:
        raise NotWritten(f"{there[0]} is there already: nothing was written. Choose another code, or remove it.")
    services = root / "services.yaml"
    listed = _listed(services.read_text(encoding="utf-8"), service, code)
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    services.write_text(listed, encoding="utf-8")
    return Papers((*files, services), tuple(_NEXT))


def _refuse(edition: Edition, code: str, service: str) -> None:
    if not _CODE.fullmatch(code) or len(code) > _LONGEST:
        raise NotWritten(
            f"{code!r} is no topic code: write lower-case words with hyphens, like dental-exam-before-bma."
        )
    if code in edition.knowledge.guideline.recommendations:
        raise NotWritten(f"there is a topic {code} already. Its code is a public contract: choose another.")
    if edition.service(service) is None:
        raise NotWritten(f"there is no service {service!r}. The services are: {', '.join(edition.service_ids)}.")


def _on(edition: Edition, trigger: str) -> _On:
    if trigger == "chart":
        return _On("chart_opened()", "chart_opened", "Chart", "order: null")
    if trigger.startswith("procedure:"):
        concept = trigger.partition(":")[2]
        return _On(f'procedure("{concept}")', "procedure", "RequestedProcedure", f"order: {{service: {concept}}}")
    drugs = edition.knowledge.guideline.drugs.drugs
    drug = next((name for name, facts in drugs.items() if facts.group == trigger), None)
    if drug is None:
        groups = ", ".join(get_args(DrugGroup))
        raise NotWritten(
            f"{trigger!r} is nothing to be asked about: write a drug group ({groups}), procedure:..., or chart."
        )
    return _On(f'ordered("{trigger}")', "ordered", "DrugOrder", f"order: {{drug: {drug}}}")


def _files(code: str, module: str, on: _On, root: Path) -> Iterator[tuple[Path, str]]:
    yield root / "recommendations" / f"{code}.yaml", _YAML.format(code=code)
    yield Path(rules_package).parent / f"{module}.py", _RULE.format(code=code, module=module, on=on)
    for tag in LANGUAGES:
        yield root / "texts" / tag / f"{code}.yaml", _TEXTS.format(code=code)
    yield root / "cases" / f"{code}.yaml", _CASES.format(code=code, on=on)


def _listed(text: str, service: str, code: str) -> str:
    """``services.yaml`` with the topic as the last of its service, before the cards without a rule."""
    head, mark, rest = text.partition(f"  - id: {service}\n")
    before, topics, after = rest.partition("    topics:\n")
    if not (mark and topics):
        raise NotWritten(f"services.yaml has no list of topics for {service}: nothing was written.")
    lines = after.splitlines(keepends=True)
    count = next((n for n, line in enumerate(lines) if not line.startswith("      - ")), len(lines))
    own = lines[:count]
    last = {f"      - {topic}\n" for topic in WITHOUT_RULE}
    place = next((n for n, line in enumerate(own) if line in last), len(own))
    own.insert(place, f"      - {code}\n")
    return head + mark + before + topics + "".join([*own, *lines[count:]])


_YAML = """topic: {code}

source:
  kind: local  # TODO guideline (then quote, url, sections, and grade where it gives one), label, or local
  sections: []
  label:
    en: "TODO where this comes from"
    zh-CN: "TODO"

needs:
  required: [conditions]  # TODO without which of them the topic must not be answered; the rest is derived

drug_safety: false  # TODO true: fires without a diagnosis at an oncology dose

indicators:
  default: info

override_reasons:
  - patient-refuses
  - recipient-does-not-trust

reading: >-
  TODO how the sentence was understood.

not_encoded: >-
  TODO what of it is not computed, and why.
"""

_RULE = '''"""TODO: section and statement."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import {on.imported}, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import {on.subject}
from cds_service.knowledge.model import Parameters


@rule("{code}", {on.trigger})
def {module}(subject: {on.subject}, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("lung-cancer"):
        return NoAdvice("other-disease")
    return Advise(p.indicator(), "found")
'''

_TEXTS = """topic: TODO {code}

cards:
  found:
    summary: >-
      TODO what, with the drug and the value, under 140 characters
    do: >-
      TODO what to do.
    why: >-
      TODO the numbers that matter, with their dates.

quiet:
  other-disease: TODO Lung cancer is not among the diagnoses.
  out-of-scope: TODO The patient or the order is outside the guideline's scope.
"""

_CASES = """topic: {code}

cases:
  - name: lung cancer
    translated: {{zh-CN: TODO}}
    given: {{{on.given}}}
    expect: advise info found
  - name: another disease
    translated: {{zh-CN: TODO}}
    given: {{{on.given}, diagnoses: []}}
    expect: no advice other-disease
"""

_NEXT = (
    "Now: write what says TODO; `make quick` says what is missing.",
    "Then `make review` writes the page a clinician reads; fhir_fixtures/ wants one situation that fires the topic.",
)
