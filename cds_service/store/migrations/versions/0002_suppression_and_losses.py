"""What suppression compares, and how many calls could not be kept."""

import sqlalchemy as sa
from alembic import op

from cds_service.store.tables import UtcTime

revision = "0002"
down_revision = "0001"

_row_id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("card", sa.Column("sameness", sa.LargeBinary(32), nullable=True))
    op.create_index(op.f("ix_card_sameness"), "card", ["sameness"])
    op.create_table(
        "loss",
        sa.Column("id", _row_id, nullable=False),
        sa.Column("at", UtcTime, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loss")),
    )
    op.create_index(op.f("ix_loss_at"), "loss", ["at"])


def downgrade() -> None:
    op.drop_table("loss")
    op.drop_index(op.f("ix_card_sameness"), "card")
    with op.batch_alter_table("card") as batch:
        batch.drop_column("sameness")
