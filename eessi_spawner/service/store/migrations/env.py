"""What alembic runs: the steps, on the connection that `database.py` opened."""

from alembic import context

from eessi_spawner.service.store.models import Base

# Batches, since SQLite cannot alter a table.
context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()
