"""Calls, cards, feedback and used tokens."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from cds_service.store.tables import UtcTime

revision = "0001"
down_revision = None

_row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "call",
        sa.Column("id", _row_id, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("tenant", sa.String(256), nullable=False),
        sa.Column("hook", sa.String(64), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("fhir_version", sa.String(8), nullable=False),
        sa.Column("profile", sa.String(16), nullable=False),
        sa.Column("duration_ms", sa.Float, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("knowledge", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(op.f("ix_call_at"), "call", ["at"])
    op.create_table(
        "card",
        sa.Column("id", _row_id, nullable=False),
        sa.Column("call_id", _row_id, nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("tenant", sa.String(256), nullable=False),
        sa.Column("uuid", sa.Uuid, nullable=False),
        sa.Column("topic", sa.String(64), nullable=False),
        sa.Column("indicator", sa.String(8), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_card_call_id_call"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
    )
    op.create_index(op.f("ix_card_call_id"), "card", ["call_id"])
    op.create_index(op.f("ix_card_issuer_tenant_uuid"), "card", ["issuer", "tenant", "uuid"])
    op.create_table(
        "feedback",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", UtcTime, nullable=False),
        sa.Column("issuer", sa.String(512), nullable=False),
        sa.Column("tenant", sa.String(256), nullable=False),
        sa.Column("service", sa.String(64), nullable=False),
        sa.Column("card", sa.Uuid, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("outcome_at", UtcTime, nullable=False),
        sa.Column("topic", sa.String(64), nullable=True),
        sa.Column("comment", sa.Text, nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_feedback")),
    )
    op.create_index(op.f("ix_feedback_received_at"), "feedback", ["received_at"])
    op.create_index(op.f("ix_feedback_issuer_tenant_card"), "feedback", ["issuer", "tenant", "card"])
    _part_of_feedback("feedback_reason", sa.Column("code", sa.String(64), nullable=False))
    _part_of_feedback("feedback_suggestion", sa.Column("suggestion", sa.Uuid, nullable=False))
    op.create_table(
        "replay",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("expires", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_replay")),
    )
    op.create_index(op.f("ix_replay_expires"), "replay", ["expires"])


def _part_of_feedback(table: str, column: sa.Column[Any]) -> None:
    op.create_table(
        table,
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        column,
        sa.ForeignKeyConstraint(
            ["digest"], ["feedback.digest"], name=op.f(f"fk_{table}_digest_feedback"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("digest", column.name, name=op.f(f"pk_{table}")),
    )


def downgrade() -> None:
    for table in ("feedback_suggestion", "feedback_reason", "feedback", "card", "call", "replay"):
        op.drop_table(table)
