"""A chapter is read once, when it is first asked for, and carries what its readers need to know of it."""

from __future__ import annotations

from collections.abc import Iterator

from cds_service.facts.chapter import chapter
from cds_service.facts.explained import Basis, Fact

BASIS = Basis(windows=("pain",))
LOOK_BACK = {"observations": "pain"}


def explained(number: int) -> Iterator[Fact]:
    yield Fact("a", {"number": number})


class Page:
    """Facts of two chapters."""

    def __init__(self) -> None:
        self.read: list[str] = []

    @chapter("conditions", "observations", look_back=LOOK_BACK, analytes=("albumin",), explained=explained, basis=BASIS)
    def whole(self) -> int:
        self.read.append("whole")
        return 7

    @chapter()
    def bare(self) -> None:
        self.read.append("bare")


def test_a_chapter_is_read_when_it_is_asked_for_and_once() -> None:
    page = Page()
    assert page.read == []
    assert (page.whole, page.whole) == (7, 7)
    # Nothing found is remembered too.
    assert (page.bare, page.bare) == (None, None)
    assert page.read == ["whole", "bare"]
    assert Page().read == [], "of another patient nothing is remembered"


def test_a_chapter_says_what_it_is_read_from_and_what_it_tells() -> None:
    def read(page: Page) -> int:
        return 8

    it = chapter(
        "conditions", "observations", look_back=LOOK_BACK, analytes=("albumin",), explained=explained, basis=BASIS
    )(read)
    assert (it.keys, it.look_back, it.analytes) == (("conditions", "observations"), LOOK_BACK, ("albumin",))
    assert it.explained is not None
    assert list(it.explained(7)) == [Fact("a", {"number": 7})]
    assert (it.basis, it.function) == (BASIS, read)
    page = Page()
    assert it.__get__(page) == 8
    assert vars(page)["read"] == 8, "kept under the name of its function"


def test_what_a_chapter_leaves_out_is_nothing() -> None:
    it = chapter("patient")(len)
    assert (it.keys, it.look_back, it.analytes, it.explained, it.basis) == (("patient",), {}, (), None, Basis())
