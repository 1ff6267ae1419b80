"""A page of the workbench as HTML: templates, and what they may call. All text is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import jinja2
from markdown_it import MarkdownIt
from markupsafe import Markup

from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition
from cds_service.render.explain import html as explain_html
from cds_service.workbench.links import Links
from cds_service.workbench.words import words_of

_FOLDER = Path(__file__).parent / "templates"
# Two templates of the explanation are shown here too.
_EXPLAIN = Path(explain_html.__file__).parent
# Nothing a text says is loaded or led to: neither HTML, nor pictures, nor links.
_markdown = MarkdownIt("commonmark", {"html": False}).disable(
    ["image", "link", "autolink", "html_inline", "html_block"]
)


def markdown(text: str) -> Markup:
    """The detail of a card, as a client that renders Markdown shows it."""
    return Markup(_markdown.render(text))  # noqa: S704  # made by the renderer, which escapes


def number(value: Decimal) -> str:
    return f"{value:f}"


def minute(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")


@jinja2.pass_context
def _display(context: jinja2.runtime.Context, topic: str) -> str:
    """The name of a topic in the language of the page; the code itself of one that this content does not have."""
    names: Mapping[str, str] = context["named"]
    return names.get(topic, topic)


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader([_FOLDER, _EXPLAIN]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"markdown": markdown, "number": number, "minute": minute, "display": _display}
    return made


def page(template: str, edition: Edition, links: Links, **values: object) -> str:
    """A template in the language of ``links``."""
    teller = edition.teller(links.tag)
    return (
        _environment()
        .get_template(template)
        .render(
            **values,
            links=links,
            w=words_of(links.tag),
            word=teller.word,
            line=teller.line,
            translated=teller.translated,
            named={code: text.display for code, text in teller.language.topics.items()},
            languages=LANGUAGES,
            others=[(tag, words_of(tag)("language")) for tag in LANGUAGES if tag != links.tag],
            knowledge=edition.version,
            seal=edition.seal,
        )
    )
