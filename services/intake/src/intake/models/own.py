"""What opens a person's own view to them without an account, and what they say of themselves through it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, Model, Owned, belongs


class OwnCode(Owned):
    """A code given to one person for one purpose, for hours. The code itself is made from keys and stored nowhere.

    An instrument's code names the episode and the version of the instrument, and later the answer that came of it.
    """

    __tablename__ = "own_code"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("episode_id", "episode"),
        belongs("answer_id", "answer"),
        CheckConstraint("(purpose = 'instrument') = (instrument is not null)", name="instrument"),
        CheckConstraint("num_nulls(episode_id, instrument, pack_version) in (0, 3)", name="of_an_episode"),
        Index("ix_own_code_participant", "agency_id", "participant_id", "id"),
        CHANGING,
    )

    purpose: Mapped[str]
    episode_id: Mapped[UUID | None]
    instrument: Mapped[str | None]
    pack_version: Mapped[str | None]
    answer_id: Mapped[UUID | None]
    language: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    expires_at: Mapped[datetime]
    opened_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class OwnCodeHandle(Model):
    """Which agency's code a digest is of, so that whoever types the code need not name the agency."""

    __tablename__ = "own_code_handle"
    __table_args__: Any = ({"info": {"reach": "shared", "api": "select, insert", "worker": ""}},)

    handle: Mapped[bytes] = mapped_column(primary_key=True)
    owner_agency_id: Mapped[UUID]
    own_code_id: Mapped[UUID]


class SelfIntake(Owned):
    """What a person filled in about themselves, sealed, waiting for somebody who serves them."""

    __tablename__ = "self_intake"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("own_code_id", "own_code"),
        CheckConstraint("(status = 'waiting') = (decided_at is null)", name="decided"),
        Index("uq_self_intake_code", "agency_id", "own_code_id", unique=True),
        Index("ix_self_intake_participant", "agency_id", "participant_id", "id"),
        Index("ix_self_intake_waiting", "agency_id", "id", postgresql_where=text("status = 'waiting'")),
        CHANGING,
    )

    own_code_id: Mapped[UUID]
    answers: Mapped[bytes]
    language: Mapped[str]
    status: Mapped[str]
    received_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    taken: Mapped[list[str]]
    reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
