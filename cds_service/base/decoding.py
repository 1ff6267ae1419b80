"""What decoding raises for bytes that are not what they should be."""

from __future__ import annotations

import msgspec

# Malformed JSON or another shape; text that is not UTF-8 (GB18030 is met), which msgspec raises for members that are
# read and not for those it skips; nested too deeply.
UNREADABLE: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
