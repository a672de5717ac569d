"""Consents and the accounting of disclosures."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING, LASTING, Owned, belongs


class Consent(Owned):
    """A signed consent (42 CFR 2.31). `terms` seals what was agreed, and never changes; expiry is never stored."""

    __tablename__ = "consent"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index(None, "agency_id", "participant_id"),
        CHANGING,
    )

    consent_type: Mapped[str]
    terms: Mapped[bytes]
    expires_on: Mapped[date | None]
    signed_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoker_capacity: Mapped[str | None]
    revocation_evidence: Mapped[str | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Disclosure(Owned):
    """One line of the accounting (42 CFR 2.25); `details` seals to whom and what. Nobody may change it.

    `basis_valid` is always true for what was disclosed here; another system's history may tell of a mistake.
    """

    __tablename__ = "disclosure"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("consent_id", "consent"),
        CheckConstraint("(basis = 'consent') = (consent_id is not null)", name="basis"),
        Index(None, "agency_id", "participant_id"),
        Index(None, "agency_id", "consent_id"),
        LASTING,
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
