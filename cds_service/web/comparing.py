"""What the page Compare is asked: the running content against a folder of the list, or against a recording."""

from __future__ import annotations

from datetime import datetime

import msgspec
from flask import request

from cds_service.base.kinds import LanguageTag
from cds_service.call.problems import CallProblem
from cds_service.workbench.beside import Beside, beside
from cds_service.workbench.compare import Difference, NotARecording, compared, recorded
from cds_service.workbench.contents import Contents, NotContent, Version
from cds_service.workbench.desk import Wish
from cds_service.workbench.strips import Strip


class Compared(msgspec.Struct, frozen=True):
    """``folder``: chosen from ``folders``; empty: a recording. ``newer``: whether it, and not the running content, is
    the newer version. ``unreadable``: of a recording; ``faults``: of a folder."""

    folders: tuple[str, ...]
    folder: str = ""
    newer: bool = False
    version: str = ""
    difference: Difference | None = None
    unreadable: str | None = None
    faults: tuple[str, ...] = ()


class Laid(msgspec.Struct, frozen=True):
    """The strips of one situation, version above version. ``named``: whether situation and folder are there."""

    folder: str
    version: str = ""
    faults: tuple[str, ...] = ()
    strips: tuple[Beside, ...] = ()
    named: bool = True


def asked(contents: Contents) -> Compared:
    """What the form in the body asks to be compared. Raises ``FileNotFoundError`` for a folder that is not listed."""
    it = Compared(contents.names, request.form.get("folder", ""), request.form.get("newer") == "folder")
    if request.method != "POST":
        return it
    try:
        if not it.folder:
            old = recorded(request.form.get("recording", ""))
            return msgspec.structs.replace(it, newer=False, difference=compared(old, contents.running.answers))
        other = contents.version(it.folder)
    except NotARecording as fault:
        return msgspec.structs.replace(it, unreadable=str(fault))
    except NotContent as broken:
        return msgspec.structs.replace(it, faults=broken.faults)
    old_new = (contents.running, other) if it.newer else (other, contents.running)
    difference = compared(*(each.answers for each in old_new))
    return msgspec.structs.replace(it, version=other.edition.version, difference=difference)


def strips_of(contents: Contents, tag: LanguageTag, now: datetime) -> Laid:
    """The strips of the situation and folder that the query names: a name of the list each, never a path."""
    folder, wish = request.args.get("folder", ""), Wish(tag, request.args.get("situation", ""))
    try:
        other = contents.version(folder)
        drawn = tuple(_strips(each, wish, now) for each in (other, contents.running))
    except FileNotFoundError:
        return Laid("", named=False)
    except NotContent as broken:
        return Laid(folder, faults=broken.faults)
    return Laid(folder, other.edition.version, strips=beside(*drawn))


def _strips(version: Version, wish: Wish, now: datetime) -> tuple[Strip, ...]:
    try:
        return version.desk.strips(version.desk.lay(wish, now))
    except CallProblem:  # a situation that is meant to be refused has no number to move
        return ()
