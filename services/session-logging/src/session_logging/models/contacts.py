"""What is recorded of a person beside their sessions."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.light import API_ONLY, WITHDRAWN
from session_logging.models.schema import WRITTEN_ONCE, Model

CONTACT = "collateral_contact.note"


class MutualAidAttendance(Model):
    """A count of one: no place, no other members. Nothing ever changes but its withdrawal (`only_withdrawn`)."""

    __tablename__ = "mutual_aid_attendance"
    __table_args__ = (
        Index(None, "agency_id", "participant_id", "attended_on"),
        CheckConstraint(WITHDRAWN, name="withdrawal"),
        API_ONLY,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    mutual_aid: Mapped[str]
    attended_on: Mapped[date]
    recorded_by: Mapped[UUID]
    recorded_at: Mapped[datetime]
    source_system: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawal_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(server_default="1")


class CollateralContact(Model):
    """Somebody outside was spoken with about a person, on a consent; `note` is sealed under the person's key."""

    __tablename__ = "collateral_contact"
    __table_args__ = (
        CheckConstraint("minutes > 0", name="minutes"),
        Index(None, "agency_id", "participant_id", "contacted_at"),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    consent_id: Mapped[UUID]
    recipient_place: Mapped[int]
    role: Mapped[str]
    staff_id: Mapped[UUID]
    contacted_at: Mapped[datetime]
    method: Mapped[str]
    minutes: Mapped[int]
    note: Mapped[bytes]
    recorded_at: Mapped[datetime]
