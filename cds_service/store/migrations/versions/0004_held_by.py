"""Which card holds a folded one: feedback on it is feedback on what it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("card", sa.Column("held_by", sa.Uuid, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("card") as batch:
        batch.drop_column("held_by")
