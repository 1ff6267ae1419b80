"""Knowledge as it runs at this site: the only place that joins knowledge, site, rules and texts.

Loaded once at start and read-only afterwards. Every fault of a start is listed, not the first.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cds_service import __version__, rules
from cds_service.base.complaints import Faults, SettingsError
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES, NOT_EVALUATED, REVIEW_SUMMARY, WITHOUT_RULE, LanguageTag, Need
from cds_service.evaluate.agreement import chapters_read, disagreements, needs_of
from cds_service.evaluate.findings import Findings
from cds_service.evaluate.topic import Topic
from cds_service.evaluate.triggers import Rule
from cds_service.facts.bma_options import TABLE_TOPIC, DoseTable
from cds_service.facts.readers import Readers
from cds_service.knowledge.knowledge import Knowledge, load_knowledge
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Parameters, Recommendation
from cds_service.knowledge.seal import Standing, checked, fingerprint
from cds_service.knowledge.services import Service
from cds_service.knowledge.terminology import Terminology
from cds_service.render.cards import Offer, Wording
from cds_service.render.explain.rules import rule_address
from cds_service.render.explain.teller import Teller
from cds_service.render.response import WORDED_WITH
from cds_service.render.texts import compile_language
from cds_service.site.check import Known
from cds_service.site.load import apply, apply_opioids, apply_windows, far_factors, load_site, rows
from cds_service.site.model import Site
from cds_service.site.settings import Settings

LOINC = "http://loinc.org"
_CODES = re.compile(r"\{codes:([\w,-]+)\}")


@dataclass(frozen=True)
class Edition:
    """What every stage is given its part of."""

    knowledge: Knowledge
    site: Site
    topics: Mapping[str, Topic]  # the active ones
    recommendations: Mapping[str, Recommendation]  # the active ones, NOT_EVALUATED among them, in page order
    rules: Mapping[str, Rule]  # all of them
    wordings: Mapping[str, Wording]  # by language
    terminology: Terminology
    readers: Readers
    version: str  # of this knowledge: recorded with every call
    seal: Standing  # who has signed it

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a start says of the site's numbers besides mistakes."""
        far = far_factors(self.knowledge.opioids, self.site)
        what = f"less than half of {self.knowledge.opioids.table} or more than twice it"
        return tuple(f"opioid_factors of the site file: the factor of {name} is {what}" for name in far)

    def service(self, service_id: str) -> Service | None:
        return self._services.get(service_id)

    @cached_property
    def service_ids(self) -> tuple[str, ...]:
        return tuple(self._services)

    def service_ids_on(self, hook: str | None) -> tuple[str, ...]:
        """The ids of the services on a hook; None: of all."""
        return tuple(id_ for id_, service in self._services.items() if hook is None or hook in service.hooks)

    @cached_property
    def hooks(self) -> tuple[str, ...]:
        """The hooks that services are on, each once."""
        return tuple(dict.fromkeys(hook for service in self._services.values() for hook in service.hooks))

    @cached_property
    def _services(self) -> dict[str, Service]:
        return {service.id: service for service in self.knowledge.services.services}

    def topics_of(self, service: str) -> tuple[Topic, ...]:
        """The active topics of a service, in page order."""
        return self._topics_of[service]

    @cached_property
    def _topics_of(self) -> dict[str, tuple[Topic, ...]]:
        return {
            service.id: tuple(self.topics[code] for code in service.topics if code in self.topics)
            for service in self.knowledge.services.services
        }

    def prefetch(self, service: str) -> dict[Need, str]:
        """The prefetch templates of a service: what its active topics can use, ``{codes:...}`` filled."""
        return self._templates[service]

    def searches(self, service: str) -> dict[Need, str]:
        """All searches for what a service's active topics can use: those of discovery, those that it leaves out, and
        those that one of discovery stands for."""
        return self._searches[service]

    def beside(self, service: str) -> frozenset[Need]:
        """The keys that a service can use and does not ask for in discovery."""
        return frozenset(self._services[service].beside)

    def must(self, service: str, required: Iterable[Need]) -> tuple[Need, ...]:
        """Of what is required, that without which a service does not answer at all."""
        must = self._services[service].must
        return tuple(key for key in required if must is None or key in must)

    def stand_ins(self, service: str) -> dict[Need, Need]:
        """The keys of topics that a service asks for under another key -> that one."""
        found = self._services[service]
        return {key: stand_in for stand_in, keys in found.reads.items() for key in keys}

    def quieted(self, findings: Findings, service: str) -> Findings:
        """What an opened chart is told at once, and what may wait."""
        if self.site.review.full_cards == "all":
            return findings
        full = Parameters(self.recommendations[REVIEW_SUMMARY]).days("full_cards")
        return findings.quieted(full, self._services[service].ahead)

    @cached_property
    def _templates(self) -> dict[str, dict[Need, str]]:
        made = {}
        for service in self.knowledge.services.services:
            hidden = {*service.beside, *self.stand_ins(service.id)}
            made[service.id] = {key: it for key, it in self._searches[service.id].items() if key not in hidden}
        return made

    @cached_property
    def _searches(self) -> dict[str, dict[Need, str]]:
        def fill(match: re.Match[str]) -> str:
            concepts = match.group(1).split(",")
            return ",".join(code for concept in concepts for code in self.terminology.codes(concept, LOINC))

        searches = self.knowledge.services.prefetch | self.site.prefetch
        made = {}
        for service in self.knowledge.services.services:
            keys = {key for topic in self.topics_of(service.id) for key in topic.needs}
            used = keys | {service.stand_in(key) for key in keys}
            made[service.id] = {
                key: _CODES.sub(fill, searches[key]) for key in self.knowledge.services.prefetch if key in used
            }
        return made

    @cached_property
    def offer(self) -> Offer:
        """What suggestions can order."""
        return Offer(self.knowledge.orderables, self.knowledge.dosing, self.readers.doses)

    def teller(self, tag: LanguageTag) -> Teller:
        """Who tells explanations in a language."""
        return self._tellers[tag]

    @cached_property
    def _tellers(self) -> dict[LanguageTag, Teller]:
        return {tag: self._teller(tag) for tag in LANGUAGES}

    def _teller(self, tag: LanguageTag) -> Teller:
        knowledge = self.knowledge
        return Teller(
            tag=tag,
            language=self.wordings[tag].language,
            own=knowledge.explaining[tag],
            macros=knowledge.macros[tag],
            texts={topic: text[tag] for topic, text in knowledge.texts.items()},
            recommendations=self.recommendations,
            topics=self.topics,
            measurements=self.readers.measurements,
            translations={it.en: it.zh_cn for it in knowledge.translations} if tag == "zh-CN" else {},
            version=self.version,
        )

    @classmethod
    def load(cls, settings: Settings, root: Path | None = None) -> Edition:
        """Read and check everything under ``cards/``, and what the site makes of it.

        Raises ``StartFault``: each fault with file, line and remedy.
        """
        root, faults = root or content_root(), Faults()
        ruled = load_rules()
        knowledge = load_knowledge(root, faults)
        for fault in disagreements(knowledge, ruled, WORDED_WITH, root):
            faults.add(fault)
        known = Known.of(knowledge, root, faults)
        site = _site(settings, known, faults)
        with faults.noted():
            terminology = Terminology.load(
                root / "codelists",
                snomed_affiliate=settings.snomed_affiliate,
                system_aliases=site.code_systems,
                extra_rows=rows(site),
            )
        with faults.noted():
            seal = checked(root, settings.seal_file, required=settings.profile == "production")
        faults.stop()
        measurements = apply_windows(knowledge.measurements, site)
        recommendations = apply(_active(knowledge, settings), site)
        return cls(
            knowledge=knowledge,
            site=site,
            topics=_topics(knowledge, recommendations, ruled, measurements),
            recommendations=recommendations,
            rules=ruled,
            wordings={
                tag: _wording(knowledge, tag, settings.public_url, labels=settings.label_rules) for tag in LANGUAGES
            },
            terminology=terminology,
            readers=Readers.of(
                terminology,
                measurements,
                knowledge.guideline.drugs,
                knowledge.dosing,
                knowledge.scores,
                apply_opioids(knowledge.opioids, site, published=settings.label_rules),
                DoseTable.of(recommendations.get(TABLE_TOPIC, knowledge.guideline.recommendations[TABLE_TOPIC])),
                knowledge.radiotherapy,
            ),
            version=_version(root, settings),
            seal=seal,
        )


def load_rules() -> dict[str, Rule]:
    """Every rule by its topic: a module of ``rules/`` is named like it and holds it. Raises ``RuntimeError``."""
    found: dict[str, Rule] = {}
    for info in pkgutil.iter_modules(rules.__path__):
        module = importlib.import_module(f"{rules.__name__}.{info.name}")
        held = [it for it in vars(module).values() if isinstance(it, Rule)]
        if [it.topic.replace("-", "_") for it in held] != [info.name]:
            raise RuntimeError(f"rules/{info.name}.py must hold one rule, of the topic that is its name")
        found[held[0].topic] = held[0]
    return found


def _topics(
    knowledge: Knowledge,
    recommendations: Mapping[str, Recommendation],
    ruled: Mapping[str, Rule],
    measurements: Measurements,
) -> dict[str, Topic]:
    read = {code: chapters_read(knowledge, ruled[code]) for code in recommendations if code in ruled}
    return {
        code: Topic(recommendations[code], ruled[code], needs_of(chapters, measurements), chapters)
        for code, chapters in read.items()
    }


def _site(settings: Settings, known: Known, faults: Faults) -> Site:
    """What the site file and the environment say of this site."""
    site = load_site(settings.site_file, known, faults, settings.clients)
    if site.suppression and settings.hash_key is None:
        what = "not set, and the site file turns suppression on"
        faults.add(
            SettingsError("CDS_HASH_KEY", what, "Set a secret of 32 characters or more, the same on every machine")
        )
    return site


def _version(root: Path, settings: Settings) -> str:
    """Version of the package, and a hash of all that can change an answer: content, code, site file, switches."""
    site = settings.site_file.read_bytes() if settings.site_file else b""
    switches = (settings.label_rules, settings.snomed_affiliate)
    hashed = fingerprint(root, Path(__file__).parent, (site, settings.clients or "", repr(switches)))
    return f"{__version__}+{hashed}"


def _active(knowledge: Knowledge, settings: Settings) -> dict[str, Recommendation]:
    """The recommendations, in page order; without the label rules only the guideline's. A site switches single ones."""
    recommendations = knowledge.guideline.recommendations
    order = dict.fromkeys(topic for service in knowledge.services.services for topic in service.topics)
    return {
        topic: recommendations[topic]
        for topic in order
        if settings.label_rules or topic in WITHOUT_RULE or recommendations[topic].source.kind == "guideline"
    }


def _wording(knowledge: Knowledge, tag: LanguageTag, public_url: str | None, *, labels: bool) -> Wording:
    guideline = knowledge.guideline
    reasons = guideline.override_reasons
    texts = {topic: text[tag] for topic, text in knowledge.texts.items()}
    sources = {topic: it.source for topic, it in guideline.recommendations.items()}
    return Wording(
        language=compile_language(tag, knowledge.shared[tag], knowledge.macros[tag], texts, sources, labels=labels),
        override_reasons={
            topic: [
                {"system": reasons.system, "code": code, "display": reasons.display[code][tag]}
                for code in it.override_reasons
            ]
            for topic, it in guideline.recommendations.items()
        },
        topic_system=knowledge.services.topic_system,
        not_evaluated=guideline.recommendations[NOT_EVALUATED],
        summary=guideline.recommendations[REVIEW_SUMMARY],
        links={topic: [_link(public_url, topic, knowledge, tag)] for topic in texts} if public_url else {},
    )


def _link(public_url: str, topic: str, knowledge: Knowledge, tag: LanguageTag) -> dict[str, str]:
    url = f"{public_url}{rule_address(topic)}?lang={tag}"
    return {"label": knowledge.explaining[tag].words["link"], "url": url, "type": "absolute"}
