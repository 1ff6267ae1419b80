"""The tables, as SQLAlchemy Core. They hold no name, id, value or text of a patient.

=================== ==================================================================================================
table               one row for
=================== ==================================================================================================
``call``            a call of a service by an authenticated caller (by anyone, in the open development profile)
``card``            a card of that call: shown, folded into another that was shown, or kept back by silent mode,
                    because it was overridden (suppressed), because it was sent before (seen), or because an
                    order's card has just said it (said-at-order)
``claim``           something that a card says, by which a later call knows it again
``feedback``        one event of feedback; its card may be unknown (no such row in ``card``)
``feedback_reason`` a coded override reason of a feedback event
``feedback_suggestion`` an accepted suggestion of a feedback event
``replay``          a token that was used and has not expired
``loss``            rows of ``call`` that could not be kept, counted
=================== ==================================================================================================

``issuer`` is the token's ``iss``; ``certificate:<client>`` for a caller known by its certificate alone; empty in the
open development profile. ``tenant`` is the token's claim, or empty. A card belongs to issuer and tenant: two callers
that choose the same hookInstance never meet.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)

# Constraints get names that a later migration can drop, the same on every database.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """An aware moment, in and out. SQLite keeps no zone: it holds UTC without saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware datetime → what the database takes. Raises ``ValueError`` for a naive one."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002  # SQLAlchemy's
        """What the database gives → aware datetime in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


# SQLite numbers rows by itself only where the type is INTEGER.
_RowId = BigInteger().with_variant(Integer, "sqlite")
# A SHA-256 or HMAC-SHA-256.
_Digest = LargeBinary(32)

call = Table(
    "call",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("issuer", String(512), nullable=False),
    Column("tenant", String(256), nullable=False),
    Column("hook", String(64), nullable=False),  # empty: the body could not be read that far
    Column("service", String(64), nullable=False),
    Column("fhir_version", String(8), nullable=False),  # R4, R4B, R5; empty: not decided
    Column("profile", String(16), nullable=False),  # the client profile of the site file
    Column("duration_ms", Float, nullable=False),
    Column("status", Integer, nullable=False),  # HTTP
    Column("outcome", String(16), nullable=False),  # cards | no-cards | bad-request | not-obtained | failed
    Column("knowledge", String(64), nullable=False),  # Content.version
)

card = Table(
    "card",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("call_id", _RowId, ForeignKey("call.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("issuer", String(512), nullable=False),
    Column("tenant", String(256), nullable=False),
    Column("uuid", Uuid, nullable=False),  # a repeated call gives the same card again
    Column("topic", String(64), nullable=False),
    Column("indicator", String(8), nullable=False),  # info | warning | critical
    Column("outcome", String(16), nullable=False),  # shown | folded | silent | suppressed | seen | said-at-order
    # Keyed hash of patient, user, order and what the card rests on (deliver.issue); only with CDS_HASH_KEY.
    Column("sameness", _Digest, nullable=True, index=True),
    Column("part", _Digest, nullable=True, index=True),  # the same of what its topic alone says, of an info topic
    # The card that holds this one (folded, or kept back with it): what is told of that card is told of this one too.
    Column("held_by", Uuid, nullable=True),
    Index(None, "issuer", "tenant", "uuid"),
)

claim = Table(
    "claim",
    metadata,
    Column("card_id", _RowId, ForeignKey("card.id", ondelete="CASCADE"), primary_key=True),
    # Keyed hash of patient, user and what a card says (deliver.claims, deliver.issue); only with CDS_HASH_KEY.
    Column("digest", _Digest, primary_key=True, index=True),
)

feedback = Table(
    "feedback",
    metadata,
    Column("digest", _Digest, primary_key=True),  # of everything below but received_at and comment
    Column("received_at", UtcTime, nullable=False, index=True),
    Column("issuer", String(512), nullable=False),
    Column("tenant", String(256), nullable=False),
    Column("service", String(64), nullable=False),
    Column("card", Uuid, nullable=False),
    Column("outcome", String(16), nullable=False),  # accepted | overridden
    Column("outcome_at", UtcTime, nullable=False),  # outcomeTimestamp, by the client's clock
    Column("topic", String(64), nullable=True),  # named by the client, when it is one of ours (Epic does)
    Column("comment", Text, nullable=True),  # only where the site file turns comments on
    Index(None, "issuer", "tenant", "card"),
)

feedback_reason = Table(
    "feedback_reason",
    metadata,
    Column("digest", _Digest, ForeignKey("feedback.digest", ondelete="CASCADE"), primary_key=True),
    # A code of cards/override-reasons.yaml; "unrecognised" for any other, whose text is not kept.
    Column("code", String(64), primary_key=True),
)

feedback_suggestion = Table(
    "feedback_suggestion",
    metadata,
    Column("digest", _Digest, ForeignKey("feedback.digest", ondelete="CASCADE"), primary_key=True),
    Column("suggestion", Uuid, primary_key=True),
)

replay = Table(
    "replay",
    metadata,
    Column("digest", _Digest, primary_key=True),  # SHA-256 of issuer and jti
    Column("expires", BigInteger, nullable=False, index=True),  # seconds since 1970, leeway included
)

loss = Table(
    "loss",
    metadata,
    Column("id", _RowId, primary_key=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("calls", Integer, nullable=False),
)
