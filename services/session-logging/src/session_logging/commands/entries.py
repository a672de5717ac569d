"""How a session becomes a row and a fact: the same for live, group and imported sessions."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from common.contracts.codes import Format, SessionStatus, UnitMethod
from common.contracts.session_codes import Cosignature, LateReason, Review, SessionFlag
from common.contracts.session_logging import SessionFacts
from common.privacy import Sealer
from session_logging.commands.requests import Individual, Service, Told
from session_logging.models import NOTE
from session_logging.rules.credentials import Acceptance, HeldCredential
from session_logging.rules.notes import Documented, Note, missing_elements
from session_logging.rules.times import Period
from session_logging.rules.units import daily_sum_units, is_daily_sum, is_delivered, units

SHARED = [name for name in SessionFacts.model_fields if name not in ("session_id", "imported")]


@dataclass(frozen=True, slots=True)
class Setting:
    """The rules under which a session is documented: those of a program, in its agency's zone."""

    program_id: UUID
    zone: str
    unit_method: UnitMethod
    group_modifier: str | None
    acceptance: Acceptance
    group_max: int
    deadline_days: int
    holidays: frozenset[date]
    cosignature: Cosignature


@dataclass(frozen=True, slots=True)
class Signature:
    """When the worker signed, and the credential held on the service date, as it was known then.

    `flags`: what else was seen then. `review`: awaited if a supervisor has to co-sign.
    """

    signed_at: datetime
    credential: HeldCredential | None
    flags: tuple[SessionFlag, ...] = ()
    late_reason: LateReason | None = None
    review: Review | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """Minutes and units of the other delivered sessions of the same client, code, modifiers and worker that day."""

    minutes: int = 0
    units: Decimal = Decimal(0)


# What the daily-sum methods add up over: client, worker, service date, code and modifiers.
DayKey = tuple[UUID, UUID, date, str | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Roster:
    """The group that a session belongs to."""

    group_id: UUID
    size: int
    above_limit: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """Who served whom, in which setting, and when it was recorded."""

    agency_id: UUID
    session_id: UUID
    participant_id: UUID
    episode_id: UUID
    staff_id: UUID
    setting: Setting
    recorded_at: datetime
    signature: Signature | None = None
    roster: Roster | None = None
    source_system: str | None = None

    @property
    def format(self) -> Format:
        return Format.GROUP if self.roster else Format.INDIVIDUAL

    @property
    def modifiers(self) -> list[str]:
        modifier = self.setting.group_modifier
        return [modifier] if self.roster and modifier else []

    @property
    def flags(self) -> list[SessionFlag]:
        """Return what does not fit, in the order of the codes; of a draft only what its group shows already."""
        seen = set(self.signature.flags) if self.signature else set()
        if self.roster and self.roster.above_limit:
            seen.add(SessionFlag.GROUP_ABOVE_LIMIT)
        return [flag for flag in SessionFlag if flag in seen]

    def documented(
        self, *, service_code: str | None, location: str | None, goal_ids: list[UUID], note: Note | None
    ) -> Documented:
        """Return what the record will hold of the elements that a note needs."""
        return Documented(
            service_code=service_code,
            location=location,
            format=self.format,
            goal_ids=goal_ids,
            note=note,
            signed_at=self.signature.signed_at if self.signature else None,
            credential=self.signature.credential is not None if self.signature else False,
            group_size=self.roster.size if self.roster else None,
        )

    def day_key(self, service: Service, period: Period) -> DayKey | None:
        """Return which day's sum this session adds to, or None if its program looks at each session alone."""
        if not is_daily_sum(self.setting.unit_method):
            return None
        return self.participant_id, self.staff_id, period.service_date, service.service_code, tuple(self.modifiers)


def row_of(
    entry: Entry, service: Service, told: Told, period: Period, sealer: Sealer | None, day: Day | None = None
) -> dict[str, Any]:
    """Return a new session's row. `sealer`: needed for a note. `day`: needed by the daily-sum methods."""
    signature = entry.signature
    return (
        {
            "agency_id": entry.agency_id,
            "id": entry.session_id,
            "participant_id": entry.participant_id,
            "episode_id": entry.episode_id,
            "program_id": entry.setting.program_id,
            "staff_id": entry.staff_id,
            "group_id": entry.roster.group_id if entry.roster else None,
            "format": entry.format,
            "modifiers": entry.modifiers,
            "zone": entry.setting.zone,
            "unit_method": entry.setting.unit_method,
            "status": SessionStatus.SIGNED if signature else SessionStatus.DRAFT,
            "signed_at": signature.signed_at if signature else None,
            "flags": entry.flags,
            "late_reason": signature.late_reason if signature else None,
            "review": signature.review if signature else None,
            "cosigned_by": None,
            "cosigned_at": None,
            "voided_at": None,
            "void_reason": None,
            "recorded_at": entry.recorded_at,
            "source_system": entry.source_system,
            "version": 1,
        }
        | snapshot(signature, period.service_date)
        | content_of(entry, service, told, period, sealer, day)
    )


def snapshot(signature: Signature | None, day: date) -> dict[str, Any]:
    """Return the columns that say which credential stood beside a signature, as it was known then for `day`."""
    held = signature.credential if signature else None
    return {
        "credential_at_signing": held.credential_type if held else None,
        "credential_id": held.id if held else None,
        "credential_specialty": held.specialty if held else None,
        "credential_status": held.status_on(day) if held else None,
        "credential_valid_from": held.valid_from if held else None,
        "credential_valid_to": held.valid_to if held else None,
    }


def content_of(
    entry: Entry, service: Service, told: Told, period: Period, sealer: Sealer | None, day: Day | None = None
) -> dict[str, Any]:
    """Return those columns of a session's row that follow from what was told; a draft's may be told again."""
    documented = entry.documented(
        service_code=service.service_code, location=service.location, goal_ids=told.goal_ids, note=told.note
    )
    return {
        "modality": service.modality,
        "delivery_method": service.delivery_method,
        "location": service.location,
        "service_code": service.service_code,
        "activities": service.activities,
        "goal_ids": told.goal_ids,
        "started_at": period.started_at,
        "ended_at": period.ended_at,
        "service_date": period.service_date,
        "minutes": period.minutes,
        "units": _units(entry.setting.unit_method, told, period, day),
        "outcome": told.outcome,
        "note": sealed_note(sealer, told.note),
        "missing_elements": missing_elements(documented),
        "competencies": told.competencies,
        "mechanisms": told.mechanisms,
        "navigation": told.navigation,
    } | _particulars(service)


def _particulars(service: Service) -> dict[str, Any]:
    """Return the columns that only a session of one person has."""
    handoff = service.handoff if isinstance(service, Individual) else None
    return {
        "attempt_outcome": service.attempt_outcome if isinstance(service, Individual) else None,
        "handoff_way": handoff.way if handoff else None,
        "handoff_receiver": handoff.receiver if handoff else None,
        "handoff_accepted_at": handoff.accepted_at if handoff else None,
    }


def _units(method: UnitMethod, told: Told, period: Period, day: Day | None) -> Decimal:
    if not is_delivered(told.outcome):
        return Decimal(0)
    if not is_daily_sum(method):
        return units(period.minutes, method)
    assert day is not None  # the caller read the day before
    return daily_sum_units(period.minutes, method, day_minutes=day.minutes, day_units=day.units)


def sealed_note(sealer: Sealer | None, note: Note | None) -> bytes | None:
    if note is None:
        return None
    assert sealer is not None  # whoever passes a note passes its owner's key
    return sealer.seal(NOTE, note.model_dump(exclude_none=True))


def opened_note(sealer: Sealer, sealed: bytes | None) -> Note | None:
    return None if sealed is None else Note.model_validate(sealer.open(NOTE, sealed))


def facts_of(row: Mapping[str, Any]) -> SessionFacts:
    """Return what the other services may know of a session: its row without the note."""
    values = {name: row[name] for name in SHARED}
    return SessionFacts(session_id=row["id"], imported=row["source_system"] is not None, **values)
