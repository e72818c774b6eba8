"""WHAT USERS SAVED: the database behind one class, by SQLAlchemy and alembic.

`saved.py` is the value, `models.py` the tables, `rows.py` turns one into the other, `migrations/` makes the tables,
`engine.py` connects, to SQLite or PostgreSQL, and `database.py` reads and writes, as do `links.py`, `removed.py` and
`spawn_table.py` by its sessions. All of it blocks: whoever serves requests calls it from a thread.
"""
