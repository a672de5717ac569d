"""Sessions, the groups that some of them belong to, and what is added to them."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import WRITTEN_ONCE, Model

# What a sealed value is bound to; see `common.privacy`.
NOTE = "peer_session.note"
ADDENDUM = "addendum.words"
REVIEW = "review_step.words"
SIGNED_NOTE = "review_step.signed_note"


class PeerGroup(Model):
    """One group meeting; every attendee has a session of their own with a note of their own."""

    __tablename__ = "peer_group"
    __table_args__ = (CheckConstraint("ended_at > started_at", name="period"), WRITTEN_ONCE)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    co_facilitator_id: Mapped[UUID | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    size: Mapped[int]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]


class PeerSession(Model):
    """One person's session. Once signed its content never changes (trigger `signed_is_final`).

    What may still change is what a supervisor does: `review`, the co-signature, a return while one is awaited, and the
    voiding of what should not be there. `note` is sealed under the participant's key. `source_system` names where an
    imported row came from.
    """

    __tablename__ = "peer_session"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "group_id"], ["session_logging.peer_group.agency_id", "session_logging.peer_group.id"]
        ),
        CheckConstraint("ended_at > started_at", name="period"),
        CheckConstraint("minutes >= 0 and units >= 0", name="amounts"),
        CheckConstraint("status = 'voided' or (status = 'draft') = (signed_at is null)", name="signature"),
        CheckConstraint("(format = 'group') = (group_id is not null)", name="group"),
        Index(None, "agency_id", "started_at", "id"),
        CheckConstraint("(cosigned_at is null) = (cosigned_by is null)", name="cosignature"),
        CheckConstraint("(status = 'voided') = (voided_at is not null)", name="voided"),
        Index(None, "agency_id", "participant_id", "started_at"),
        Index(None, "agency_id", "staff_id", "started_at"),
        Index("ix_peer_session_unfinished", "agency_id", "staff_id", postgresql_where=text("status = 'draft'")),
        Index("ix_peer_session_awaited", "agency_id", "signed_at", postgresql_where=text("review = 'awaited'")),
        {"info": {"worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    episode_id: Mapped[UUID]
    program_id: Mapped[UUID]
    staff_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    modality: Mapped[str]
    format: Mapped[str]
    delivery_method: Mapped[str]
    location: Mapped[str | None]
    service_code: Mapped[str | None]
    modifiers: Mapped[list[str]]
    activities: Mapped[list[str]]
    goal_ids: Mapped[list[UUID]]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime]
    zone: Mapped[str]
    service_date: Mapped[date]
    minutes: Mapped[int]
    units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    unit_method: Mapped[str]
    outcome: Mapped[str]
    status: Mapped[str]
    note: Mapped[bytes | None]
    missing_elements: Mapped[list[str]]
    signed_at: Mapped[datetime | None]
    credential_at_signing: Mapped[str | None]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)
    competencies: Mapped[list[str]] = mapped_column(server_default="{}")
    mechanisms: Mapped[list[str]] = mapped_column(server_default="{}")
    navigation: Mapped[list[str]] = mapped_column(server_default="{}")
    attempt_outcome: Mapped[str | None]
    handoff_way: Mapped[str | None]
    handoff_receiver: Mapped[str | None]
    handoff_accepted_at: Mapped[datetime | None]
    flags: Mapped[list[str]] = mapped_column(server_default="{}")
    late_reason: Mapped[str | None]
    review: Mapped[str | None]
    cosigned_by: Mapped[UUID | None]
    cosigned_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    credential_id: Mapped[UUID | None]
    credential_specialty: Mapped[str | None]
    credential_status: Mapped[str | None]
    credential_valid_from: Mapped[date | None]
    credential_valid_to: Mapped[date | None]


class ReviewStep(Model):
    """What a supervisor or the worker said or did about a note, in order; `words` sealed under the person's key.

    `signed_note`, sealed likewise: what had been signed when it was returned, for a signature is never unsaid.
    """

    __tablename__ = "review_step"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "session_id"], ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"]
        ),
        Index(None, "agency_id", "session_id"),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID]
    author_id: Mapped[UUID]
    kind: Mapped[str]
    reason: Mapped[str | None]
    words: Mapped[bytes | None]
    signed_note: Mapped[bytes | None]
    signed_at: Mapped[datetime | None]
    taken_at: Mapped[datetime]


class Addendum(Model):
    """A correction of a signed note: reason and words, sealed together; the original stays as it was signed."""

    __tablename__ = "addendum"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "session_id"], ["session_logging.peer_session.agency_id", "session_logging.peer_session.id"]
        ),
        Index(None, "agency_id", "session_id"),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID]
    author_id: Mapped[UUID]
    words: Mapped[bytes]
    written_at: Mapped[datetime]


class Imported(Model):
    """Which row of another system became which of ours, so that a repeated import writes nothing."""

    __tablename__ = "imported"
    __table_args__ = (WRITTEN_ONCE,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    source_system: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[UUID]
    import_id: Mapped[UUID]
