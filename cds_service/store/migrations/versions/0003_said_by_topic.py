"""What was said of each topic, in whatever card it stood."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("card", sa.Column("part", sa.LargeBinary(32), nullable=True))
    op.create_index(op.f("ix_card_part"), "card", ["part"])


def downgrade() -> None:
    op.drop_index(op.f("ix_card_part"), "card")
    with op.batch_alter_table("card") as batch:
        batch.drop_column("part")
