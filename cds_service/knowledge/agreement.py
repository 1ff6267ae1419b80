"""Whether YAML, rules and texts of a topic speak of the same things, checked at start.

A rule names parameters, urgencies, tables, cards and buttons as literals; a text names parameters, words and the
data of its outcome. Each name must exist where it points, in both languages, so that a renamed key stops the start
instead of one doctor's answer. What a rule and its texts read of the facts is found here too: from it follows what is
asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import jinja2
from jinja2 import nodes

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import line_of
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.texts import ExplanationText, SharedText, TopicText

_parser = jinja2.Environment(autoescape=True)
_PARAMETER = frozenset({"number", "days", "share", "limit"})
FACTS = "facts"  # the name under which rules and texts know them
# What every template sees besides the data of its outcome (``render.cards``).
ALWAYS = frozenset(
    {"order", FACTS, "p", "source", "source_label", "carried", "folded", "notes", "gaps", "m", "act", "acts", "loop"}
)
# What the judge says before it asks a rule.
BEFORE_THE_RULE = "out-of-scope"


@dataclass(frozen=True)
class RuleSource:
    """The source of a rule's module, taken apart."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    def reads(self) -> Iterator[str]:
        """The members of the facts it reads, as they come."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == FACTS:
                yield node.attr

    def asks(self) -> Iterator[tuple[str, str]]:
        """(method, literal) of every call on the parameters ``p``; tables are checked by the loader."""
        for node in ast.walk(self.tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            if isinstance(node.func.value, ast.Name) and node.func.value.id == "p":
                method = node.func.attr
                if method == "indicator" and not node.args:
                    yield method, "default"
                if method == "indicator" or method in _PARAMETER:
                    yield from ((method, name) for argument in node.args[:1] for name in _names(argument))
                if method == "limit":  # in each of the two units
                    yield from ((method, f"{name}_si") for name in _names(node.args[0]))

    def says(self) -> Iterator[tuple[str, str]]:
        """(member of the texts, key) of every outcome and button that it makes with a literal."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
                position, where = _CALLS[node.func.id]
                yield from ((where, name) for name in _names(node.args[position]))

    def data(self) -> frozenset[str]:
        """The names of the data it gives its outcomes: the keys of its mappings."""
        keys = (key for node in ast.walk(self.tree) if isinstance(node, ast.Dict) for key in node.keys)
        return frozenset(k.value for k in keys if isinstance(k, ast.Constant) and isinstance(k.value, str))


# Where in a call the name stands, and which texts it is a key of.
_CALLS = {"Advise": (1, "cards"), "NoAdvice": (0, "quiet"), "Suggestion": (0, "suggestions")}


def _names(node: ast.expr) -> Iterator[str]:
    """The string literals an argument can be: one, or the branches of a conditional; a variable is not followed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_names(node.body), *_names(node.orelse))


def text_reads(texts: Iterable[TopicText]) -> Iterator[str]:
    """The members of the facts that texts read; one that does not parse (``check_texts`` tells it) reads nothing."""
    for text in texts:
        for _, template in _templates(text):
            try:
                tree = _parser.parse(template)
            except jinja2.TemplateSyntaxError:
                continue
            for node in tree.find_all(nodes.Getattr):
                if isinstance(node.node, nodes.Name) and node.node.name == FACTS:
                    yield node.attr


def check_rule(
    topic: str, source: RuleSource, recommendation: Recommendation, texts: Mapping[str, TopicText], root: Path
) -> Iterator[ContentError]:
    """Every literal a rule uses as a name that does not exist in the YAML or in the texts."""
    file = root / "recommendations" / f"{topic}.yaml"
    for method, name in source.asks():
        where = "parameters" if method in _PARAMETER else "indicators"
        if name not in (known := getattr(recommendation, where)):
            remedy = f"name it so in {where}; there are: {', '.join(known) or 'none'}"
            yield ContentError(file, line_of(file, where), f"the rule asks for {name!r}", remedy)
    cards = {"every", *(key for text in texts.values() for key in text.cards)}
    it = recommendation
    for say in sorted(it.source.card_sections.keys() - cards):
        yield ContentError(file, line_of(file, "source"), f"card_sections: there is no card {say!r}", "name a card")
    naming = {"replaces": it.replaces, "folds": it.folds, "withholds": it.withholds, "always": it.always}
    for where, named in ((where, {*says}) for where, says in naming.items()):
        for say in sorted(named - cards):
            yield ContentError(
                file, line_of(file, where), f"{where}: there is no card {say!r}", "name a card, or every"
            )
    for tag, text in texts.items():
        words = root / "texts" / tag / f"{topic}.yaml"
        for where, name in (*source.says(), ("quiet", BEFORE_THE_RULE)):
            if name not in getattr(text, where):
                what = f"the rule uses {name!r}, which is not among its {where}"
                if name == BEFORE_THE_RULE:
                    what = f"there is no line {name!r} under quiet: it is said of patients whom the topic is not about"
                yield ContentError(words, line_of(words, where), what, f"name it so under {where}")


def check_texts(
    topic: str, data: frozenset[str], recommendation: Recommendation, texts: Mapping[str, TopicText], root: Path
) -> Iterator[ContentError]:
    """Where the languages differ in their keys, a template does not parse, or it names what nobody gives it.

    ``data``: the names of the data that outcomes bring.
    """
    for tag, text in texts.items():
        file = root / "texts" / tag / f"{topic}.yaml"
        for member in ("cards", "quiet", "suggestions"):
            for other, theirs in texts.items():
                for key in sorted(set(getattr(theirs, member)) - set(getattr(text, member))):
                    what = f"{member}: {key!r} is in {other} but not here"
                    yield ContentError(file, line_of(file, member), what, "write it in both languages, under one key")
        for where, template in _templates(text):
            yield from _template_faults(file, where, template, data, recommendation)


def check_shared(shared: Mapping[str, SharedText], root: Path) -> Iterator[ContentError]:
    """The words that all topics share which do not parse."""
    for tag, words in shared.items():
        file = root / "texts" / tag / "_shared.yaml"
        for member in ("source_line", "notes"):
            for key, template in getattr(words, member).items():
                yield from _syntax_faults(file, (member, key), template)


def check_explaining(explaining: Mapping[str, ExplanationText], root: Path) -> Iterator[ContentError]:
    """The words of the explanation that do not parse, or that one language lacks."""
    for tag, words in explaining.items():
        file = root / "texts" / tag / "_explanation.yaml"
        for member in ("lines", "facts"):
            for key, template in getattr(words, member).items():
                yield from _syntax_faults(file, (member, key), template)
        for member in words.__struct_fields__:
            theirs = {key for other in explaining.values() for key in getattr(other, member)}
            for key in sorted(theirs - getattr(words, member).keys()):
                what = f"{member}: {key!r} is in another language but not here"
                yield ContentError(file, line_of(file, member), what, "write it in both languages, under one key")


def check_macros(macros: Mapping[str, Mapping[str, str]], root: Path) -> Iterator[ContentError]:
    """Macro files (language -> file name -> text) that do not parse, or define others than the other language's."""
    defined: dict[tuple[str, str], set[str]] = {}
    for tag, files in macros.items():
        for name, text in files.items():
            file = root / "texts" / tag / "_macros" / name
            try:
                tree = _parser.parse(text)
            except jinja2.TemplateSyntaxError as error:
                yield ContentError(file, error.lineno, f"not a template: {error.message}", "correct the braces there")
                continue
            defined[tag, name] = {node.name for node in tree.find_all(nodes.Macro)}
    for (tag, name), here in defined.items():
        for other in macros:
            if here - defined.get((other, name), set()):
                lost = ", ".join(sorted(here - defined.get((other, name), set())))
                file = root / "texts" / other / "_macros" / name
                yield ContentError(file, None, f"{lost}: in {tag} but not here", "write it in both languages")


def _templates(text: TopicText) -> Iterator[tuple[tuple[str, ...], str]]:
    for say, card in text.cards.items():
        for part in ("summary", "do", "why", "how", "beside", "limits", "line", "withheld", "other"):
            if template := getattr(card, part):
                yield ("cards", say, part), template
    yield from ((("quiet", key), line) for key, line in text.quiet.items())
    yield from ((("suggestions", key), line) for key, line in text.suggestions.items())


def _template_faults(
    file: Path, where: tuple[str, ...], template: str, data: frozenset[str], recommendation: Recommendation
) -> Iterator[ContentError]:
    try:
        tree = _parser.parse(template)
    except jinja2.TemplateSyntaxError:
        yield from _syntax_faults(file, where, template)
        return
    for node in tree.find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "p" and node.attr not in recommendation.parameters:
            what = f"the text shows p.{node.attr}, which does not exist"
            remedy = f"the parameters are: {', '.join(recommendation.parameters) or 'none'}"
            yield ContentError(file, line_of(file, *where), what, remedy)
    for name in sorted(_free(tree) - ALWAYS - data):
        what = f"the text shows {name}, which the rule does not give"
        remedy = f"the rule gives: {', '.join(sorted(data)) or 'no data'}"
        yield ContentError(file, line_of(file, *where), what, remedy)


def _free(tree: nodes.Template) -> set[str]:
    """The names a template takes from outside: those it reads and never sets."""
    names = list(tree.find_all(nodes.Name))
    return {n.name for n in names if n.ctx == "load"} - {n.name for n in names if n.ctx != "load"}


def _syntax_faults(file: Path, where: tuple[str, ...], template: str) -> Iterator[ContentError]:
    try:
        _parser.parse(template)
    except jinja2.TemplateSyntaxError as error:
        what, remedy = f"not a template: {error.message}", "correct the braces near this line"
        yield ContentError(file, line_of(file, *where), what, remedy)
