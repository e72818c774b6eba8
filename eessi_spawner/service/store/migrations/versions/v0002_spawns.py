"""Spawns that the hub reported."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "spawns",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("user", sa.String(255), nullable=False),
        sa.Column("server", sa.String(255), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("result", sa.String(20), nullable=False),
        sa.Column("code", sa.String(50), nullable=False),
        sa.Column("pool", sa.String(255), nullable=False),
        sa.Column("release", sa.String(20), nullable=False),
        sa.Column("environments", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
    )
    op.create_index("ix_spawns_at", "spawns", ["at"])
    op.create_index("ix_spawns_user", "spawns", ["user"])


def downgrade() -> None:
    """Remove it."""
    op.drop_table("spawns")
