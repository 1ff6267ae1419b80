"""Who tells an explanation in one language: its sentences and names, and what they speak of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial

from cds_service.base.kinds import LanguageTag
from cds_service.evaluate.topic import Topic
from cds_service.knowledge.measurements import Measurements
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.texts import ExplanationText, TopicText
from cds_service.render.texts import Compiler, Language, Sentence, finalize_text, one_line


@dataclass(frozen=True)
class Teller:
    """Made of an edition. A sentence is compiled when it is first asked for: nobody waits for what nobody asks.

    ``recommendations``: the active ones, by topic; ``measurements``: with the windows of this site; ``translations``:
    English text → its own; ``version``: of the knowledge.
    """

    tag: LanguageTag
    language: Language
    own: ExplanationText
    macros: Mapping[str, str]
    texts: Mapping[str, TopicText]
    recommendations: Mapping[str, Recommendation]
    topics: Mapping[str, Topic]
    measurements: Measurements
    translations: Mapping[str, str]
    version: str

    @cached_property
    def _compiler(self) -> Compiler:
        own: dict[str, Callable[..., object]] = {
            "words": self.own.words.__getitem__,
            "concept": partial(self.named, self.own.concepts),
            "group": partial(self.named, self.own.groups),
            "bone": lambda site: self.line("bone", site=site),
        }
        return Compiler(self.language.shared, self.macros, finalize_text, own)

    @cached_property
    def _compiled(self) -> dict[str, Sentence]:
        return {}

    def sentence(self, template: str, values: Mapping[str, object]) -> str:
        """A template of the content with these values, on one line; text of the request in it is data."""
        compiled = self._compiled.get(template)
        if compiled is None:
            compiled = self._compiled[template] = self._compiler.sentence(template)
        return one_line(compiled.render(values))

    def line(self, key: str, /, **values: object) -> str:
        """One of the explanation's own lines."""
        return self.sentence(self.own.lines[key], values)

    def word(self, key: str) -> str:
        return self.own.words[key]

    def unit(self, unit: str, value: str = "") -> str:
        """A unit as people write it, after this number."""
        return self.own.units.get(f"{value} {unit}") or self.own.units.get(unit, unit)

    def display(self, topic: str) -> str:
        return self.language.topics[topic].display

    def missing(self, what: str) -> str:
        """The name of an input or of a prefetch key."""
        return self.language.shared.missing[what]

    def translated(self, text: str) -> str:
        """A text of the reviewed YAML, which is written in English; itself, where nobody has translated it."""
        plain = " ".join(text.split())
        return self.translations.get(plain, plain)

    def named(self, names: Mapping[str, str], key: str) -> str:
        """What a window, limit, parameter or concept is called; its key, where nobody has named it."""
        return names.get(key, key.replace("_", " "))
