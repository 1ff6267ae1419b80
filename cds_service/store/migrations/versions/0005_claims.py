"""What the cards of orders say, so that an opened chart does not repeat it."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "claim",
        sa.Column("card_id", _row_id, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name=op.f("fk_claim_card_id_card"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("card_id", "digest", name=op.f("pk_claim")),
    )
    op.create_index(op.f("ix_claim_digest"), "claim", ["digest"])


def downgrade() -> None:
    op.drop_table("claim")
