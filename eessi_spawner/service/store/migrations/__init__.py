"""The steps by which alembic makes the tables; `database.py` runs them when the service starts."""
