"""Where the links of a page lead: on a server by query, in an export by file. Relative, so that both may be moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from cds_service.base.kinds import LanguageTag

PAGES = ("try", "knowledge", "compare", "report", "api")


@dataclass(frozen=True, slots=True)
class Links:
    """From a page that lies ``depth`` folders below the workbench. ``query``: what the page itself was asked with."""

    tag: LanguageTag
    depth: int = 0
    here: str = "try"
    query: tuple[tuple[str, str], ...] = ()

    # An export has no service to send anything to.
    live = True
    pages: tuple[str, ...] = PAGES

    @property
    def up(self) -> str:
        return "../" * self.depth

    def file(self, name: str) -> str:
        return f"{self.up}static/{name}"

    def page(self, name: str) -> str:
        return self._to(name)

    def topic(self, code: str) -> str:
        return self._to(f"knowledge/{code}")

    def guideline(self) -> str:
        return self._to("knowledge/guideline")

    def situation(self, name: str, numbers: Mapping[str, str] | None = None) -> str:
        return self._to("try", situation=name, **{f"k.{key}": value for key, value in (numbers or {}).items()})

    def strips(self, name: str, folder: str) -> str:
        """The strips of a situation in a folder's version, above those of the running one."""
        return self._to("compare/strips", situation=name, folder=folder)

    def language(self, tag: LanguageTag) -> str:
        """This page in another language."""
        return self._to(self.here, **{**dict(self.query), "lang": tag})

    def data(self) -> str:
        """This page as JSON."""
        return self._to(f"{self.here}.json", **dict(self.query))

    def service(self, path: str) -> str:
        """An address of the service itself."""
        return f"../{self.up}{path}"

    def _to(self, path: str, **query: str) -> str:
        return f"{self.up}{path}?{urlencode({'lang': self.tag} | query)}"


@dataclass(frozen=True, slots=True)
class FileLinks(Links):
    """The same from file to file: a folder for each language, beside the static files."""

    live = False
    pages: tuple[str, ...] = ("try", "knowledge", "api")

    def page(self, name: str) -> str:
        return f"{self.up}{name}.html"

    def topic(self, code: str) -> str:
        return f"{self.up}knowledge/{code}.html"

    def guideline(self) -> str:
        return f"{self.up}knowledge/guideline.html"

    def situation(self, name: str, numbers: Mapping[str, str] | None = None) -> str:  # noqa: ARG002
        return f"{self.up}try/{name}.html"

    def file(self, name: str) -> str:
        return f"../{self.up}static/{name}"

    def language(self, tag: LanguageTag) -> str:
        return f"../{self.up}{tag}/{self.here}.html"

    def data(self) -> str:
        return ""
