"""The sentences of ``cards/texts``, compiled once at start, and the values they may show.

A template sees ``order``, ``facts``, ``p`` (the recommendation's numbers by name) and the data of its outcome. Numbers
reach a sentence only through a filter; text of the request is escaped where it is put out, and refused in a summary.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import jinja2
import msgspec

from cds_service.base.complaints import ContentError
from cds_service.base.kinds import RequestText
from cds_service.base.numbers import clearance_number, fixed_number, plain_number
from cds_service.knowledge.model import Source
from cds_service.knowledge.texts import CardText, SharedText, TopicText
from cds_service.render.escape import markdown, shorten

NO_FILTERS: Mapping[str, Callable[..., object]] = {}


class Sentence:
    """A compiled template and the macros it may call; what shows no value is rendered at start."""

    __slots__ = ("_context", "_fixed", "_macros", "_root")

    def __init__(self, template: jinja2.Template, macros: object, *, fixed: bool) -> None:
        self._macros = macros
        self._root, self._context = template.root_render_func, _Context(template.environment, {}, None, template.blocks)
        self._fixed = template.render() if fixed else None

    def render(self, values: Mapping[str, Any]) -> str:
        """The sentence with these values. Raises what a filter raises, and jinja2's ``UndefinedError``."""
        if self._fixed is not None:
            return self._fixed
        return "".join(self._root(self._context.holding({**values, "m": self._macros})))


@dataclass(frozen=True, slots=True)
class Sentences:
    """One card's sentences."""

    summary: Sentence
    detail: Sentence
    how: Sentence | None  # the last paragraph: formula and inputs
    limits: Sentence | None  # of the explanation
    line: Sentence | None  # of the card that stands in for this one
    withheld: Sentence | None  # of one that stands in for it and withholds the drug
    other: Sentence | None  # of the same topic's card of another order


@dataclass(frozen=True, slots=True)
class TopicSentences:
    display: str
    cards: Mapping[str, Sentences]
    quiet: Mapping[str, Sentence]
    suggestions: Mapping[str, Sentence]


@dataclass(frozen=True, slots=True)
class Language:
    """Everything a card in one language needs."""

    tag: str
    shared: SharedText
    topics: Mapping[str, TopicSentences]
    notes: Mapping[str, Sentence]
    quiet: Mapping[str, Sentence]  # what the gate says for every topic


def _finalize_markdown(value: object) -> object:
    if type(value) is str:  # our own words, by far the commonest
        return value
    if isinstance(value, RequestText):
        return markdown(value)
    return _finalize(value)


def _finalize_plain(value: object) -> object:
    if isinstance(value, RequestText):
        raise TypeError("text of the request may not stand in plain text: name the drug or test instead")
    return _finalize(value)


def finalize_text(value: object) -> object:
    """For text that a view escapes in its own way: text of the request is shortened and stays on its line."""
    return shorten(value) if isinstance(value, RequestText) else _finalize(value)


def _finalize(value: object) -> object:
    """Numbers and dates go through a filter, so that none is ever shown with a machine's rounding."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise TypeError(f"a template puts out a bare {type(value).__name__}: use a filter")


class _Context(jinja2.runtime.Context):
    """Values alone: Jinja would list the globals for every sentence, and there are none."""

    def __init__(
        self,
        environment: jinja2.Environment,
        parent: dict[str, Any],
        name: str | None,
        blocks: dict[str, Any],
        globals: object = None,  # noqa: A002, ARG002  # Jinja gives it
    ) -> None:
        super().__init__(environment, parent, name, blocks)

    def holding(self, values: dict[str, Any]) -> _Context:
        """The same with these values: what a template is, is worked out once and not for every sentence."""
        context = object.__new__(_Context)
        context.environment, context.eval_ctx, context.blocks = self.environment, self.eval_ctx, self.blocks
        context.name, context.globals_keys = self.name, self.globals_keys
        context.parent, context.vars, context.exported_vars = values, {}, set()
        return context

    def call(  # Jinja gives it the variables of loops and blocks, for what is called with the context
        self,
        called: Callable[..., object],
        *args: object,
        _loop_vars: object = None,
        _block_vars: object = None,
        **named: object,
    ) -> object:
        """Without Jinja's questions whether what is called wants the context: no macro and no method of ours does."""
        return called(*args, **named)


def _environment(shared: SharedText, finalize: Callable[[object], object]) -> jinja2.Environment:
    # Not autoescaped: the output is Markdown or plain text, and finalize escapes what came with the request.
    env = jinja2.Environment(  # noqa: S701
        undefined=jinja2.StrictUndefined, finalize=finalize, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    env.context_class = _Context
    env.filters |= {
        "capitalize": lambda text: text[:1].upper() + text[1:],  # Jinja's own would write "Nsaid"
        "num": plain_number,
        "fixed": fixed_number,
        "crcl": clearance_number,
        "day": date.isoformat,
        "drug": lambda concept: shared.drugs[concept],
        "name": lambda order: shared.drugs.get(order.substance) or shared.drugs[order.drug],
        "word": lambda key: shared.words[key],
        "missing": lambda key: shared.missing[key],
        "why_missing": lambda key: shared.why_missing[key],
        "unusable": lambda key: shared.unusable[key],
        "join_words": shared.words["list-separator"].join,
    }
    return env


class Compiler:
    """Compiles templates with one way of putting values out. ``filters``: beside those that all texts have."""

    def __init__(
        self,
        shared: SharedText,
        macros: Mapping[str, str],
        finalize: Callable[[object], object],
        filters: Mapping[str, Callable[..., object]] = NO_FILTERS,
    ) -> None:
        self._environment = _environment(shared, finalize)
        self._environment.filters |= filters
        self._environment.globals.clear()
        self._macros = self._environment.from_string("".join(macros.values())).module

    def sentence(self, text: str) -> Sentence:
        """Raises jinja2's ``TemplateError``."""
        return Sentence(self._environment.from_string(text), self._macros, fixed="{" not in text)


def compile_language(
    tag: str,
    shared: SharedText,
    macros: Mapping[str, str],
    topics: Mapping[str, TopicText],
    sources: Mapping[str, Source],
    *,
    labels: bool = True,
) -> Language:
    """Compile one language. ``macros`` by file; ``sources``: topic -> where it comes from, said on every card;
    ``labels``: whether anything but the guideline is quoted.

    Raises ``ContentError`` on a bad template.
    """
    rich, plain = Compiler(shared, macros, _finalize_markdown), Compiler(shared, macros, _finalize_plain)

    def source_line(source: Source, say: str) -> str:
        """It does not depend on the call: a card names the sections it rests on, and the grade of a graded one."""
        if source.graded_cards and say not in source.graded_cards:
            source = msgspec.structs.replace(source, grade=None, recommendation=[])
        source = msgspec.structs.replace(source, sections=source.card_sections.get(say, source.sections))
        told = rich.sentence(shared.source_line[source.kind])
        return told.render({"source": source, "source_label": source.label[tag]}).strip()

    # trim_blocks eats one line break after a tag, so parts are set three apart and tidied afterwards.
    def detail(topic: str, say: str, card: CardText) -> Sentence:
        source = f"{{% raw %}}{source_line(sources[topic], say)}{{% endraw %}}"
        beside = ""
        if card.beside and labels:
            # A condition of the text may leave nothing to say.
            said = f"{{% if beside|trim %}}{shared.words['not-from-the-guideline']}{{{{ beside|trim }}}}{{% endif %}}"
            beside = f"{{% set beside %}}{card.beside}{{% endset %}}{said}"
        parts = [card.do, card.why, source, beside, "{{ carried }}", "{{ notes }}", "{{ gaps }}"]
        return rich.sentence("\n\n\n".join(p.strip() for p in parts if p.strip()))

    def sentences(topic: str, text: TopicText) -> TopicSentences:
        return TopicSentences(
            display=text.topic,
            cards={
                say: Sentences(
                    plain.sentence(card.summary),
                    detail(topic, say, card),
                    rich.sentence(card.how) if card.how else None,
                    rich.sentence(card.limits) if card.limits else None,
                    rich.sentence(card.line) if card.line else None,
                    rich.sentence(card.withheld) if card.withheld else None,
                    rich.sentence(card.other) if card.other else None,
                )
                for say, card in text.cards.items()
            },
            quiet={key: rich.sentence(line) for key, line in text.quiet.items()},
            suggestions={key: plain.sentence(line) for key, line in text.suggestions.items()},
        )

    def named(topic: str, text: TopicText) -> TopicSentences:
        try:
            return sentences(topic, text)
        except jinja2.TemplateError as error:
            file = f"texts/{tag}/{topic}.yaml"
            raise ContentError(file, None, f"not a template: {error.message}", "correct the filter or braces") from None

    return Language(
        tag=tag,
        shared=shared,
        topics={topic: named(topic, text) for topic, text in topics.items()},
        notes={key: rich.sentence(line) for key, line in shared.notes.items()},
        quiet={key: rich.sentence(line) for key, line in shared.quiet.items()},
    )


def tidy(text: str) -> str:
    """Rendered Markdown without the blank lines that absent parts leave."""
    lines = [line.strip() for line in text.strip().splitlines()]
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return "\n".join(kept)


def one_line(text: str) -> str:
    """Rendered plain text on one line."""
    return " ".join(text.split())
