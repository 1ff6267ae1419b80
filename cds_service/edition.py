"""All reviewed content and what was compiled from it, loaded once at start and read-only afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from cds_service import __version__
from cds_service.base.folders import content_root
from cds_service.base.yamlfile import ContentError, line_of, load_as
from cds_service.deliver.profiles import Offered
from cds_service.evaluate.triggers import Rule, load_rules
from cds_service.facts.readers import Reader
from cds_service.knowledge.agreement import check_rule, check_shared, check_texts
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.load import Guideline, load_guideline
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.seal import Standing, checked, fingerprint
from cds_service.knowledge.services import Orderable, Service, Services
from cds_service.knowledge.terminology import Terminology
from cds_service.knowledge.texts import SharedText, TopicText
from cds_service.render.texts import LANGUAGES, Language, compile_language
from cds_service.site.check import Known
from cds_service.site.complaint import NOT_EVALUATED
from cds_service.site.load import apply, apply_windows, load_site, rows
from cds_service.site.model import Site
from cds_service.site.settings import Settings, SettingsError

LOINC = "http://loinc.org"
_CODES = re.compile(r"\{codes:([\w,-]+)\}")


@dataclass(frozen=True)
class Content:
    """The guideline, the rules tied to it, the languages, and the reader of facts."""

    guideline: Guideline
    services: Services
    recommendations: Mapping[str, Recommendation]  # the active ones, in page order
    override_reasons: Mapping[str, Mapping[str, list[dict[str, str]]]]  # by language, then topic: Codings
    rules: Mapping[str, Rule]
    orderables: Mapping[str, Orderable]
    dosing: Dosing
    languages: Mapping[str, Language]
    terminology: Terminology
    reader: Reader
    site: Site
    offered: Offered  # what can be ordered, and under which codes of the site
    version: str  # of this knowledge: recorded with every call
    seal: Standing  # who has signed it

    @property
    def topic_system(self) -> str:
        return self.services.topic_system

    def service(self, service_id: str) -> Service | None:
        return next((s for s in self.services.services if s.id == service_id), None)

    def recommendations_of(self, service: str) -> Iterator[tuple[Recommendation, Rule]]:
        """The active recommendations of a service with their rules, in page order."""
        for topic, recommendation in self.recommendations.items():
            if recommendation.service == service and topic in self.rules:
                yield recommendation, self.rules[topic]

    def needs_of(self, service: str) -> tuple[str, ...]:
        """The prefetch keys the active recommendations of a service can use."""
        used = {
            need
            for recommendation, _ in self.recommendations_of(service)
            for need in (*recommendation.needs.required, *recommendation.needs.optional)
        }
        return tuple(key for key in self.services.prefetch if key in used)

    @cached_property
    def _templates(self) -> dict[str, dict[str, str]]:
        def fill(match: re.Match[str]) -> str:
            concepts = match.group(1).split(",")
            return ",".join(code for concept in concepts for code in self.terminology.codes(concept, LOINC))

        searches = self.services.prefetch | self.site.prefetch
        return {
            service.id: {key: _CODES.sub(fill, searches[key]) for key in self.needs_of(service.id)}
            for service in self.services.services
        }

    def prefetch(self, service: str) -> dict[str, str]:
        """The prefetch templates of a service; ``{codes:...}`` is filled from the code lists."""
        return self._templates[service]

    @classmethod
    def load(cls, settings: Settings, root: Path | None = None) -> Content:
        """Read and check everything under ``cards/``. Raises ``ContentError`` naming file, line and remedy."""
        root = root or content_root()
        guideline = load_guideline(root)
        services = load_as(root / "services.yaml", Services)
        dosing = load_as(root / "dosing.yaml", Dosing)
        measurements = load_as(root / "measurements.yaml", Measurements)
        site = _site(settings, Known.read(root, guideline.recommendations, measurements))
        terminology = Terminology.load(
            root / "codelists",
            snomed_affiliate=settings.snomed_affiliate,
            system_aliases=site.code_systems,
            extra_rows=rows(site),
        )
        orderables = load_as(root / "orderables.yaml", dict[str, Orderable])
        rules = load_rules()
        _tied(guideline, services, rules, root)
        shared, texts = _texts(guideline, root)
        _agreed(guideline, rules, shared, texts, root)
        return cls(
            guideline=guideline,
            services=services,
            override_reasons={tag: dict(_override_reasons(guideline, tag)) for tag in LANGUAGES},
            recommendations=apply(_active(guideline, services, settings), site),
            rules=rules,
            orderables=orderables,
            dosing=dosing,
            languages=_languages(guideline, shared, texts),
            terminology=terminology,
            reader=Reader.of(terminology, apply_windows(measurements, site), guideline.drugs, dosing),
            site=site,
            offered=Offered.read(root, orderables, site),
            version=_version(root, settings),
            seal=checked(root, settings.seal_file, required=settings.profile == "production"),
        )


def _site(settings: Settings, known: Known) -> Site:
    """What the site file and the environment say of this site."""
    site = load_site(settings.site_file, known, settings.clients)
    if site.suppression and settings.hash_key is None:
        what = "not set, and the site file turns suppression on"
        raise SettingsError("CDS_HASH_KEY", what, "Set a secret of 32 characters or more, the same on every machine")
    return site


def _version(root: Path, settings: Settings) -> str:
    """Version of the package, and a hash of all that can change an answer: content, code, site file, topics off."""
    site = settings.site_file.read_bytes() if settings.site_file else b""
    switches = (settings.label_rules, settings.snomed_affiliate, *sorted(settings.topics_off))
    hashed = fingerprint(root, Path(__file__).parent, (site, settings.clients or "", repr(switches)))
    return f"{__version__}+{hashed}"


def _active(guideline: Guideline, services: Services, settings: Settings) -> dict[str, Recommendation]:
    """The recommendations switched on, in page order."""
    order = [topic for service in services.services for topic in service.topics]
    for topic in sorted(settings.topics_off - set(order)):
        raise SettingsError("CDS_TOPICS_OFF", f"there is no topic {topic!r}", f"The topics are {', '.join(order)}")
    if NOT_EVALUATED in settings.topics_off:
        raise SettingsError(
            "CDS_TOPICS_OFF", f"{NOT_EVALUATED} cannot be silenced", "Without it, unknown looks like safe"
        )
    return {
        topic: guideline.recommendations[topic]
        for topic in order
        if topic not in settings.topics_off
        and (
            settings.label_rules
            or topic == NOT_EVALUATED
            or guideline.recommendations[topic].source.kind == "guideline"
        )
    }


def _tied(guideline: Guideline, services: Services, rules: Mapping[str, Rule], root: Path) -> None:
    """One name everywhere: every topic of a service has its YAML and its rule, and nothing is left over."""
    file = root / "services.yaml"
    for topic, recommendation in guideline.recommendations.items():
        for need in {*recommendation.needs.required, *recommendation.needs.optional} - set(services.prefetch):
            yaml = root / "recommendations" / f"{topic}.yaml"
            remedy = f"use the keys of services.yaml: {', '.join(services.prefetch)}"
            raise ContentError(yaml, line_of(yaml, "needs"), f"there is no prefetch key {need!r}", remedy)
    listed = {topic for service in services.services for topic in service.topics}
    for topic in listed ^ set(guideline.recommendations):
        raise ContentError(
            file,
            None,
            f"topic {topic} is not both listed and in recommendations/",
            "list it, or add or remove its YAML",
        )
    for topic in (listed - {NOT_EVALUATED}) ^ set(rules):
        module = f"rules/{topic.replace('-', '_')}.py"
        raise ContentError(file, None, f"topic {topic} has no rule, or a rule has no topic", f"see {module}")


def _override_reasons(guideline: Guideline, tag: str) -> Iterator[tuple[str, list[dict[str, str]]]]:
    reasons = guideline.override_reasons
    for topic, recommendation in guideline.recommendations.items():
        codes = recommendation.override_reasons
        yield topic, [{"system": reasons.system, "code": c, "display": reasons.display[c][tag]} for c in codes]


def _texts(guideline: Guideline, root: Path) -> tuple[dict[str, SharedText], dict[str, dict[str, TopicText]]]:
    """The shared words by language, and the texts by topic, then language."""
    shared = {tag: load_as(root / "texts" / tag / "_shared.yaml", SharedText) for tag in LANGUAGES}
    texts = {
        topic: {tag: load_as(root / "texts" / tag / f"{topic}.yaml", TopicText) for tag in LANGUAGES}
        for topic in guideline.recommendations
    }
    return shared, texts


def _agreed(
    guideline: Guideline,
    rules: Mapping[str, Rule],
    shared: Mapping[str, SharedText],
    texts: Mapping[str, Mapping[str, TopicText]],
    root: Path,
) -> None:
    check_shared(shared, root)
    for topic, recommendation in guideline.recommendations.items():
        if topic in rules:
            check_rule(topic, rules[topic], recommendation, texts[topic], root)
        check_texts(topic, recommendation, texts[topic], root)


def _languages(
    guideline: Guideline, shared: Mapping[str, SharedText], texts: Mapping[str, Mapping[str, TopicText]]
) -> dict[str, Language]:
    kinds = {topic: r.source.kind for topic, r in guideline.recommendations.items()}
    return {
        tag: compile_language(tag, shared[tag], {topic: text[tag] for topic, text in texts.items()}, kinds)
        for tag in LANGUAGES
    }
