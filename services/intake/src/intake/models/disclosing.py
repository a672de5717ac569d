"""What left the program: packages that were prepared, the accounting of disclosures, and the review of emergencies."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Owned, belongs


class Disclosure(Owned):
    """One line of the accounting (42 CFR 2.25); `details` seals to whom and what. Nobody may change it.

    The basis `access_by_person` is that of no disclosure, but of the person's own copy. `basis_valid` is always true
    for what was disclosed here; another system's history may tell of a mistake.
    """

    __tablename__ = "disclosure"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("consent_id", "consent"),
        belongs("package_id", "package"),
        CheckConstraint("(basis = 'consent') = (consent_id is not null)", name="basis"),
        Index(None, "agency_id", "participant_id"),
        Index(None, "agency_id", "consent_id"),
        Index("uq_disclosure_told", "agency_id", "told_by", "told_id", "participant_id", unique=True),
        {"info": {"api": "select, insert", "worker": "select, insert"}},
    )

    basis: Mapped[str]
    consent_id: Mapped[UUID | None]
    purpose: Mapped[str]
    categories: Mapped[list[str]]
    details: Mapped[bytes]
    notice_statement: Mapped[str | None]
    scope_attached: Mapped[str | None]
    reason_code: Mapped[str | None]
    reference: Mapped[str | None]
    subpoena_reference: Mapped[str | None]
    basis_valid: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[UUID | None]
    source_system: Mapped[str | None]
    path: Mapped[str] = mapped_column(server_default="recorded")
    decision_row: Mapped[str | None]
    consent_version: Mapped[int | None]
    recipient_place: Mapped[int | None]
    party_id: Mapped[UUID | None]
    agreement_id: Mapped[UUID | None]
    court_order_id: Mapped[UUID | None]
    package_id: Mapped[UUID | None]
    view: Mapped[str | None]
    channel: Mapped[str | None]
    for_proceeding: Mapped[bool] = mapped_column(server_default=text("false"))
    do_not_pass_on: Mapped[bool] = mapped_column(server_default=text("false"))
    origin: Mapped[str] = mapped_column(server_default="own_part2")
    ehr: Mapped[bool] = mapped_column(server_default=text("false"))
    told_by: Mapped[str | None]
    told_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime | None]


class Package(Owned):
    """What was put together for one recipient, sealed, until somebody hands it over or it is cancelled."""

    __tablename__ = "package"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("consent_id", "consent"),
        CheckConstraint("(state = 'prepared') = (ended_at is null)", name="ended"),
        Index(None, "agency_id", "participant_id"),
        Index(None, "agency_id", "consent_id", postgresql_where=text("state = 'prepared'")),
        CHANGING,
    )

    state: Mapped[str]
    wish: Mapped[bytes]
    content: Mapped[bytes]
    content_sha256: Mapped[str]
    consent_id: Mapped[UUID | None]
    decision_row: Mapped[str]
    recipient_place: Mapped[int | None]
    prepared_at: Mapped[datetime]
    prepared_by: Mapped[UUID | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[UUID | None]
    end_reason: Mapped[str | None]
    version: Mapped[int] = mapped_column(default=1)


class DisclosureReview(Owned):
    """What a second person found about a disclosure that rested on no consent."""

    __tablename__ = "disclosure_review"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("disclosure_id", "disclosure"),
        UniqueConstraint("agency_id", "disclosure_id"),
        LASTING,
    )

    disclosure_id: Mapped[UUID]
    outcome: Mapped[str]
    words: Mapped[bytes | None]
    reviewed_at: Mapped[datetime]
    reviewed_by: Mapped[UUID]
