"""Other versions of the content that the running one may be compared with: the folders of one folder that a setting
names. A browser chooses one by its name in the list, never by a path."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cds_service.base.complaints import StartFault
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.knowledge.seal import signed_files
from cds_service.site.settings import Settings
from cds_service.workbench.compare import Answers, answers_of
from cds_service.workbench.desk import Desk

# By this file a folder is one of content.
_MARK = "guideline.yaml"
MOST_LISTED = 50
MOST_FAULTS = 20


class NotContent(Exception):
    """A folder that cannot run. ``faults``: what is wrong with it, a line each, without the path of the folder."""

    def __init__(self, fault: StartFault, folder: Path) -> None:
        super().__init__()
        self.faults = tuple(str(fault).replace(f"{folder}/", "").splitlines()[:MOST_FAULTS])


@dataclass(frozen=True)
class Version:
    """One version of the content: what it answers to every shipped situation, and a desk for its strips."""

    edition: Edition
    answers: Answers
    desk: Desk


class Contents:
    """The versions there are. What was loaded last is kept for as long as its files stay the same."""

    def __init__(self, running: Edition, settings: Settings, defaults: Defaults) -> None:
        self._running, self._folder, self._defaults = running, settings.compare_dir, defaults
        # Of the same site; nobody has to have signed what is only looked at.
        self._settings = dataclasses.replace(settings, profile="development", seal_file=None)
        self._known: dict[str, tuple[Mapping[str, str], Version]] = {}
        self._own: Version | None = None
        self._lock = Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The folders to choose from, sorted."""
        if self._folder is None or not self._folder.is_dir():
            return ()
        found = (it.name for it in self._folder.iterdir() if not it.name.startswith(".") and (it / _MARK).is_file())
        return tuple(sorted(found)[:MOST_LISTED])

    @property
    def running(self) -> Version:
        with self._lock:
            if self._own is None:
                self._own = self._version(self._running)
            return self._own

    def version(self, name: str) -> Version:
        """The version of this name. Raises ``FileNotFoundError`` for one that is not listed, ``NotContent`` for one
        that cannot run with the rules of this server."""
        if self._folder is None or name not in self.names:
            raise FileNotFoundError
        folder = self._folder / name
        with self._lock:
            files = _files(folder)
            if name not in self._known or self._known[name][0] != files:
                self._known.clear()
                self._known[name] = files, self._load(folder)
            return self._known[name][1]

    def _load(self, folder: Path) -> Version:
        try:
            return self._version(Edition.load(self._settings, folder))
        except StartFault as fault:
            raise NotContent(fault, folder) from None

    def _version(self, edition: Edition) -> Version:
        return Version(edition, answers_of(edition), Desk(edition, self._defaults))


def _files(folder: Path) -> Mapping[str, str]:
    try:
        return signed_files(folder)
    except StartFault as fault:
        raise NotContent(fault, folder) from None
