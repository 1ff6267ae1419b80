"""What the report asks the database, in statements that SQLite and PostgreSQL both understand.

Every grouping stands outside a subquery that names its columns: PostgreSQL does not take two expressions with bound
values for the same one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, and_, case, exists, func, select
from sqlalchemy.sql.expression import FromClause

from cds_service.report.figures import Period
from cds_service.store.tables import call, card, feedback, feedback_reason, loss

SHOWN, FOLDED, SILENT, SUPPRESSED, SEEN, SAID_AT_ORDER = range(6)
# The names in the table, the one that wins first: a person saw the card, even if a repeated call kept it back.
OUTCOMES = ("shown", "folded", "silent", "suppressed", "seen", "said-at-order")
Rows = Select[Any]


def day(moment: ColumnElement[Any], dialect: str) -> ColumnElement[str]:
    """The day of a moment in UTC, as YYYY-MM-DD. SQLite holds UTC; PostgreSQL is asked for it."""
    if dialect == "sqlite":
        return func.date(moment)
    return func.to_char(func.timezone("UTC", moment), "YYYY-MM-DD")


def _within(moment: ColumnElement[Any], period: Period) -> ColumnElement[bool]:
    return and_(moment >= period.since, moment < period.until)


def _recent(moment: ColumnElement[Any], period: Period) -> ColumnElement[Any]:
    return case((moment >= period.recent_since, 1), else_=0).label("recent")


def _scope(table: FromClause, period: Period) -> list[ColumnElement[bool]]:
    wanted = {"issuer": period.issuer, "tenant": period.tenant}
    return [table.c[name] == value for name, value in wanted.items() if value is not None]


def _seen(period: Period) -> Subquery:
    """One row for each card of the period, however often its call was repeated."""
    best = func.min(case({name: rank for rank, name in enumerate(OUTCOMES)}, value=card.c.outcome))
    key = (card.c.issuer, card.c.tenant, card.c.uuid)
    least = [func.min(card.c.topic).label("topic"), func.min(card.c.indicator).label("indicator")]
    return (
        select(*key, *least, best.label("outcome"), func.min(call.c.at).label("at"))
        .join_from(card, call)
        .where(_within(call.c.at, period), *_scope(card, period))
        .group_by(*key)
        .subquery("seen")
    )


def _answers(seen: FromClause, outcome: str) -> ColumnElement[bool]:
    """That a feedback with this outcome belongs to a card, whenever it arrived."""
    return and_(
        feedback.c.issuer == seen.c.issuer,
        feedback.c.tenant == seen.c.tenant,
        feedback.c.card == seen.c.uuid,
        feedback.c.outcome == outcome,
    )


def _through(seen: FromClause, held: FromClause, outcome: str) -> ColumnElement[bool]:
    """That a feedback with this outcome belongs to a card that holds this one (``held``: rows of ``card``), and none to
    this one itself.

    Looked up when it is counted and not copied when it comes: feedback may come before its card is recorded.
    """
    direct = feedback.alias("direct")
    caller = [(feedback.c[name], direct.c[name], held.c[name]) for name in ("issuer", "tenant")]
    return and_(
        *(held.c[name] == seen.c[name] for name in ("issuer", "tenant", "uuid")),
        *(told == of for told, _, of in caller),
        feedback.c.card == held.c.held_by,
        feedback.c.outcome == outcome,
        ~exists().where(*(told == of for _, told, of in caller), direct.c.card == held.c.uuid),
    )


def cards(period: Period, dialect: str) -> Rows:
    """Number of cards by topic, indicator, outcome, day, recent or not, and feedback."""
    seen = _seen(period)
    overrides = _answers(seen, "overridden")
    reasoned = exists().where(overrides, feedback_reason.c.digest == feedback.c.digest)
    said = {
        "accepted": exists().where(_answers(seen, "accepted")),
        "overridden": exists().where(overrides),
        "reasoned": reasoned,
    }
    # Only what was shown, by itself or in another card, can be answered.
    before = seen.c.outcome.in_((SHOWN, FOLDED))
    asked = [case((and_(before, told), 1), else_=0).label(name) for name, told in said.items()]
    held = card.alias("held")
    via = {f"{name}_via": exists().where(_through(seen, held, name)) for name in ("accepted", "overridden")}
    asked += [case((and_(seen.c.outcome == FOLDED, told), 1), else_=0).label(name) for name, told in via.items()]
    plain = [seen.c.topic, seen.c.indicator, seen.c.outcome]
    each = select(*plain, day(seen.c.at, dialect).label("day"), _recent(seen.c.at, period), *asked).subquery()
    return select(*each.c, func.count().label("cards")).group_by(*each.c)


def reasons(period: Period) -> Rows:
    """Number of overridden cards by topic and reason code."""
    seen = _seen(period)
    each = (
        select(seen.c.issuer, seen.c.tenant, seen.c.uuid, seen.c.topic, feedback_reason.c.code)
        .join(feedback, _answers(seen, "overridden"))
        .join(feedback_reason, feedback_reason.c.digest == feedback.c.digest)
        .where(seen.c.outcome.in_((SHOWN, FOLDED)))
        .distinct()
        .subquery()
    )
    return select(each.c.topic, each.c.code, func.count().label("cards")).group_by(each.c.topic, each.c.code)


def reasons_via(period: Period) -> Rows:
    """The same of folded cards of which only the card that holds them was overridden."""
    seen, held = _seen(period), card.alias("held")
    each = (
        select(seen.c.issuer, seen.c.tenant, seen.c.uuid, seen.c.topic, feedback_reason.c.code)
        .where(
            seen.c.outcome == FOLDED, _through(seen, held, "overridden"), feedback_reason.c.digest == feedback.c.digest
        )
        .distinct()
        .subquery()
    )
    return select(each.c.topic, each.c.code, func.count().label("cards")).group_by(each.c.topic, each.c.code)


def calls(period: Period, dialect: str) -> Rows:
    """Number of calls by outcome, day, recent or not, and whether they were answered with 200."""
    answered = case((call.c.status == 200, 1), else_=0).label("answered")
    columns = [call.c.outcome, day(call.c.at, dialect).label("day"), _recent(call.c.at, period), answered]
    each = select(*columns).where(_within(call.c.at, period), *_scope(call, period)).subquery()
    return select(*each.c, func.count().label("calls")).group_by(*each.c)


def lost(period: Period) -> Rows:
    """The number of calls that were not recorded. Nobody knows whose they were."""
    return select(func.coalesce(func.sum(loss.c.calls), 0)).where(_within(loss.c.at, period))


def _same_card() -> ColumnElement[bool]:
    return and_(card.c.issuer == feedback.c.issuer, card.c.tenant == feedback.c.tenant, card.c.uuid == feedback.c.card)


def unknown(period: Period) -> Rows:
    """Number of feedback events received in the period for cards not on record, by the topic they name."""
    return (
        select(feedback.c.topic, func.count().label("events"))
        .where(_within(feedback.c.received_at, period), *_scope(feedback, period), ~exists().where(_same_card()))
        .group_by(feedback.c.topic)
    )


def comments(period: Period, wrong_advice: str) -> Rows:
    """Comments of those who found the advice wrong, received in the period, newest first."""
    topic = select(func.min(card.c.topic)).where(_same_card()).scalar_subquery()
    return (
        select(
            feedback.c.received_at.label("at"),
            func.coalesce(topic, feedback.c.topic).label("topic"),
            feedback.c.comment.label("text"),
        )
        .join(feedback_reason, feedback_reason.c.digest == feedback.c.digest)
        .where(
            _within(feedback.c.received_at, period),
            *_scope(feedback, period),
            feedback.c.outcome == "overridden",
            feedback_reason.c.code == wrong_advice,
            func.trim(feedback.c.comment) != "",
        )
        .order_by(feedback.c.received_at.desc(), feedback.c.digest)
    )


def number_of(rows: Rows) -> Select[Any]:
    """How many rows a statement has."""
    return select(func.count()).select_from(rows.order_by(None).subquery())
