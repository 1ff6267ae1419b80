"""Whatever a request writes, a card shows it as text: no tag, no link, no block, in any Markdown a host may use."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cds_service.render.escape import MAX_LENGTH, markdown, shorten

# The most generous renderer: raw HTML on, everything that looks like an address becomes a link.
GFM = MarkdownIt("gfm-like", {"html": True, "linkify": True})
TAGS = re.compile(r"<\s*/?\s*([a-zA-Z!?][\w-]*)")

# Letters that mean something to Markdown, HTML or a linkifier come far more often than by chance.
PIECES = st.sampled_from([
    *("<script>", "</b>", "<!--", "&lt;", "&#60;", "&amp;", "http://", "https:", "//", "www.", ".com", "a.org/x", "@"),
    *("mailto:", "javascript:", "xmpp:", "![", "](", "[x]", "*", "**", "_", "`", "```", "~~", "|", "\\", "#", "- "),
    *("+ ", "> ", "1. ", "2) ", "---", "===", "\n", "\r", "\u2028", "\t", "    ", "\u202e", "\x00", "唑来膦酸", "4 mg"),
    *("0.8", "é", "'", '"', ":", "{{ x }}", "(", ")", "$"),
])  # fmt: skip
WRITTEN = st.one_of(st.text(max_size=120), st.lists(PIECES, max_size=10).map("".join))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(WRITTEN)
@example("- x")
@example("1) x")
@example("+ x")
@example("---")
@example("evil.com")
@example("例子.中国")
def test_text_of_a_request_makes_no_tag(text: str) -> None:
    said = markdown(text)
    for card in (said, f"Dose: {said}, as ordered.", f"- {said}\n- {said}", f"**Drug:** {said}"):
        allowed = {"p", "ul", "li", "strong"} if card.startswith(("- ", "**")) and card != said else {"p"}
        page = GFM.render(card)
        assert set(TAGS.findall(page)) <= allowed, page


@settings(max_examples=300, derandomize=True, deadline=None)
@given(WRITTEN)
def test_what_is_read_is_what_was_written(text: str) -> None:
    page = GFM.render(f"x{markdown(text)}x")
    assert html.unescape(page) == f"<p>x{shorten(text)}x</p>\n"


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=400))
def test_text_is_one_short_line(text: str) -> None:
    line = shorten(text)
    assert len(line) <= MAX_LENGTH
    assert line.splitlines() in ([], [line])


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("zoledronic acid 4 mg/5 mL (0.8 mg/mL)", "zoledronic acid 4 mg/5 mL (0.8 mg/mL)"),
        ("唑来膦酸注射液", "唑来膦酸注射液"),
        ("4\u202emg\x07", "4mg"),
        ("a\n\nb", "a b"),
        ("x" * 200, "x" * (MAX_LENGTH - 1) + "…"),
        ("", ""),
    ],
)
def test_ordinary_text_stays_readable_and_odd_characters_go(text: str, shown: str) -> None:
    assert markdown(text) == shown
