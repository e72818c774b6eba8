"""WHAT USERS SAVED: the database behind one class, by SQLAlchemy and alembic.

`saved.py` is the value, `models.py` the tables, `rows.py` turns one into the other, `migrations/` makes the tables,
`engine.py` connects, to SQLite or PostgreSQL. `database.py` reads and writes environments; by its sessions `links.py`,
`removed.py` and `spawn_table.py` do so with what their names say, and `people.py` with all that is kept of a user. All
of it blocks: whoever serves requests calls it from a thread.
"""
