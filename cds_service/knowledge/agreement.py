"""Whether YAML, rules and texts of a topic speak of the same things, checked at start.

A rule names parameters, urgencies, tables, cards and buttons as literals; a text names parameters and words. Each name
must exist where it points, in both languages, so that a renamed key stops the start instead of one doctor's answer.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import jinja2
from jinja2 import nodes

from cds_service.base.yamlfile import ContentError, line_of
from cds_service.evaluate.triggers import Rule
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.texts import SharedText, TopicText

_parser = jinja2.Environment(autoescape=True)
_PARAMETER = frozenset({"number", "days", "share"})


def check_rule(
    topic: str, rule: Rule, recommendation: Recommendation, texts: Mapping[str, TopicText], root: Path
) -> None:
    """Every literal a rule uses as a name exists in the YAML and in the texts. Raises ``ContentError``."""
    module = ast.parse(inspect.getsource(sys.modules[rule.function.__module__]))
    file = root / "recommendations" / f"{topic}.yaml"
    for method, name in _asked(module):
        where = "parameters" if method in _PARAMETER else "indicators"
        if name not in (known := getattr(recommendation, where)):
            remedy = f"name it so in {where}; there are: {', '.join(known) or 'none'}"
            raise ContentError(file, line_of(file, where), f"the rule asks for {name!r}", remedy)
    for tag, text in texts.items():
        words = root / "texts" / tag / f"{topic}.yaml"
        for where, name in _said(module):
            if name not in getattr(text, where):
                what = f"the rule uses {name!r}, which is not among its {where}"
                raise ContentError(words, line_of(words, where), what, f"name it so under {where}")


def _asked(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(method, literal) of every call on the parameters ``p`` in a rule's module; tables are checked by the loader."""
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "p":
            method = node.func.attr
            if method == "indicator" and not node.args:
                yield method, "default"
            if method == "indicator" or method in _PARAMETER:
                yield from ((method, name) for argument in node.args[:1] for name in _names(argument))


# Where in a call the name stands, and which texts it is a key of.
_CALLS = {"Advise": (1, "cards"), "NoAdvice": (0, "quiet"), "Suggestion": (0, "suggestions")}


def _said(module: ast.Module) -> Iterator[tuple[str, str]]:
    """(member of the texts, key) of every outcome and button that a rule makes with a literal."""
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS:
            position, where = _CALLS[node.func.id]
            yield from ((where, name) for name in _names(node.args[position]))


def _names(node: ast.expr) -> Iterator[str]:
    """The string literals an argument can be: one, or the branches of a conditional; a variable is not followed."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_names(node.body), *_names(node.orelse))


def check_texts(topic: str, recommendation: Recommendation, texts: Mapping[str, TopicText], root: Path) -> None:
    """Both languages have the same keys, parse, and name only parameters that exist. Raises ``ContentError``."""
    first, *others = texts.items()
    for tag, text in texts.items():
        file = root / "texts" / tag / f"{topic}.yaml"
        for member in ("cards", "quiet", "suggestions"):
            for other, theirs in (first, *others):
                for key in set(getattr(theirs, member)) - set(getattr(text, member)):
                    what = f"{member}: {key!r} is in {other} but not here"
                    raise ContentError(file, line_of(file, member), what, "write it in both languages, under one key")
        for where, template in _templates(text):
            _check_template(file, where, template, recommendation)


def check_shared(shared: Mapping[str, SharedText], root: Path) -> None:
    """The words that all topics share parse. Raises ``ContentError``."""
    for tag, words in shared.items():
        file = root / "texts" / tag / "_shared.yaml"
        _parse(file, ("macros",), words.macros)
        for member in ("source_line", "notes"):
            for key, template in getattr(words, member).items():
                _parse(file, (member, key), template)


def _templates(text: TopicText) -> Iterator[tuple[tuple[str, ...], str]]:
    for say, card in text.cards.items():
        for part in ("summary", "do", "why", "unknown"):
            if template := getattr(card, part):
                yield ("cards", say, part), template
    yield from ((("quiet", key), line) for key, line in text.quiet.items())
    yield from ((("suggestions", key), line) for key, line in text.suggestions.items())


def _check_template(file: Path, where: tuple[str, ...], template: str, recommendation: Recommendation) -> None:
    for node in _parse(file, where, template).find_all(nodes.Getattr):
        if isinstance(node.node, nodes.Name) and node.node.name == "p" and node.attr not in recommendation.parameters:
            remedy = f"the parameters are: {', '.join(recommendation.parameters) or 'none'}"
            raise ContentError(
                file, line_of(file, *where), f"the text shows p.{node.attr}, which does not exist", remedy
            )


def _parse(file: Path, where: tuple[str, ...], template: str) -> nodes.Template:
    try:
        return _parser.parse(template)
    except jinja2.TemplateSyntaxError as error:
        place = line_of(file, *where)
        raise ContentError(
            file, place, f"not a template: {error.message}", "correct the braces near this line"
        ) from None
