"""Who pays for what, what was authorised, and the lines that were made of it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, Numeric
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from session_logging.models.schema import WRITTEN_ONCE, Model

# What a sealed value is bound to; see `common.privacy`.
COVERAGE = "coverage.details"
AUTHORISATION = "authorisation.number"
CLAIM = "claim_line.details"
API_ONLY = {"info": {"worker": ""}}


class PayerContract(Model):
    """A payer's terms as the agency entered them; `terms` is `rules.contracts.Contract`. No programs means all."""

    __tablename__ = "payer_contract"
    __table_args__ = (API_ONLY,)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    payer: Mapped[str]
    party_id: Mapped[UUID | None]
    program_ids: Mapped[list[UUID]]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1)


class Coverage(Model):
    """Somebody is covered by a contract, from and to (inclusive) a day; `details`, sealed: member number, diagnoses.

    `consent_id`: the consent on which this payer may know, if it is no consent to all payment. `agreed_on`,
    `visited_on`: consent to illness navigation, and the visit that began it.
    """

    __tablename__ = "coverage"
    __table_args__ = (Index(None, "agency_id", "participant_id"), Index(None, "agency_id", "contract_id"), API_ONLY)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    contract_id: Mapped[UUID]
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]
    details: Mapped[bytes]
    agreed_on: Mapped[date | None]
    visited_on: Mapped[date | None]
    consent_id: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class Authorisation(Model):
    """A payer allowed so many units of a code for somebody, from and to (inclusive) a day; `number` is sealed."""

    __tablename__ = "authorisation"
    __table_args__ = (
        CheckConstraint("units > 0 and valid_to >= valid_from", name="amounts"),
        Index(None, "agency_id", "contract_id", "participant_id"),
        API_ONLY,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    participant_id: Mapped[UUID]
    contract_id: Mapped[UUID]
    code: Mapped[str]
    units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    number: Mapped[bytes]
    withdrawn_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)


class ClaimRun(Model):
    """One making of lines, with the terms that it was made with."""

    __tablename__ = "claim_run"
    __table_args__ = (Index(None, "agency_id", "made_at"), WRITTEN_ONCE)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    contract_id: Mapped[UUID]
    payer: Mapped[str]
    party_id: Mapped[UUID | None]
    first: Mapped[date]
    last: Mapped[date]
    terms: Mapped[dict[str, Any]] = mapped_column(JSONB)
    made_by: Mapped[UUID]
    made_at: Mapped[datetime]


class ClaimLine(Model):
    """One line of a run. `reverses`: it takes back an earlier line, whose minutes and units it repeats.

    `details`, sealed under the key of `sealed_for`: member number, diagnoses and authorisation as they were then.
    `stopped_units`: what was due beside its units and was over a limit.
    """

    __tablename__ = "claim_line"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "run_id"], ["session_logging.claim_run.agency_id", "session_logging.claim_run.id"]
        ),
        Index(None, "agency_id", "run_id", "position", unique=True),
        Index(None, "agency_id", "contract_id", "service_date"),
        Index(None, "agency_id", "reverses", unique=True),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID]
    position: Mapped[int]
    contract_id: Mapped[UUID]
    participant_id: Mapped[UUID]
    coverage_id: Mapped[UUID]
    staff_id: Mapped[UUID | None]
    service_date: Mapped[date]
    code: Mapped[str]
    modifiers: Mapped[list[str]]
    place: Mapped[str]
    minutes: Mapped[int]
    units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    stopped_units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
    sealed_for: Mapped[UUID]
    details: Mapped[bytes]
    charge: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    authorisation_id: Mapped[UUID | None]
    reverses: Mapped[UUID | None]


class ClaimedSession(Model):
    """The minutes of a session on one day stand on this line; whether it was taken back says the line."""

    __tablename__ = "claimed_session"
    __table_args__ = (Index(None, "agency_id", "session_id"), WRITTEN_ONCE)

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    line_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    service_date: Mapped[date] = mapped_column(primary_key=True)


class ClaimStop(Model):
    """Minutes of a session that a run did not claim, and why; `units` if some were left over a limit."""

    __tablename__ = "claim_stop"
    __table_args__ = (
        ForeignKeyConstraint(
            ["agency_id", "run_id"], ["session_logging.claim_run.agency_id", "session_logging.claim_run.id"]
        ),
        WRITTEN_ONCE,
    )

    agency_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[UUID]
    service_date: Mapped[date]
    reason: Mapped[str]
    minutes: Mapped[int]
    units: Mapped[Decimal] = mapped_column(Numeric(8, 2))
