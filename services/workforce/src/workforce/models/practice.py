"""What staff are credentialed for, every status a credential ever had, and what was corrected."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from workforce.models.schema import Model


class Credential(Model):
    """`status`: the newest; `number`: the issuer's, sealed; `renews`: the credential whose validity this one extends.

    A page filtered by expiry, with 10,000 credentials in the agency: `EXPLAIN (ANALYZE)` says *Index Scan using
    ix_credential_agency_id_valid_to_id, Index Cond: agency_id, valid_to >= and <*, no sort, 51 rows read. A status
    on a day adds one probe of ix_credential_status_agency_id_credential_id_since a row. See bench/credentials.py.
    """

    __tablename__ = "credential"
    __table_args__ = (
        ForeignKeyConstraint(["agency_id", "staff_id"], ["workforce.staff.agency_id", "workforce.staff.id"]),
        ForeignKeyConstraint(["agency_id", "renews"], ["workforce.credential.agency_id", "workforce.credential.id"]),
        CheckConstraint("valid_to >= valid_from", name="validity"),
        Index(None, "agency_id", "staff_id"),
        Index(None, "agency_id", "valid_to", "id"),
        Index("ix_credential_renews", "agency_id", "renews", unique=True),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID]
    credential_type: Mapped[str]
    specialty: Mapped[str]
    issuer: Mapped[str]
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    number: Mapped[bytes | None]
    stage: Mapped[str | None]
    cycle_from: Mapped[date | None]
    renewal_on: Mapped[date | None]
    exam_passed_on: Mapped[date | None]
    renews: Mapped[UUID | None]


class CredentialState(Model):
    """A status from a day on; of two from the same day the later recorded counts. Never changed, but see `correct`."""

    __tablename__ = "credential_status"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "credential_id"], ["workforce.credential.agency_id", "workforce.credential.id"]
        ),
        Index(None, "agency_id", "credential_id", "since"),
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    credential_id: Mapped[UUID]
    status: Mapped[str]
    since: Mapped[date]
    reason: Mapped[str]
    place: Mapped[int]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


class CredentialCorrection(Model):
    """What a credential said before it was corrected: codes and days, the number still sealed."""

    __tablename__ = "credential_correction"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "credential_id"], ["workforce.credential.agency_id", "workforce.credential.id"]
        ),
        Index(None, "agency_id", "credential_id"),
        {"info": {"api": "select, insert", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    credential_id: Mapped[UUID]
    reason: Mapped[str]
    said: Mapped[dict[str, Any]]
    number: Mapped[bytes | None]
    corrected_by: Mapped[UUID | None]
    corrected_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
