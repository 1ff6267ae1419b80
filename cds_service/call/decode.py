"""The bytes of a body as JSON of a type, or a ``BadRequest`` that says what is wrong and where, without any value."""

from __future__ import annotations

import codecs
import re
from typing import TypeVar

import msgspec

from cds_service.call.problems import BadRequest

T = TypeVar("T")

# msgspec says which types met; these words of its message carry no value, everything else of it is withheld.
_MISMATCH = re.compile(r"^Expected `[\w| ,\[\]\.]+`, got `\w+`|^Object missing required field `\w+`")
_ABSENT = re.compile(r"^Object missing required field `(\w+)`")
_PATH = re.compile(r" - at `(?:key in )?\$([^`]*)`$")
_BYTE = re.compile(r"\(byte (\d+)\)$")
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
IN_UTF8 = "Encode the body in UTF-8 (RFC 8259); GB18030, GBK, Big5 and UTF-16 are not read."


def json_of(body: bytes) -> bytes:
    """The body without a byte order mark. Raises ``BadRequest`` for an empty one, and for UTF-16 or UTF-32."""
    if not body or body.isspace():
        raise BadRequest("The body is empty", "$", "Send one JSON object.")
    if body.startswith(codecs.BOM_UTF8):
        return body[len(codecs.BOM_UTF8) :]
    # JSON begins with an ASCII character: a NUL beside it tells the wide encodings without a mark (RFC 4627, 3).
    if body.startswith(_WIDE) or 0 in body[:2]:
        raise BadRequest("The body is in UTF-16 or UTF-32, not in UTF-8", "$", IN_UTF8)
    return body


def decode(raw: bytes | msgspec.Raw, decoder: msgspec.json.Decoder[T], where: str) -> T:
    """``raw`` as the decoder's type. Raises ``BadRequest`` pointing below ``where``, without any value of ``raw``."""
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError as error:
        message = str(error)
        path, mismatch, absent = _PATH.search(message), _MISMATCH.match(message), _ABSENT.match(message)
        place = (path.group(1) if path else "") + (f".{absent.group(1)}" if absent else "")
        raise BadRequest(
            what=mismatch.group(0) if mismatch else "The value is not of the expected form",
            where=(where + place).strip(".") or "$",
            remedy="Send the member in the shape the CDS Hooks specification gives for it.",
        ) from None
    except UnicodeDecodeError:
        raise BadRequest(f"The text is not UTF-8{_not_utf8(bytes(raw), where)}", where or "$", IN_UTF8) from None
    except msgspec.DecodeError as error:
        what = f"The body is not well-formed JSON{_broken(bytes(raw), str(error), where)}"
        raise BadRequest(what, where or "$", "Send one JSON object, encoded in UTF-8.") from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply", where or "$", "Send FHIR resources as they are.") from None


def _not_utf8(raw: bytes, where: str) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return _place(raw, error.start, where)
    return ""


def _broken(raw: bytes, message: str, where: str) -> str:
    byte = _BYTE.search(message)
    # Without a place, msgspec met the end.
    return _place(raw, int(byte.group(1)) if byte else len(raw), where)


def _place(raw: bytes, byte: int, where: str) -> str:
    """Line and column, in characters and from 1; of the whole body only: in a part of it they would mislead."""
    if where:
        return ""
    line = raw.count(b"\n", 0, byte) + 1
    column = len(raw[raw.rfind(b"\n", 0, byte) + 1 : byte].decode(errors="replace")) + 1
    return f" (line {line}, column {column})"
