"""WHAT USERS SAVED: the database behind one class, by SQLAlchemy and alembic.

`saved.py` is the value, `models.py` the tables, `rows.py` turns one into the other, `migrations/` makes the tables,
and `database.py` reads and writes, as do `links.py` and `removed.py` by its sessions. All of it blocks: whoever serves
requests calls it from a thread.
"""
