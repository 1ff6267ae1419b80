"""The figures: what is counted, what is counted once, and what is not mixed."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from cds_service.report.figures import Outcomes, Week
from cds_service.report.reading import _snapshot, figures
from cds_service.store.engine import Database
from cds_service.store.tables import card
from tests.databases import opened, postgresql_database
from tests.report.made import SINCE, UNTIL, WRONG, Store, at, read, topic_of


@pytest.fixture
def store(database: Database) -> Store:
    return Store(database)


def test_cards_are_counted_by_topic_outcome_and_indicator(store: Store) -> None:
    store.cards(at(1), number=3)
    store.cards(at(1), number=2, indicator="critical")
    store.cards(at(2), outcome="silent")
    store.cards(at(3), outcome="suppressed", indicator="critical")
    store.cards(at(3), "infusion-time", indicator="info")
    made = read(store.database)
    assert topic_of(made).cards == Outcomes(shown=5, silent=1, suppressed=1)
    assert topic_of(made).indicators == {
        "warning": Outcomes(shown=3, silent=1),
        "critical": Outcomes(shown=2, suppressed=1),
    }
    assert topic_of(made, "infusion-time").indicators == {"info": Outcomes(1)}
    assert made.cards == Outcomes(shown=6, silent=1, suppressed=1)
    assert made.indicators["warning"] == Outcomes(shown=3, silent=1)


def test_a_repeated_call_gives_the_same_card_which_counts_once(store: Store) -> None:
    (same,) = store.cards(at(1))
    store.cards(at(1, 13), uuids=[same])
    store.cards(at(9), uuids=[same])
    store.feedback(same)
    topic = topic_of(read(store.database))
    assert (topic.cards.shown, topic.overridden) == (1, 1)
    # In the week it was first seen.
    assert [week.shown for week in topic.weeks] == [1, 0, 0, 0, 0]


@pytest.mark.parametrize(
    ("outcomes", "counted"),
    [
        (("suppressed", "shown"), Outcomes(shown=1)),
        (("shown", "suppressed"), Outcomes(shown=1)),
        (("suppressed", "silent"), Outcomes(silent=1)),
    ],
)
def test_a_card_that_was_shown_once_was_shown(store: Store, outcomes: tuple[str, str], counted: Outcomes) -> None:
    same = [uuid.uuid4()]
    for hour, outcome in enumerate(outcomes):
        store.cards(at(1, hour), outcome=outcome, uuids=same)
    assert topic_of(read(store.database)).cards == counted


def test_two_issuers_and_two_tenants_with_the_same_uuid_do_not_mix(store: Store) -> None:
    same = [uuid.uuid4()]
    store.cards(at(1), uuids=same)
    store.cards(at(1), uuids=same, issuer="https://other.example")
    store.cards(at(1), uuids=same, tenant="north")
    store.feedback(same[0], "overridden", "patient-refuses", issuer="https://other.example")
    topic = topic_of(read(store.database))
    assert (topic.cards.shown, topic.overridden, topic.reasons) == (3, 1, {"patient-refuses": 1})
    assert topic_of(read(store.database, issuer="https://other.example")).overridden == 1
    here = read(store.database, issuer="https://ehr.example", tenant="")
    assert (topic_of(here).cards.shown, topic_of(here).overridden, here.calls.total) == (1, 0, 1)
    assert topic_of(read(store.database, tenant="north")).cards.shown == 1
    # Feedback for the card of another one is feedback for no card at all.
    store.feedback(same[0], issuer="https://third.example")
    assert read(store.database).unknown == 1
    store.feedback(same[0], tenant="south")
    assert read(store.database).unknown == 2
    assert topic_of(read(store.database)).overridden == 1
    store.feedback(same[0], tenant="north")
    assert topic_of(read(store.database)).overridden == 2


def test_a_card_answered_more_than_once_counts_once_on_each_side(store: Store) -> None:
    (both,) = store.cards(at(1))
    for outcome in ("accepted", "accepted", "overridden", "overridden"):
        store.feedback(both, outcome)
    topic = topic_of(read(store.database))
    assert (topic.accepted, topic.overridden) == (1, 1)


def test_reasons_count_cards_not_events(store: Store) -> None:
    first, second, third, fourth = store.cards(at(1), number=4)
    store.feedback(first, "overridden", "patient-refuses")
    store.feedback(first, "overridden", "patient-refuses", WRONG, when=at(11))
    store.feedback(first, "overridden", when=at(12))
    store.feedback(second, "overridden", "unrecognised")
    store.feedback(third)
    store.feedback(fourth, "accepted", "need-more-info")
    topic = topic_of(read(store.database))
    assert topic.reasons == {"patient-refuses": 1, WRONG: 1, "unrecognised": 1}
    # The first card has a reason, although one of its events has none.
    assert topic.no_reason == 1
    assert (topic.overridden, topic.accepted) == (3, 1)


def test_feedback_counts_whenever_it_arrives(store: Store) -> None:
    early, late = store.cards(at(1), number=2)
    store.feedback(early, when=at(0))  # another machine was faster than the row of the card
    store.feedback(late, when=UNTIL + timedelta(days=30))
    assert topic_of(read(store.database)).overridden == 2


def test_feedback_for_a_card_that_was_not_shown_answers_nothing(store: Store) -> None:
    (silent,) = store.cards(at(1), outcome="silent")
    store.feedback(silent, "overridden", WRONG)
    made = read(store.database)
    assert (made.overridden, topic_of(made).reasons, topic_of(made).rate, made.unknown) == (0, {}, None, 0)


def test_what_is_told_of_the_summary_is_told_of_every_topic_in_it_and_counted_apart(store: Store) -> None:
    holder, stranger = uuid.uuid4(), uuid.uuid4()
    store.feedback(holder, "overridden", "patient-refuses", when=at(0))  # sooner than the rows of its cards
    store.cards(at(1), "review-summary", uuids=[holder])
    store.cards(at(1), number=2, outcome="folded", held_by=holder)
    store.cards(at(1), "infusion-time", outcome="folded", held_by=stranger)
    for again in (1, 2):
        store.feedback(holder, "overridden", "patient-refuses", when=at(again))
    store.feedback(stranger, "accepted")
    made = read(store.database)
    dose = topic_of(made)
    assert (dose.overridden_via, dose.accepted_via, dose.reasons_via) == (2, 0, {"patient-refuses": 2})
    assert (dose.overridden, dose.accepted, dose.reasons, dose.no_reason) == (0, 0, {}, 0)
    assert dose.rate is not None
    assert dose.rate.value == 0
    assert [week.overridden for week in dose.weeks] == [0] * 5
    assert (topic_of(made, "infusion-time").accepted_via, topic_of(made, "infusion-time").overridden_via) == (1, 0)
    summary = topic_of(made, "review-summary")
    assert (summary.overridden, summary.overridden_via) == (1, 0)


def test_what_is_told_of_a_folded_card_itself_wins(store: Store) -> None:
    holder = uuid.uuid4()
    store.cards(at(1), "review-summary", uuids=[holder])
    direct, _ = store.cards(at(1), number=2, outcome="folded", held_by=holder)
    store.feedback(direct, "accepted")
    store.feedback(holder, "overridden", WRONG)
    dose = topic_of(read(store.database))
    assert (dose.accepted, dose.overridden, dose.reasons) == (1, 0, {})
    assert (dose.accepted_via, dose.overridden_via, dose.reasons_via) == (0, 1, {WRONG: 1})


def test_a_holder_of_another_caller_and_a_card_kept_back_with_its_holder_are_told_nothing(store: Store) -> None:
    holder = uuid.uuid4()
    (elsewhere,) = store.cards(at(1), outcome="folded", held_by=holder)
    store.cards(at(1), outcome="seen", held_by=holder)
    store.feedback(holder, tenant="north")
    assert topic_of(read(store.database)).overridden_via == 0
    store.feedback(holder)
    assert topic_of(read(store.database)).overridden_via == 1
    # One that stood by itself in another call of the same uuid is answered by itself.
    store.cards(at(2), uuids=[elsewhere])
    assert topic_of(read(store.database)).overridden_via == 0


def test_feedback_for_cards_not_on_record_is_counted_apart(store: Store) -> None:
    store.feedback(uuid.uuid4(), topic="infusion-time")
    store.feedback(uuid.uuid4(), "accepted", topic="infusion-time")
    store.feedback(uuid.uuid4())
    store.feedback(uuid.uuid4(), when=UNTIL)
    made = read(store.database)
    assert made.unknown == 3
    assert topic_of(made, "infusion-time").unknown == 2
    assert (made.overridden, made.accepted, made.empty) == (0, 0, False)


def test_the_period_includes_its_beginning_and_not_its_end(store: Store) -> None:
    for moment in (SINCE - timedelta(microseconds=1), SINCE, UNTIL - timedelta(microseconds=1), UNTIL):
        store.cards(moment)
        store.lost(moment, 1)
    made = read(store.database)
    assert (made.cards.shown, made.calls.total, made.calls.lost) == (2, 2, 2)


def test_an_empty_period_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="empty"):
        figures(store.database, UNTIL, UNTIL, wrong_advice=WRONG)


def test_weeks_begin_on_monday_in_utc_and_none_is_missing(store: Store) -> None:
    store.cards(at(6, 23.99), number=2)
    monday = store.cards(at(7, 0), number=3)
    store.feedback(monday[0], when=at(20))
    made = read(store.database)
    assert made.weeks == tuple(date(2026, 3, 2) + n * timedelta(days=7) for n in range(5))
    shown = topic_of(made).weeks
    assert shown[:2] == (Week(date(2026, 3, 2), 2, 0), Week(date(2026, 3, 9), 3, 1))
    assert [week.shown for week in shown] == [2, 3, 0, 0, 0]
    assert made.calls.weeks == (1, 1, 0, 0, 0)


def test_days_are_utc_whatever_the_session_says(store: Store) -> None:
    if not store.database.is_sqlite:
        with store.database.engine.begin() as connection:
            name = connection.exec_driver_sql("SELECT current_database()").scalar_one()
            connection.exec_driver_sql(f"ALTER DATABASE \"{name}\" SET timezone TO 'Asia/Shanghai'")
        store.database.close()
    store.cards(at(6, 23))  # Sunday in UTC, Monday in Shanghai
    assert [week.shown for week in topic_of(read(store.database)).weeks] == [1, 0, 0, 0, 0]


def test_a_week_cut_by_the_period_is_still_a_week(store: Store) -> None:
    made = figures(store.database, at(2), at(8), wrong_advice=WRONG)
    assert made.weeks == (date(2026, 3, 2), date(2026, 3, 9))


def test_calls_are_counted_by_outcome_and_losses_with_them(store: Store) -> None:
    store.calls(at(1), 3, outcome="no-cards")
    store.calls(at(2), 2, status=400, outcome="bad-request")
    store.lost(at(3), 4)
    store.lost(at(4), 5)
    calls = read(store.database).calls
    assert calls.outcomes == {"no-cards": 3, "bad-request": 2}
    assert (calls.total, calls.answered, calls.lost) == (5, 3, 9)


def test_topics_that_never_fired_are_listed_and_unknown_ones_come_last(store: Store) -> None:
    store.cards(at(1), "a-topic-of-last-year")
    made = read(store.database)
    assert [topic.topic for topic in made.topics] == ["denosumab-dose", "infusion-time", "a-topic-of-last-year"]
    assert topic_of(made).cards == Outcomes()
    assert topic_of(made).rate is None
    assert len(topic_of(made).weeks) == 5


def test_only_comments_that_call_the_advice_wrong_are_listed_newest_first(store: Store) -> None:
    first, second, third = store.cards(at(1), number=3)
    store.feedback(first, "overridden", WRONG, comment="older", when=at(11))
    store.feedback(second, "overridden", WRONG, "patient-refuses", comment="newer", when=at(12))
    store.feedback(third, "overridden", "patient-refuses", comment="another reason")
    store.feedback(third, "accepted", WRONG, comment="accepted")
    store.feedback(third, "overridden", WRONG, when=at(13))
    store.feedback(third, "overridden", WRONG, comment="  ", when=at(14))
    store.feedback(third, "overridden", WRONG, comment="next month", when=UNTIL)
    store.feedback(uuid.uuid4(), "overridden", WRONG, comment="claimed", topic="infusion-time", when=at(10))
    store.feedback(uuid.uuid4(), "overridden", WRONG, comment="nowhere", when=at(9))
    made = read(store.database)
    assert [(c.text, c.topic) for c in made.comments] == [
        ("newer", "denosumab-dose"), ("older", "denosumab-dose"), ("claimed", "infusion-time"), ("nowhere", None),
    ]  # fmt: skip
    assert made.comments[0].at == at(12)
    assert made.comments_total == 4


def test_more_comments_than_one_reads_are_counted_not_loaded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cds_service.report.reading.COMMENTS", 2)
    for each in store.cards(at(1), number=3):
        store.feedback(each, "overridden", WRONG, comment="no")
    made = read(store.database)
    assert (len(made.comments), made.comments_total) == (2, 3)


def test_nothing_recorded_gives_zeros(store: Store) -> None:
    made = read(store.database)
    assert made.empty
    assert (made.rate, made.alarms, made.comparable) == (None, (), False)


def test_reading_leaves_the_store_as_it_was_and_open_to_writers(store: Store) -> None:
    read(store.database)
    store.cards(at(1))
    assert read(store.database).cards.shown == 1


def test_a_very_long_period_is_drawn_by_its_last_two_years_and_counted_whole(store: Store) -> None:
    store.cards(SINCE - timedelta(days=5000))
    store.cards(at(1))
    made = figures(store.database, SINCE - timedelta(days=700_000), UNTIL, wrong_advice=WRONG)
    assert (len(made.weeks), made.weeks[-1]) == (104, date(2026, 3, 30))
    assert made.cards.shown == 2


def test_a_week_holds_what_silent_mode_and_suppression_kept_back(store: Store) -> None:
    store.cards(at(1), number=2)
    store.cards(at(1), outcome="silent", number=3)
    store.cards(at(2), outcome="suppressed")
    assert topic_of(read(store.database)).weeks[0] == Week(date(2026, 3, 2), 2, 0, 4)


def test_a_report_may_take_longer_than_a_call(postgresql: str) -> None:
    """PostgreSQL's alone: SQLite has no such limit."""
    with postgresql_database(postgresql) as url, opened(url) as database:
        with _snapshot(database) as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "5min"
            assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "on"
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "3s"


def test_all_figures_are_of_one_moment(store: Store) -> None:
    store.cards(at(1))
    with _snapshot(store.database) as connection:
        count = select(func.count()).select_from(card)
        assert connection.execute(count).scalar_one() == 1
        store.cards(at(1))
        assert connection.execute(count).scalar_one() == 1
