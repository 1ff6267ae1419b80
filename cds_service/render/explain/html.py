"""The explanation, and the page of one rule, as HTML: no script, no style, nothing that is loaded; all text escaped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path

import jinja2

from cds_service.render.explain.model import Explanation, RulePage
from cds_service.render.explain.teller import Teller


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters["minute"] = lambda at: datetime.isoformat(at, sep=" ", timespec="minutes")
    return made


def explanation_page(told: Explanation, teller: Teller) -> str:
    """One page that holds all of it. ``teller``: of the same language."""
    return _page("explanation.html.j2", teller, {"told": told})


def rule_html(page: RulePage, teller: Teller, others: Mapping[str, str]) -> str:
    """The page of one rule. ``others``: the same page in other languages, language → relative address."""
    return _page("rule.html.j2", teller, {"page": page, "others": others})


def _page(name: str, teller: Teller, values: Mapping[str, object]) -> str:
    return _environment().get_template(name).render(values, word=teller.word, line=teller.line)
