"""Whatever a request writes, a card shows it as text: no tag, no link, no block, in any Markdown a host may use."""

from __future__ import annotations

import html
import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from linkify_it import LinkifyIt
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
# Addresses, by chance and by design.
ADDRESSES = ("a@b.example", "user@host", "a.b+c@d.co.uk", "www.x.example", "http://x.example/y?z#w", "https://localhost",
             "ftp://x.example", "//localhost/x", "//x.example", "mailto:a@b.example", "xmpp:a@b.example/x", "x.中国",
             "a＠b.example", "a﹫b.example", "@nurse", "www.1x.example", "WWW.x", "x@xn--fiqs8s.cn")  # fmt: skip
PRINTABLE = string.printable[:95] + "＠"
ADDRESSED = st.lists(st.sampled_from(ADDRESSES) | st.text(PRINTABLE, max_size=6), max_size=6).map("".join)
# Whoever looks for addresses in the finished text (GitHub's renderer, mail programs) sees no entity and no backslash.
AFTERWARDS = LinkifyIt(options={"fuzzy_link": True, "fuzzy_email": True, "fuzzy_ip": False})
# The extended autolinks of the specification of GitHub-flavoured Markdown, without what it asks of the domain.
EXTENDED = re.compile(r"[a-z0-9._+-]+@[a-z0-9]|(?:https?|ftp)://[^\s<]|(?<!\w)www\.[^\s<]|(?<!\w)@\w", re.IGNORECASE)
UNSEEN = "\u200b"
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
@given(WRITTEN | ADDRESSED)
def test_what_is_read_is_what_was_written(text: str) -> None:
    page = GFM.render(f"x{markdown(text)}x")
    assert html.unescape(page).replace(UNSEEN, "") == f"<p>x{shorten(text)}x</p>\n"


def links_of(text: str) -> list[str]:
    """Links a reader would see where a card says this text of a request, in any renderer."""
    return [link for card in ("{}", "Ordered: {}, 5 mg.", "- {}") for link in links_in(card.format(markdown(text)))]


def links_in(*cards: str) -> list[str]:
    found = []
    for card in cards:
        page = GFM.render(card)
        seen = html.unescape(re.sub(r"<[^>]*>", "", page))
        found += re.findall(r"<a[ >]", page) + EXTENDED.findall(seen)
        found += [match.url for match in AFTERWARDS.match(seen) or ()]
    return found


@settings(max_examples=400, derandomize=True, deadline=None)
@given(ADDRESSED)
def test_no_address_in_a_text_becomes_a_link(text: str) -> None:
    assert links_of(text) == []


@pytest.mark.parametrize("text", [*ADDRESSES, "evil.com", "a/b//localhost", "///x.example", "call a@b.example, now"])
def test_these_addresses_become_no_link_and_look_as_they_were_written(text: str) -> None:
    assert links_of(text) == []
    if "&" not in markdown(text):
        assert markdown(text).replace(UNSEEN, "") == text, "not even where the source is shown as it is"


def test_whatever_stands_between_two_words_they_become_no_link() -> None:
    for first in PRINTABLE:
        said = "\n\n".join(f"x {markdown(f'user{first}{second}host.example')}" for second in PRINTABLE)
        assert links_in(said) == [], first


def test_ordinary_text_gets_nothing_unseen() -> None:
    for text in ("zoledronic acid 4 mg/5 mL (0.8 mg/mL)", "唑来膦酸 4mg", "5 mg i.v. once", "2026.03.01", "see p. 4"):
        assert (UNSEEN in markdown(text)) == ("i.v" in text)


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
