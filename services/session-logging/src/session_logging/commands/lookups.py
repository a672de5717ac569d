"""What a command must know before it writes: the setting, who may serve whom, goals, credentials, the day so far."""

from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, func, literal, or_, select

from common.contracts.codes import (
    DELIVERED,
    CredentialStatus,
    CredentialType,
    Role,
    SessionStatus,
    Specialty,
    UnitMethod,
)
from common.contracts.session_codes import Cosignature
from common.database import Db, once_per_transaction
from common.errors import NotThere, Refused, Unprocessable
from common.identity import Actor
from common.text import local_day
from session_logging.commands.entries import Day, DayKey, Setting
from session_logging.models import Agency, Assignment, Credential, Episode, Goal, PeerSession, Plan, Program, Staff
from session_logging.rules.credentials import Acceptance, HeldCredential, credential_on


def is_one_of(column: Any, ids: Collection[UUID]) -> Any:
    """Compare with one array parameter, so that the statement stays the same however many ids there are."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


async def zone_of(db: Db) -> str:
    """Return the agency's zone. Raises `NotThere` while workforce's first fact is still on its way."""
    zone = await db.scalar(select(Agency.zone).where(Agency.id == db.scope.agency_id))
    if zone is None:
        raise NotThere
    return zone


async def settings_of(db: Db) -> dict[UUID, Setting]:
    """Return the setting of every program; an agency has few. Raises `NotThere` like `zone_of`."""
    agency = await db.scalar(select(Agency).where(Agency.id == db.scope.agency_id))
    if agency is None:
        raise NotThere
    return {program.id: _setting(program, agency) for program in await db.scalars(select(Program))}


def _setting(program: Program, agency: Agency) -> Setting:
    return Setting(
        program_id=program.id,
        zone=agency.zone,
        group_max=program.group_max,
        deadline_days=program.note_deadline_business_days,
        holidays=frozenset(agency.holidays),
        cosignature=Cosignature(program.cosignature),
        unit_method=UnitMethod(program.unit_method),
        group_modifier=program.group_modifier,
        acceptance=Acceptance(frozenset(program.accepted_credentials), program.required_specialty),
    )


@once_per_transaction
async def setting_of_episode(db: Db, participant_id: UUID, episode_id: UUID) -> Setting:
    """Return the setting of a person's episode. Raises `NotThere` unless it is theirs."""
    found = await db.execute(
        select(Program, Agency)
        .join(Episode, and_(Episode.agency_id == Program.agency_id, Episode.program_id == Program.id))
        .join(Agency, Agency.agency_id == Program.agency_id)
        .where(Episode.id == episode_id, Episode.participant_id == participant_id)
    )
    row = found.first()
    if row is None:
        raise NotThere
    return _setting(row[0], row[1])


async def setting_of_program(db: Db, program_id: UUID) -> Setting:
    """Return the setting of a program. Raises `NotThere`."""
    question = select(Program, Agency).join(Agency, Agency.agency_id == Program.agency_id)
    row = (await db.execute(question.where(Program.id == program_id))).first()
    if row is None:
        raise NotThere
    return _setting(row[0], row[1])


@once_per_transaction
async def require_caseload(db: Db, actor: Actor, participant_id: UUID, day: date, episode_id: UUID | None) -> None:
    """Raise `NotThere` unless the actor serves this person on `day`; supervisors stand in for anybody."""
    if actor.may(Role.SUPERVISOR):
        return
    question = (
        select(Assignment.id)
        .where(Assignment.staff_id == actor.staff_id, Assignment.participant_id == participant_id)
        .where(Assignment.valid_from <= day, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day))
        .limit(1)
    )
    if episode_id is not None:
        question = question.where(Assignment.episode_id == episode_id)
    if await db.scalar(question) is None:
        raise NotThere


async def require_care(db: Db, actor: Actor, family: Collection[UUID], day: date) -> None:
    """Raise `NotThere` unless the actor serves, on `day` or today, somebody under any of these records.

    Supervisors stand in for anybody.
    """
    if actor.may(Role.SUPERVISOR):
        return
    today = local_day(db.now, await zone_of(db))
    serves = or_(*(_serves_on(one) for one in (day, today)))
    question = select(Assignment.id).where(
        Assignment.staff_id == actor.staff_id, is_one_of(Assignment.participant_id, family), serves
    )
    if await db.scalar(question.limit(1)) is None:
        raise NotThere


def _serves_on(day: date) -> Any:
    return and_(Assignment.valid_from <= day, or_(Assignment.valid_to.is_(None), Assignment.valid_to >= day))


async def require_goals(db: Db, episode_id: UUID, goal_ids: Collection[UUID]) -> None:
    """Raise `Unprocessable` unless every goal is from a plan of this episode."""
    known = await goals_of(db, goal_ids)
    if any((episode_id, goal_id) not in known for goal_id in goal_ids):
        raise unknown("goal", "/goal_ids")


async def goals_of(db: Db, goal_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return (episode, goal) of those goals that are in somebody's plan; a later plan may carry a goal on."""
    if not goal_ids:
        return set()
    found = await db.execute(
        select(Plan.episode_id, Goal.id)
        .join(Plan, and_(Plan.agency_id == Goal.agency_id, Plan.id == Goal.plan_id))
        .where(is_one_of(Goal.id, goal_ids))
    )
    return {(row.episode_id, row.id) for row in found}


async def episodes_of(db: Db, episode_ids: Collection[UUID]) -> dict[UUID, Episode]:
    found = await db.scalars(select(Episode).where(is_one_of(Episode.id, episode_ids)))
    return {episode.id: episode for episode in found}


async def known_staff(db: Db, staff_ids: Collection[UUID]) -> set[UUID]:
    return set(await db.scalars(select(Staff.id).where(is_one_of(Staff.id, staff_ids))))


async def require_new(db: Db, model: Any, id: UUID | None) -> None:
    """Raise `Refused` if the agency already has a row of `model` with this id, which its client made."""
    if id is not None and await db.get(model, (db.scope.agency_id, id)) is not None:
        raise Refused("already-recorded", "This was recorded before. Look it up, and change it if it is still a draft.")


def unknown(what: str, pointer: str) -> Unprocessable:
    """Return the refusal of an id that is not there, or not here for this agency or person: all answer alike."""
    return Unprocessable(f"unknown-{what}", f"No {what} here has that id.", pointer)


async def held_credentials(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, list[HeldCredential]]:
    """Return what is known of these workers' credentials."""
    held: dict[UUID, list[HeldCredential]] = {staff_id: [] for staff_id in staff_ids}
    for row in await db.scalars(select(Credential).where(is_one_of(Credential.staff_id, staff_ids))):
        held[row.staff_id].append(_held(row))
    return held


def _held(row: Credential) -> HeldCredential:
    return HeldCredential(
        id=row.id,
        credential_type=CredentialType(row.credential_type),
        specialty=Specialty(row.specialty),
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        status=CredentialStatus(row.status),
        statuses=tuple(zip(row.status_days, map(CredentialStatus, row.status_codes), strict=True)),
    )


@once_per_transaction
async def credential_of(db: Db, staff_id: UUID, setting: Setting, day: date) -> HeldCredential | None:
    """Return the credential to write beside a worker's signature for a session on `day`."""
    return credential_on(day, (await held_credentials(db, [staff_id]))[staff_id], setting.acceptance)


async def days_so_far(db: Db, keys: Iterable[DayKey], *, without: UUID | None = None) -> dict[DayKey, Day]:
    """Return what was delivered on each of these days, and keep others from adding to them until the commit.

    In one order, so that two requests cannot deadlock. `without`: a draft that is being told again.
    """
    return {key: await _day_so_far(db, key, without) for key in sorted(set(keys), key=str)}


async def _day_so_far(db: Db, key: DayKey, without: UUID | None) -> Day:
    participant_id, staff_id, day, code, modifiers = key
    lock = func.pg_advisory_xact_lock(func.hashtextextended(f"{db.scope.agency_id}{key}", 0))
    await db.execute(select(lock))
    found = await db.execute(
        select(func.coalesce(func.sum(PeerSession.minutes), 0), func.coalesce(func.sum(PeerSession.units), Decimal(0)))
        .where(PeerSession.participant_id == participant_id, PeerSession.staff_id == staff_id)
        .where(PeerSession.service_date == day, PeerSession.service_code.is_not_distinct_from(code))
        .where(PeerSession.modifiers == list(modifiers), PeerSession.outcome.in_(sorted(DELIVERED)))
        .where(PeerSession.id.is_distinct_from(without), PeerSession.status != SessionStatus.VOIDED)
    )
    minutes, day_units = found.one()
    return Day(int(minutes), Decimal(day_units))


async def hold_consents(db: Db, consent_ids: Collection[UUID], *, alone: bool = False) -> None:
    """Keep the state of these consents as it is until the commit, or wait until who changes it (`alone`) is done.

    In one order, so that two transactions cannot deadlock. A lock of its own, for this role may not lock the rows.
    """
    take = func.pg_advisory_xact_lock if alone else func.pg_advisory_xact_lock_shared
    for consent_id in sorted(consent_ids, key=str):
        await db.execute(select(take(func.hashtextextended(f"{db.scope.agency_id}consent{consent_id}", 0))))
