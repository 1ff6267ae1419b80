"""A dosage as a row of terms: what each word is, numbers with their units, and spans."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.edition import Edition
from cds_service.facts.bounded import told
from cds_service.facts.tokens import Kind, Term, Tokens


@pytest.fixture(scope="module")
def tokens(edition: Edition) -> Tokens:
    return Tokens(edition.knowledge.dosing)


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("mg g 毫克 ug μg", "mass"), ("ml 毫升 l", "volume"), ("支 tablet vials", "piece"), ("kg m2 体表面积", "body"),
        ("h min 小时 秒", "clock"), ("d day week 周 天", "calendar"), ("dose 次 times", "giving"),
        ("/ ⁄ per every 每", "per"), ("x × * 乘", "times"), (":", "colon"), ("@ of", "of"), ("in", "in"),
        ("< > ≤ max 不超过", "limit"), (", ; + = |", "stop"), ("iv zoledronic 静滴", "word"),
    ],
)  # fmt: skip
def test_what_a_word_is(tokens: Tokens, words: str, kind: Kind) -> None:
    assert {word: tokens.kind(word) for word in words.split()} == dict.fromkeys(words.split(), kind)


@pytest.mark.parametrize(("line", "count"), [("4 mg", 1), ("2 x 12.5 mg", 3), ("两支 4 mg", 2), ("iv", 0), ("", 0)])
def test_how_many_numbers(tokens: Tokens, line: str, count: int) -> None:
    assert tokens.numbers(line) == count


def of(tokens: Tokens, text: str) -> list[Term]:
    return tokens.terms(told(text))


def test_a_number_has_the_measure_of_its_unit(tokens: Tokens) -> None:
    assert of(tokens, "0.004 g iv") == [Term("mass", "g", Fraction(4), glued=True), Term("word", "iv")]
    assert of(tokens, "4mg") == [Term("mass", "mg", Fraction(4), glued=True)]
    assert of(tokens, "x4 mg") == [Term("times", "x", glued=True), Term("mass", "mg", Fraction(4), glued=True)]
    assert of(tokens, "1 l 2 vials") == [
        Term("volume", "l", Fraction(1000), glued=True), Term("piece", "vials", Fraction(2))
    ]  # fmt: skip
    assert of(tokens, "3 h 4 d") == [Term("clock", "h", Fraction(3), glued=True), Term("calendar", "d", Fraction(4))]
    assert of(tokens, "每次4-mg") == [
        Term("per", "每", glued=True), Term("giving", "次", glued=True), Term("mass", "mg", Fraction(4), glued=True)
    ]  # fmt: skip
    assert of(tokens, "4 iv") == [Term("number", "4", Fraction(4), glued=True), Term("word", "iv")]
    assert of(tokens, "mg 4") == [Term("mass", "mg", glued=True), Term("number", "4", Fraction(4))]


def test_numbers_in_words(tokens: Tokens) -> None:
    assert of(tokens, "两片") == [Term("piece", "片", Fraction(2), glued=True)]
    assert of(tokens, "one tablet") == [Term("piece", "tablet", Fraction(1), glued=True)]
    assert of(tokens, "十二片") == [Term("piece", "片", Fraction(12), glued=True)]
    assert of(tokens, "十 二片")[-1] == Term("piece", "片", Fraction(2))


@pytest.mark.parametrize("text", ["4,5 mg", "1.2.3 mg", "-4 mg", ".4 mg", "~4 mg", "3/4 mg"])
def test_what_is_no_plain_number_is_unread(tokens: Tokens, text: str) -> None:
    last = of(tokens, text)[-1]
    assert (last.kind, last.word, last.value, last.unread) == ("mass", "mg", None, True)


@pytest.mark.parametrize("text", ["- 4 mg", "iv/4 mg", "/4 mg", "4 mg"])
def test_what_only_looks_like_one_is_read(tokens: Tokens, text: str) -> None:
    assert of(tokens, text)[-1].value == 4


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("4-8 mg", [Term("range", "mg", high=Fraction(8))]),
        ("4 mg to 8 mg", [Term("range", "mg", high=Fraction(8))]),
        ("4 mg 至 0.008 g", [Term("range", "g", high=Fraction(8))]),
        ("4 mg-8", [Term("range", "mg", high=Fraction(8))]),
        ("4-8", [Term("range", "")]),
        ("一至两片", [Term("range", "片", high=Fraction(2))]),
        ("4-8 mg iv", [Term("range", "mg", high=Fraction(8)), Term("word", "iv")]),
        ("4-1,5 mg", [Term("range", "mg")]),
        ("4 to", [Term("number", "4", Fraction(4), glued=True), Term("word", "to")]),
        ("4 to iv", [Term("number", "4", Fraction(4), glued=True), Term("word", "to"), Term("word", "iv")]),
    ],
)
def test_a_span_is_one_term(tokens: Tokens, text: str, terms: list[Term]) -> None:
    assert of(tokens, text) == terms


def test_the_longest_chinese_word_is_taken(tokens: Tokens) -> None:
    assert of(tokens, "最大4毫克") == [Term("limit", "最大", glued=True), Term("mass", "毫克", Fraction(4), glued=True)]
    assert [t.word for t in of(tokens, "按体表面积")] == ["按", "体表面积"]
    assert of(tokens, "10 mg/m2")[-1] == Term("body", "m2", glued=True)
    assert of(tokens, "10 mg/m^2")[-1].word == "m^2"
