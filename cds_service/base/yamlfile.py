"""Reads a YAML file into its type, or says which line is wrong and what to write instead.

Stricter than YAML 1.1: a key stands once; ``yes``, ``no``, ``on``, ``off``, dates and ``0123`` stay text; a number with
a point is exact (``Decimal``, never a binary float). A type may say in ``GONE`` what to write instead of a key it had.
"""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
import yaml

from cds_service.base.complaints import ContentError, Faults

T = TypeVar("T")

_PLAIN: dict[Any, str] = {
    bool: "write true or false",
    Decimal: "write a number",
    int: "write a whole number",
    str: "put the text in quotes",
    date: "write a date: 2027-01-31",
}

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+$")


class _Loader(yaml.SafeLoader):
    """A SafeLoader that knows only text, whole numbers, exact decimals, true, false and null."""


# Forgets what YAML 1.1 makes of plain words, before it learns the few kinds below.
_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(?:~|null|)$"), ["~", "n", ""])
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _DECIMAL, list("-+0123456789"))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: Decimal(node.value))
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))


def load_as(path: Path, type_: type[T]) -> T:
    """The content of a YAML file as ``type_``. Raises ``ContentError`` naming file, line and remedy; for several
    mistakes ``StartRefused`` with all of them."""
    node, value = _parse(path)
    try:
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        faults = Faults()
        for line, what, remedy in _faults(node, value, type_):
            faults.add(ContentError(path, line, what, remedy))
        faults.stop()
        raise ContentError(path, None, str(error), "compare with a neighbouring file") from error


def _parse(path: Path) -> tuple[yaml.Node, Any]:
    """The file as nodes, which know their lines, and as plain values."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ContentError(path, None, "the file cannot be read", "check that it exists") from error
    except UnicodeDecodeError as error:
        raise ContentError(path, None, "the file is not UTF-8", "save it as UTF-8") from error
    try:
        loader = _Loader(text)
        if node := loader.get_single_node():
            _refuse_duplicates(path, node)
            return node, loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        what = f"not valid YAML: {error.problem or error.context}"
        raise ContentError(path, line, what, "correct indentation, colons and quotes near this line") from error
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise ContentError(path, line, "not valid YAML: an invisible character", "type the line anew") from error
    raise ContentError(path, 1, "the file is empty", "write its content, or delete it")


def line_of(path: Path, *keys: str | int) -> int | None:
    """The line on which a member stands, for an error found after loading; the nearest one above it if absent."""
    node: yaml.Node | None = yaml.compose(path.read_text(encoding="utf-8"), Loader=_Loader)
    line = None
    for key in keys:
        found = _member(node, key)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _member(node: yaml.Node | None, key: str | int) -> tuple[yaml.Node, yaml.Node] | None:
    """The node that marks a member's line, and the member."""
    if isinstance(node, yaml.MappingNode):
        return next(((k, v) for k, v in node.value if k.value == key), None)
    each = node.value[key] if isinstance(node, yaml.SequenceNode) and isinstance(key, int) else None
    return (each, each) if each else None


def _refuse_duplicates(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for each in node.value:
            _refuse_duplicates(path, each)
    elif isinstance(node, yaml.MappingNode):
        seen: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise ContentError(path, line, "a key is not plain text", "write a word before the colon")
            if key.value in seen:
                remedy = f"keep one of them, the first is on line {seen[key.value]}"
                raise ContentError(path, line, f"the key {key.value!r} stands twice", remedy)
            seen[key.value] = line
            _refuse_duplicates(path, value)


Fault = tuple[int, str, str]


def _faults(node: yaml.Node, value: Any, type_: Any) -> Iterator[Fault]:
    """What is wrong, deepest first, by walking the file beside its type."""
    type_ = _without_none(type_, value)
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct) and isinstance(node, yaml.MappingNode):
        yield from _struct_faults(node, value, type_)
    elif get_origin(type_) is dict and isinstance(node, yaml.MappingNode):
        keys, values = get_args(type_)
        for key, child in node.value:
            if key.tag == "tag:yaml.org,2002:str":
                yield from _value_faults(key, key.value, keys)
                yield from _faults(child, value[key.value], values)
            else:
                yield key.start_mark.line + 1, f"the key {key.value} is not text", f'write it in quotes: "{key.value}"'
    elif get_origin(type_) in (list, tuple) and isinstance(node, yaml.SequenceNode):
        for child, each in zip(node.value, value, strict=True):
            yield from _faults(child, each, get_args(type_)[0])
    else:
        yield from _value_faults(node, value, type_)


def _without_none(type_: Any, value: Any) -> Any:
    """``X | None`` is X for the one who writes a value."""
    if get_origin(type_) in (Union, types.UnionType) and value is not None:
        kinds = [arg for arg in get_args(type_) if arg is not type(None)]
        return kinds[0] if len(kinds) == 1 else type_
    return type_


def _struct_faults(node: yaml.MappingNode, value: Any, type_: type[msgspec.Struct]) -> Iterator[Fault]:
    fields = {f.encode_name: f for f in msgspec.structs.fields(type_)}
    hints = get_type_hints(type_)
    gone: Mapping[str, str] = getattr(type_, "GONE", {})
    for key, child in node.value:
        if key.value in gone:
            yield key.start_mark.line + 1, f"{key.value!r} is no longer a key", gone[key.value]
        elif key.value not in fields:
            near = difflib.get_close_matches(key.value, fields, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"use one of: {', '.join(fields)}"
            yield key.start_mark.line + 1, f"unknown key {key.value!r}", remedy
        else:
            yield from _faults(child, value[key.value], hints[fields[key.value].name])
    present = {key.value for key, _ in node.value}
    for name, field in fields.items():
        if field.required and name not in present:
            yield node.start_mark.line + 1, f"the key {name!r} is missing", f"add {name}: to this {type_.__name__}"


def _value_faults(node: yaml.Node, value: Any, type_: Any) -> Iterator[Fault]:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        yield node.start_mark.line + 1, f"wrong value: {error}", _remedy(type_)


def _remedy(type_: Any) -> str:
    allowed = [a for a in get_args(type_) if isinstance(a, str)]
    if allowed:
        return f"write one of: {', '.join(allowed)}"
    return _PLAIN.get(type_, "compare with a neighbouring file")
