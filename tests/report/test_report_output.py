"""Table, CSV and page: what they say, and what they do not do to the one who opens them."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import uuid
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest
from rich.cells import cell_len

from cds_service.edition import Edition
from cds_service.report import csvfile, page, table
from cds_service.report.figures import Figures
from cds_service.report.reading import figures
from cds_service.report.words import Words, plain, texts
from cds_service.store.engine import Database
from tests.databases import opened
from tests.report.made import SINCE, UNTIL, WRONG, Store, at

LANGUAGES = ("en", "zh-CN")
NASTY = "=cmd|' /C calc'!A0 <script>alert(1)</script> <img src=x onerror=alert(1)> \x1b[31mred\x07\u202egnp"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """What is drawn does not depend on where it was read."""
    with opened(f"sqlite:///{tmp_path / 'cds.sqlite3'}") as made:
        yield made


def read(database: Database, edition: Edition, **scope: str) -> Figures:
    return figures(database, SINCE, UNTIL, **scope, topics=tuple(edition.recommendations), wrong_advice=WRONG)


@pytest.fixture
def busy(database: Database, edition: Edition) -> Figures:
    """A topic that stopped, one in silent mode, reasons of every kind, losses, a comment that means harm."""
    store = Store(database)
    first, second, third, fourth, *_ = store.cards(at(3), number=60)
    store.feedback(first, "overridden", WRONG, comment=NASTY)
    store.feedback(second, "overridden", "unrecognised")
    store.feedback(third)
    store.feedback(fourth, "accepted")
    store.cards(at(4), "infusion-time", 7, outcome="silent", indicator="info")
    store.cards(at(5), "a-topic-of-last-year")
    store.feedback(uuid.uuid4(), topic="infusion-time")
    store.feedback(uuid.uuid4())
    store.cards(at(5), "infusion-time", outcome="folded", held_by=first)
    store.cards(at(5), "infusion-time", 2, outcome="said-at-order")
    store.calls(at(5), 300)
    store.calls(at(30), 80)
    store.lost(at(6), 9)
    return read(database, edition)


@pytest.fixture(params=LANGUAGES)
def words(request: pytest.FixtureRequest, edition: Edition) -> Words:
    return Words.read(edition, request.param)


class Page(HTMLParser):
    """Elements with their attributes, and the text that is not style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.styles = ""
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.styles += data
        else:
            self.text += data

    def ids(self) -> set[str | None]:
        return {attributes.get("id") for _, attributes in self.elements}


def test_the_page_loads_nothing_and_runs_nothing(busy: Figures, words: Words) -> None:
    html = page.render(busy, words)
    made = Page(html)
    tags = {tag for tag, _ in made.elements}
    assert tags.isdisjoint({"script", "link", "img", "image", "iframe", "object", "embed", "base", "use", "a", "form"})
    for _, attributes in made.elements:
        assert attributes.keys().isdisjoint({"src", "href", "xlink:href", "srcset", "data", "action", "background"})
        assert not [name for name in attributes if name.startswith("on")]
        assert "url(" not in (attributes.get("style") or "")
    styles = made.styles.lower()
    assert len(styles) > 1000
    assert "@import" not in styles
    assert "url(" not in styles
    assert set(re.findall(r"https?://[^\s\"'<)]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert "<?xml" not in html


def test_the_page_says_its_language_and_encoding(busy: Figures, words: Words) -> None:
    made = Page(page.render(busy, words))
    assert made.elements[0] == ("html", {"lang": words.tag})
    assert ("meta", {"charset": "utf-8"}) in made.elements


def test_the_page_shows_every_plot_alarm_and_loss(busy: Figures, words: Words) -> None:
    made = Page(page.render(busy, words))
    assert words("via", topic=words.topic("infusion-time"), accepted=0, overridden=1) in made.text
    assert made.ids() >= {"lost", "alarms", "rates", "reasons", "trend", "volume", "numbers"}
    # Rates, reasons, volume; all calls and the three topics that fired.
    assert sum(tag == "svg" for tag, _ in made.elements) == 7
    for said in (
        words("lost", n=9),
        words("stopped"),
        words.topic("denosumab-dose"),
        "a-topic-of-last-year",
        words("unknown", n=2),
        words("no_reason"),
        words("unrecognised"),
        words("wrong"),
    ):
        assert said in made.text
    # The bar itself, and the interval as pygal draws it.
    assert "5\N{NO-BREAK SPACE}% (3/60)" in made.text
    assert [tag for tag, attributes in made.elements if attributes.get("class") == "ci"] == ["g"] * 3


def test_a_comment_is_text_on_the_page(busy: Figures, words: Words) -> None:
    html = page.render(busy, words)
    assert "&lt;script&gt;alert(1)" in html
    assert "<script" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html


def test_a_scope_is_escaped_too(database: Database, edition: Edition, words: Words) -> None:
    html = page.render(read(database, edition, issuer="<b>x</b>"), words)
    assert "&lt;b&gt;x" in html
    assert "<b>x" not in html


def test_nothing_recorded_is_said_everywhere(database: Database, edition: Edition, words: Words) -> None:
    made = read(database, edition)
    shown = Page(page.render(made, words))
    assert "empty" in shown.ids()
    assert "rates" not in shown.ids()
    assert words("empty") in shown.text
    assert words("empty") in table.render(made, words)
    rows = list(csv.DictReader(io.StringIO(csvfile.render(made, words))))
    assert [row["topic"] for row in rows] == list(edition.recommendations)
    assert {(row["shown"], row["override_rate"], row["change"]) for row in rows} == {("0", "", "too-little")}
    for topic in edition.recommendations:
        assert words.topic(topic) in shown.text


def test_the_table_fits_100_columns_and_steers_no_terminal(busy: Figures, words: Words) -> None:
    text = table.render(busy, words, 100)
    assert max(map(cell_len, text.splitlines())) <= 100
    assert {c for c in text if unicodedata.category(c) in ("Cc", "Cf")} <= {"\n"}
    for said in (words("lost", n=9), words("stopped").upper(), "<script>alert(1)</script>", words("unknown", n=2)):
        assert said in text
    assert any(re.search(r" 60 +1 +3 +5 % +2–14 % +0 +0 ", line.replace("\N{NO-BREAK SPACE}", " "))
               for line in text.splitlines())  # fmt: skip


def test_the_table_tells_what_was_said_elsewhere(busy: Figures, words: Words) -> None:
    said = " ".join(table.render(busy, words).split())
    topic = words.topic("infusion-time")
    assert words("not_repeated", topic=topic, n=2)[-20:] in said
    assert words("via", topic=topic, accepted=0, overridden=1)[-20:] in said


def test_topics_without_cards_are_one_line_not_rows_of_zeros(
    busy: Figures, words: Words, edition: Edition, database: Database
) -> None:
    said = [(busy, {"denosumab-dose", "infusion-time"}), (read(database, edition, tenant="nobody"), set[str]())]
    for made, heard in said:
        quiet = [words.topic(topic) for topic in edition.recommendations if topic not in {t.topic for t in made.heard}]
        assert heard <= {t.topic for t in made.heard}
        line = words("unheard", n=len(quiet), topics=words("comma").join(quiet))
        html = page.render(made, words)
        assert line in Page(html).text
        assert html.count("<tr><th>") + html.count('<tr class="open"><th>') < len(edition.recommendations)
        assert " ".join(line.split()) in " ".join(table.render(made, words).split())


def test_colour_only_where_asked_for(busy: Figures, words: Words) -> None:
    assert "\x1b[" in table.render(busy, words, 100, colour=True)
    assert "\x1b" not in table.render(busy, words, 100)


@pytest.mark.parametrize(
    ("weeks", "drawn"), [([], ""), ([0, 0], "··"), ([1, 4, 8], "▁▄█"), ([0, 1, 1000], "·▁█"), ([9] * 30, "█" * 12)]
)
def test_little_bars(weeks: list[int], drawn: str) -> None:
    assert table.bars(weeks) == drawn


def test_csv_has_a_row_for_every_topic_and_one_for_the_rest(busy: Figures, words: Words, edition: Edition) -> None:
    rows = list(csv.DictReader(io.StringIO(csvfile.render(busy, words))))
    assert [row["topic"] for row in rows] == [*edition.recommendations, "a-topic-of-last-year", ""]
    by_topic = {row["topic"]: row for row in rows}
    dose = by_topic["denosumab-dose"]
    assert (dose["shown"], dose["accepted"], dose["overridden"], dose["override_rate"]) == ("60", "1", "3", "0.05")
    assert (dose[f"reason:{WRONG}"], dose["reason:unrecognised"], dose["no_reason"]) == ("1", "1", "1")
    assert (dose["change"], dose["fired_before"], dose["calls_last_7_days"]) == ("stopped", "60", "80")
    assert dose["name"] == words.topic("denosumab-dose")
    assert (by_topic["infusion-time"]["silent"], by_topic["infusion-time"]["feedback_not_on_record"]) == ("7", "1")
    assert by_topic["infusion-time"]["said_at_order"] == "2"
    via = ("accepted_via_summary", "overridden_via_summary", "reasons_via_summary")
    assert [by_topic["infusion-time"][name] for name in via] == ["0", "1", f"{WRONG}:1"]
    assert by_topic[""]["feedback_not_on_record"] == "1"
    assert {row["calls_not_recorded"] for row in rows} == {"9"}


def test_every_column_of_the_csv_is_documented(busy: Figures, words: Words) -> None:
    header = next(csv.reader(io.StringIO(csvfile.render(busy, words))))
    assert csvfile.__doc__ is not None
    documented = set(re.findall(r"``([\w:<>]+)``", csvfile.__doc__))
    assert {re.sub(":.*", ":<code>", name) for name in header} <= documented


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_no_cell_is_a_formula(start: str) -> None:
    assert csvfile.safe(start) == f"'{start}"


def test_other_cells_stay_as_they_are_and_none_is_longer_than_excel_takes() -> None:
    assert csvfile.safe("a=1") == "a=1"
    assert csvfile.safe(-1) == -1
    assert len(str(csvfile.safe("=" * 40_000))) == 32_767


def test_no_comment_of_the_csv_is_a_formula(busy: Figures, words: Words) -> None:
    rows = list(csv.reader(io.StringIO(csvfile.render(busy, words))))
    cells = [cell for row in rows for cell in row]
    assert not [cell for cell in cells if cell.startswith(csvfile._FORMULA)]
    assert [cell for cell in cells if cell.startswith("'=cmd|' /C calc'!A0 <script>")]


def test_no_scope_of_the_csv_is_a_formula(database: Database, edition: Edition, words: Words) -> None:
    rows = csv.DictReader(io.StringIO(csvfile.render(read(database, edition, tenant="@SUM(1)"), words)))
    assert {row["tenant"] for row in rows} == {"'@SUM(1)"}


def test_a_second_comment_in_a_cell_is_no_formula_either(database: Database, edition: Edition, words: Words) -> None:
    store = Store(database)
    for number, each in enumerate(store.cards(at(1), number=2)):
        store.feedback(each, "overridden", WRONG, comment="=1+1", when=at(number + 2))
    rows = csv.DictReader(io.StringIO(csvfile.render(read(database, edition), words)))
    comments = next(row["wrong_advice_comments"] for row in rows if row["topic"] == "denosumab-dose")
    assert [line[:2] for line in comments.splitlines()] == ["'=", "'="]


def test_text_from_outside_becomes_one_harmless_line() -> None:
    assert plain("a\r\nb\x1b[2J\x9b\u202ec\u2028d\x00") == "a b[2Jc d"


def test_both_languages_have_every_word_with_the_same_blanks() -> None:
    english, chinese = texts("en"), texts("zh-CN")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        assert text.strip()
        assert chinese[key].strip()
        blanks = [{name for _, name, _, _ in Formatter().parse(each) if name} for each in (text, chinese[key])]
        assert blanks[0] == blanks[1], key
        assert re.search(r"[\u4e00-\u9fff]", chinese[key]) or key in ("none", "comma", "named"), key


def test_every_word_is_used() -> None:
    folder = Path(page.__file__).parent
    sources = "".join(p.read_text(encoding="utf-8") for p in folder.iterdir() if p.suffix in (".py", ".j2"))
    made_up = ("indicator_", "outcome_", "means_")
    assert [key for key in texts("en") if not key.startswith(made_up) and not re.search(rf"\b{key}\b", sources)] == []
