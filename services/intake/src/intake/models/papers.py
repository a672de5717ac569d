"""The papers of one person: notices that were put off, consents with all that became of them, and their standing.

A consent's words never change once it was signed (trigger `consent_is_final`); expiry is never stored.
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from intake.models.schema import CHANGING_READ, HEARD, LASTING, LASTING_READ, Model, Owned, belongs


class Consent(Owned):
    """A consent under 42 CFR 2.31 from its draft on. Sealed: `terms`, `words` as presented, and the `signature`."""

    __tablename__ = "consent"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("replaces_id", "consent"),
        CheckConstraint(
            "(state in ('draft', 'presented', 'discarded', 'declined')) = (signed_at is null)", name="signed"
        ),
        CheckConstraint("(state = 'revoked') = (revoked_at is not null)", name="revoked"),
        Index(None, "agency_id", "participant_id"),
        Index(None, "agency_id", "replaces_id", postgresql_where=text("replaces_id is not null")),
        Index("ix_consent_suspended", "agency_id", "id", postgresql_where=text("state = 'suspended'")),
        Index("ix_consent_expiring", "agency_id", "expires_on", postgresql_where=text("state = 'signed'")),
        CHANGING_READ,
    )

    consent_type: Mapped[str]
    state: Mapped[str]
    terms: Mapped[bytes]
    language: Mapped[str]
    words: Mapped[bytes | None]
    words_sha256: Mapped[str | None]
    presented_at: Mapped[datetime | None]
    presented_by: Mapped[UUID | None]
    signature: Mapped[bytes | None]
    signature_method: Mapped[str | None]
    starts_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    revocable_from: Mapped[date | None]
    signed_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    revoker_capacity: Mapped[str | None]
    revocation_evidence: Mapped[str | None]
    found_false_at: Mapped[datetime | None]
    replaces_id: Mapped[UUID | None]
    recorded_by: Mapped[UUID | None]
    source_system: Mapped[str | None]
    recorded_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class ConsentMove(Owned):
    """One thing that happened to a consent: who did it and why. `words` seals what was said about it."""

    __tablename__ = "consent_move"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("consent_id", "consent"),
        UniqueConstraint("agency_id", "consent_id", "version"),
        LASTING_READ,
    )

    consent_id: Mapped[UUID]
    version: Mapped[int]
    event: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    recipient_place: Mapped[int | None]
    capacity: Mapped[str | None]
    reason: Mapped[str | None]
    words: Mapped[bytes | None]
    evidence_sha256: Mapped[str | None]
    at: Mapped[datetime]
    by: Mapped[UUID | None]


class ConsentRecipient(Owned):
    """How one recipient of a signed consent stands; `place` counts the recipients of its terms from 0."""

    __tablename__ = "consent_recipient"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        belongs("consent_id", "consent"),
        UniqueConstraint("agency_id", "consent_id", "place"),
        CHANGING_READ,
    )

    consent_id: Mapped[UUID]
    place: Mapped[int]
    party_id: Mapped[UUID | None]
    state: Mapped[str]
    changed_at: Mapped[datetime]


class ConsentApplied(Model):
    """Heard from the other services: which of a consent's versions each has applied, and when."""

    __tablename__ = "consent_applied"
    __table_args__: Any = (HEARD,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    service: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int]
    applied_at: Mapped[datetime]


class NoticeText(Model):
    """One version of the agency's privacy notice (42 CFR 2.22) in one language. Never changed, never deleted."""

    __tablename__ = "notice_text"
    __table_args__: Any = (
        UniqueConstraint("agency_id", "notice_version", "language"),
        {"info": {"api": "select, insert", "worker": ""}},
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    notice_version: Mapped[str]
    language: Mapped[str]
    words: Mapped[str]
    sha256: Mapped[str]
    effective_on: Mapped[date]
    recorded_by: Mapped[UUID | None]
    recorded_at: Mapped[datetime]


class NoticeDeferral(Owned):
    """The notice could not be given yet, because of an emergency or because the person was not able to take it in."""

    __tablename__ = "notice_deferral"
    __table_args__: Any = (
        belongs("participant_id", "participant"),
        Index(None, "agency_id", "participant_id"),
        LASTING,
    )

    reason: Mapped[str]
    deferred_at: Mapped[datetime]
    deferred_by: Mapped[UUID | None]
