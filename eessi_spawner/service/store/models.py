"""The tables. What is changed here needs a migration: a test compares the two."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import JSON, DateTime, Float, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """What all tables share.

    Attributes
    ----------
    __users__
        The column that says whose a row is: it is given out to them, and goes with them. Empty: nobody's.
    """

    __users__: ClassVar[str]


class _EnvironmentColumns:
    """An environment of a user (see `SavedEnvironment`); times are UTC, without a zone, which SQLite cannot keep."""

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(100))
    release: Mapped[str] = mapped_column(String(20))
    language: Mapped[str] = mapped_column(String(20))
    modules: Mapped[list[str]] = mapped_column(JSON)
    created: Mapped[datetime] = mapped_column(DateTime)
    changed: Mapped[datetime] = mapped_column(DateTime)


class SpawnRow(Base):
    """One reported spawn (see `Spawn`); times as above."""

    __tablename__ = "spawns"
    __users__ = "user"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(255), index=True)
    server: Mapped[str] = mapped_column(String(255))
    at: Mapped[datetime] = mapped_column(DateTime, index=True)
    result: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(50))
    pool: Mapped[str] = mapped_column(String(255))
    release: Mapped[str] = mapped_column(String(20))
    environments: Mapped[list[str]] = mapped_column(JSON)
    seconds: Mapped[float] = mapped_column(Float)


class EnvironmentRow(_EnvironmentColumns, Base):
    """One saved environment."""

    __tablename__ = "environments"
    __users__ = "owner"
    __table_args__ = (UniqueConstraint("owner", "name", name="one_name_an_owner"),)


class RemovedRow(_EnvironmentColumns, Base):
    """One that was removed, for as long as that can be undone; another may have its name by now."""

    __tablename__ = "removed_environments"
    __users__ = "owner"

    removed: Mapped[datetime] = mapped_column(DateTime, index=True)


class LinkRow(Base):
    """The link by which the owner of an environment shows it to others: one an environment."""

    __tablename__ = "shared_links"
    __users__ = "owner"

    token: Mapped[str] = mapped_column(String(43), primary_key=True)
    environment: Mapped[str] = mapped_column(String(32), unique=True)
    owner: Mapped[str] = mapped_column(String(255))
