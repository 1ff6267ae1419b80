"""Text of the request inside a card is data: it can neither format, link, nor run.

For GitHub-flavoured Markdown (https://github.github.com/gfm/): HTML characters become entities; the characters that
open emphasis, code, links, tables and strikethrough get a backslash; autolinks (``scheme://``, ``www.``, ``@``, and
``example.org``, which some renderers link too) are broken by an entity. Control and bidirectional-override characters
are dropped; line breaks become spaces and a mark that would open a list, heading or rule is escaped, so no block can
start.
"""

from __future__ import annotations

import re
import unicodedata

# Long enough for a drug's full name; a card is read in two seconds.
MAX_LENGTH = 80

_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_MARKDOWN = re.compile(r"([\\`*_\[\]~|])")
# Most drug names and results: nothing in them means anything to Markdown or HTML.
_INERT = re.compile(r"(?!\d*[-+)])(?:[A-Za-z0-9\u4e00-\u9fff/%()+,-]|(?<=[0-9])\.(?=[0-9])|(?<=\S) (?=\S)){1,80}")
_DOMAIN = re.compile(r"\.(?=[^\W\d_])")
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
    line = line.replace("://", "&#58;//").replace("@", "&#64;")
    line = re.sub(r"(?i)(javascript|data|vbscript|mailto|xmpp)\s*:", r"\1&#58;", line)
    return _BLOCK.sub(r"\1\\\2", _DOMAIN.sub("&#46;", line))
