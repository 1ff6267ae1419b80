"""Text of the request inside a card is data: it can neither format, link, nor run.

For GitHub-flavoured Markdown (https://github.github.com/gfm/): HTML characters become entities; the characters that
open emphasis, code, links, tables and strikethrough get a backslash. Control and bidirectional-override characters
are dropped; line breaks become spaces and a mark that would open a list, heading or rule is escaped, so no block can
start.

Addresses (``user@host``, ``scheme://``, ``//host``, ``www.``, and ``example.org``, which some renderers link too) are
broken by a zero-width space, U+200B. An entity or a backslash does not do: GitHub's own renderer, mail programs and
everything that looks for addresses in the finished page see the text after those are resolved, and link
``a&#64;b.example``. The space stays, nobody sees it, a host that shows the source as it is shows no garbage, and to
Markdown it is a letter like any other (only Unicode's Zs is white space there). U+2060 would do as well, but old fonts
show it as a box.
"""

from __future__ import annotations

import re
import unicodedata

# Long enough for a drug's full name; a card is read in two seconds.
MAX_LENGTH = 80

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_MARKDOWN = re.compile(r"([\\`*_\[\]~|])")
# Most drug names and results: nothing in them means anything to Markdown or HTML.
_INERT = re.compile(
    r"(?!\d*[-+)])(?:[A-Za-z0-9\u4e00-\u9fff%()+,-]|(?<!/)/|(?<=[0-9])\.(?=[0-9])|(?<=\S) (?=\S)){1,80}"
)
# Where an address is broken: on both sides of an at-sign (behind it, or what is left would be a mention; small and
# fullwidth ones are taken for the plain one by some), between two slashes, before the last point of "www.", and before
# the letter after a point.
_ADDRESS = re.compile(r"(?=[@\uff20\ufe6b])|(?<=[@\uff20\ufe6b])|(?<=/)(?=/)|(?<=[wW]{3})(?=\.)|(?<=\.)(?=[^\W\d_])")
_BREAK = "\u200b"
_BLOCK = re.compile(r"^(\d*)([-+=#.)])")


def shorten(text: str, length: int = MAX_LENGTH) -> str:
    """One line, without control characters, cut to ``length`` characters with an ellipsis."""
    line = " ".join(text[: 10 * length].split())
    line = "".join(c for c in line if unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cs"))
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def markdown(text: str) -> str:
    """Request text, shortened and made inert for Markdown and HTML."""
    if _INERT.fullmatch(text):
        return text
    line = "".join(_HTML.get(c, c) for c in shorten(text))
    line = _MARKDOWN.sub(r"\\\1", line)
    line = re.sub(r"(?i)(javascript|data|vbscript|mailto|xmpp)\s*:", r"\1&#58;", line)
    return _BLOCK.sub(r"\1\\\2", _ADDRESS.sub(_BREAK, line))
