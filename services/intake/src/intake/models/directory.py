"""The mutual-aid directory: lists of meetings that an agency follows, and the meetings in them. Nobody's own data."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Double, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import Model, belongs

LISTED = text("gone_at is null")


class MeetingFeed(Model):
    """A list of meetings and how it is kept fresh; the worker sees every agency's, to find what is due.

    `last_good_at`: when the list that is shown was taken in. `due_at`: when to fetch next; empty without a URL.
    `zones`: the time zones of the meetings that are listed.
    """

    __tablename__ = "meeting_feed"
    __table_args__: Any = (
        Index("uq_meeting_feed_name", "agency_id", "name", unique=True),
        Index("ix_meeting_feed_due", "due_at", postgresql_where=text("due_at is not null")),
        {"info": {"reach": "platform", "api": "select, insert, update", "worker": "select, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    zone: Mapped[str]
    url: Mapped[str | None]
    meetings: Mapped[int] = mapped_column(default=0)
    zones: Mapped[list[str]]
    last_good_at: Mapped[datetime | None]
    checked_at: Mapped[datetime | None]
    last_problem: Mapped[str | None]
    last_problem_at: Mapped[datetime | None]
    etag: Mapped[str | None]
    last_modified: Mapped[str | None]
    due_at: Mapped[datetime | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Meeting(Model):
    """One meeting a week, or by appointment. `gone_at`: since when no list has it; its id stays good for ever.

    `place`: the minute of the week it starts at, Sunday first; 10,080 without a day or time. `search`: its words, each
    with a space before it. `listing`: what is shown beside the columns, and searched by nothing.
    """

    __tablename__ = "meeting"
    __table_args__: Any = (
        belongs("feed_id", "meeting_feed"),
        Index("ix_meeting_feed", "agency_id", "feed_id", "slug"),
        Index("ix_meeting_place", "agency_id", "place", "id", postgresql_where=LISTED),
        Index("ix_meeting_point", "agency_id", "latitude", "longitude", postgresql_where=LISTED),
        {"info": {"api": "select, insert, update", "worker": "select, insert, update"}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    feed_id: Mapped[UUID]
    slug: Mapped[str]
    digest: Mapped[bytes]
    kind: Mapped[str]
    name: Mapped[str]
    day: Mapped[int | None]
    minute: Mapped[int | None]
    end_minute: Mapped[int | None]
    end_time_inferred: Mapped[bool]
    zone: Mapped[str]
    place: Mapped[int]
    types: Mapped[list[str]]
    attendance: Mapped[str]
    approximate: Mapped[bool]
    location_closed: Mapped[bool]
    location: Mapped[str]
    latitude: Mapped[float | None] = mapped_column(Double)
    longitude: Mapped[float | None] = mapped_column(Double)
    listing: Mapped[dict[str, Any]]
    search: Mapped[str]
    listed_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    gone_at: Mapped[datetime | None]
