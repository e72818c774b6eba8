"""Links by which environments are shared, and environments whose removal can be undone."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shared_links",
        sa.Column("token", sa.String(43), primary_key=True),
        sa.Column("environment", sa.String(32), nullable=False, unique=True),
        sa.Column("owner", sa.String(255), nullable=False),
    )
    op.create_table(
        "removed_environments",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("title", sa.String(100), nullable=False),
        sa.Column("release", sa.String(20), nullable=False),
        sa.Column("language", sa.String(20), nullable=False),
        sa.Column("modules", sa.JSON(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("changed", sa.DateTime(), nullable=False),
        sa.Column("removed", sa.DateTime(), nullable=False, index=True),
    )


def downgrade() -> None:
    """Remove them."""
    op.drop_table("removed_environments")
    op.drop_table("shared_links")
