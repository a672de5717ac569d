"""Every peer as they stand now: employment, caseload and room, and what they say of themselves, for matching."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Select, func, literal, or_, select

from common.contracts.codes import Role
from common.database import Db
from common.privacy import KeyRing, Sealer
from intake.commands.pack_limits import pack_limits
from intake.commands.profiles import open_gender, open_pathways
from intake.commands.recording import Recording
from intake.models import Assignment, PeerProfile, Staff
from intake.rules.matching import DEFAULT_LIMIT, Hours, Peer
from intake.rules.people import is_active

LEFT_DAYS = 90  # who left longer ago is not listed among those ruled out


async def lock_caseloads(db: Db, staff_ids: Iterable[UUID]) -> None:
    """Wait for whoever else fills these caseloads by matching, so that the last room is given once."""
    for staff_id in sorted(set(staff_ids)):
        lock = func.hashtextextended(f"caseload.{db.scope.agency_id}.{staff_id}", 0)
        await db.execute(select(func.pg_advisory_xact_lock(lock)))


@dataclass(frozen=True, slots=True)
class Known:
    """What is recorded of one peer."""

    staff: Staff
    profile: PeerProfile | None
    last_assigned_on: date | None


async def peers_at_hand(
    db: Db, keys: KeyRing, recording: Recording, *, on: date, only: Collection[UUID] | None = None
) -> list[Peer]:
    """Return the peers as they stand on a day, whoever they might work with; `only` names whom to look at."""
    question = _staff_with_profiles(db, on)
    if only is not None:
        question = question.where(Staff.id.in_(only))
    known = [Known(*row) for row in await db.execute(question.execution_options(populate_existing=True))]
    sealers = await keys.sealers(db, db.scope.agency_id, [one.staff.id for one in known if one.profile is not None])
    ids = [one.staff.id for one in known]
    loads, limits = await caseloads_of(db, ids), await pack_limits(db, ids, on)
    peers = [_peer(one, sealers.get(one.staff.id), loads, on, recording.today) for one in known]
    return [replace(peer, limit=min(peer.limit, limits.get(peer.staff_id, peer.limit))) for peer in peers]


def _staff_with_profiles(db: Db, on: date) -> Select[Staff, PeerProfile, date]:
    last_assigned_on = (
        select(func.max(Assignment.valid_from))
        .where(Assignment.agency_id == Staff.agency_id, Assignment.staff_id == Staff.id)
        .scalar_subquery()
    )
    same = (PeerProfile.agency_id == Staff.agency_id) & (PeerProfile.staff_id == Staff.id)
    return (
        select(Staff, PeerProfile, last_assigned_on)
        .outerjoin(PeerProfile, same)
        .where(
            Staff.agency_id == db.scope.agency_id,
            literal(Role.PEER.value) == func.any(Staff.roles),
            or_(Staff.employed_to.is_(None), Staff.employed_to >= on - timedelta(days=LEFT_DAYS)),
        )
        .order_by(Staff.id)
    )


async def caseloads_of(db: Db, staff_ids: Collection[UUID]) -> dict[UUID, int]:
    """Return how many people each works with now; who works with nobody is absent."""
    question = (
        select(Assignment.staff_id, func.count(Assignment.participant_id.distinct()).label("people"))
        .where(
            Assignment.agency_id == db.scope.agency_id,
            Assignment.staff_id.in_(staff_ids),
            Assignment.valid_to.is_(None),
        )
        .group_by(Assignment.staff_id)
    )
    return {row.staff_id: row.people for row in await db.execute(question)}


def _peer(known: Known, sealer: Sealer | None, loads: dict[UUID, int], on: date, today: date) -> Peer:
    staff, profile = known.staff, known.profile
    plain = Peer(
        staff_id=staff.id,
        employed=all(is_active(staff.employed_from, staff.employed_to, day) for day in (on, today)),
        accepting=True,
        caseload=loads.get(staff.id, 0),
        limit=DEFAULT_LIMIT,
        last_assigned_on=known.last_assigned_on,
    )
    return plain if profile is None or sealer is None else _as_said(plain, profile, sealer)


def _as_said(peer: Peer, profile: PeerProfile, sealer: Sealer) -> Peer:
    gender = open_gender(sealer, profile)
    return replace(
        peer,
        accepting=profile.accepting,
        limit=profile.caseload_limit,
        languages=frozenset(profile.languages),
        pathways=frozenset(open_pathways(sealer, profile)),
        gender=gender.code if gender else None,
        hours=tuple(Hours.model_validate(hours) for hours in profile.schedule),
    )


def towards(peers: Iterable[Peer], *, vetoed: Collection[UUID], assigned: Collection[UUID]) -> list[Peer]:
    """Return the peers as they stand towards one person: whom that person vetoed, and who is with them already."""
    return [replace(peer, vetoed=peer.staff_id in vetoed, assigned_already=peer.staff_id in assigned) for peer in peers]


async def assigned_to(db: Db, episode_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Return the pairs of episode and staff of the open assignments."""
    question = select(Assignment.episode_id, Assignment.staff_id).where(
        Assignment.agency_id == db.scope.agency_id,
        Assignment.episode_id.in_(episode_ids),
        Assignment.valid_to.is_(None),
    )
    return {(row.episode_id, row.staff_id) for row in await db.execute(question)}
