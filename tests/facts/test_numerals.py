"""Number words of a table, and the Chinese ones made of them."""

from __future__ import annotations

from cds_service.knowledge.numerals import numerals

LISTED = {"one": 1, "ten": 10, "一": 1, "二": 2, "两": 2, "八": 8, "十": 10, "三十": 30}


def test_chinese_numbers_below_a_hundred_are_made_of_those_listed() -> None:
    found = numerals(LISTED)
    assert {w: found[w] for w in ("十", "十二", "二十", "二十八", "两十一", "八十八")} == {
        "十": 10, "十二": 12, "二十": 20, "二十八": 28, "两十一": 21, "八十八": 88,
    }  # fmt: skip
    assert LISTED.items() <= found.items()
    assert max(found.values()) == 88
    assert not [w for w in found if w.isascii() and w not in LISTED]


def test_the_longest_word_is_tried_first() -> None:
    lengths = [len(word) for word in numerals(LISTED)]
    assert lengths == sorted(lengths, reverse=True)


def test_without_a_ten_nothing_is_made() -> None:
    assert numerals({"ten": 10, "一": 1}) == {"ten": 10, "一": 1}
