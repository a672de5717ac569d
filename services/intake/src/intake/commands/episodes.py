"""Opening, acknowledging and closing a person's time with a program."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import CloseReason
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day, Instant
from intake.commands.access import reach, reach_unmerged
from intake.commands.assignments import unassign
from intake.commands.federal import close_clock
from intake.commands.notices import require_notice
from intake.commands.plan_versions import goals_of
from intake.commands.plans import close_plan
from intake.commands.recording import Recording, recording, require_order
from intake.commands.uniqueness import flush_unless, taken
from intake.commands.waitlist import leave_with_episode
from intake.models import Assignment, Episode, Plan, Program
from intake.rules.assignments import EndReason

ONE_OPEN = "uq_episode_open"


class EpisodeTerms(Asked):
    program_id: UUID
    opened_on: Day
    single_contact_outreach: bool = False


class OpenEpisode(EpisodeTerms):
    participant_id: UUID


class Acknowledge(Asked):
    """The person says that taking part is voluntary."""

    acknowledged_at: Instant | None = None


class CloseEpisode(Asked):
    closed_on: Day
    reason: CloseReason
    deceased_on: Day | None = None


def place_episode(
    db: Db, recording: Recording, participant_id: UUID, terms: EpisodeTerms, *, episode_id: UUID | None = None
) -> Episode:
    recording.require_past(terms.opened_on, "/opened_on")
    episode = Episode(
        agency_id=db.scope.agency_id,
        id=episode_id or uuid7(),
        participant_id=participant_id,
        program_id=terms.program_id,
        opened_on=terms.opened_on,
        single_contact_outreach=terms.single_contact_outreach,
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    db.add(episode)
    tell_episode(db, facts.EPISODE_OPENED, episode)
    return episode


def tell_episode(db: Db, fact: Fact, episode: Episode) -> None:
    state = facts.EpisodeFacts(
        episode_id=episode.id,
        participant_id=episode.participant_id,
        program_id=episode.program_id,
        opened_on=episode.opened_on,
        closed_on=episode.closed_on,
        close_reason=CloseReason(episode.close_reason) if episode.close_reason else None,
        single_contact_outreach=episode.single_contact_outreach,
        voluntary_acknowledged_at=episode.voluntary_acknowledged_at,
        deceased_on=episode.deceased_on,
        imported=episode.source_system is not None,
    )
    db.publish(fact, state, about=episode.id, seq=episode.version)


async def open_episode(db: Db, actor: Actor, request: OpenEpisode) -> Created:
    """Open an episode, one at a time per program; after an earlier one it is a re-enrolment, under the same person."""
    now = await recording(db)
    await reach_unmerged(db, actor, request.participant_id, now)
    await require_program(db, request.program_id)
    await _require_living(db, request.participant_id)
    follows_id = await _last_closed(db, request)
    episode = place_episode(db, now, request.participant_id, request)
    episode.follows_id, episode.re_enrolment = follows_id, follows_id is not None
    await flush_unless(db, {ONE_OPEN: open_already()})
    db.audit("episode.open", request.participant_id, episode_id=episode.id)
    return Created(id=episode.id, version=1)


async def _require_living(db: Db, participant_id: UUID) -> None:
    """Raise `Refused` where an episode ended with the person's death."""
    died = exists().where(
        Episode.agency_id == db.scope.agency_id,
        Episode.participant_id == participant_id,
        Episode.deceased_on.is_not(None),
    )
    if await db.scalar(select(died)):
        detail = "This person is recorded as deceased. If that is wrong, reopen the episode that says so."
        raise Refused("recorded-as-deceased", detail)


async def require_program(db: Db, program_id: UUID) -> None:
    if await db.get(Program, (db.scope.agency_id, program_id)) is None:
        raise NotThere


async def _last_closed(db: Db, request: OpenEpisode) -> UUID | None:
    question = (
        select(Episode.id)
        .where(
            Episode.agency_id == db.scope.agency_id,
            Episode.participant_id == request.participant_id,
            Episode.program_id == request.program_id,
            Episode.closed_on.is_not(None),
        )
        .order_by(Episode.closed_on.desc(), Episode.id.desc())
        .limit(1)
    )
    found: UUID | None = await db.scalar(question)
    return found


def open_already() -> Refused:
    detail = "The person has an open episode of this program. Go on with that one, or close it first."
    return taken("episode-open-already", detail, "/program_id")


def place_acknowledgement(db: Db, recording: Recording, episode: Episode, at: datetime | None) -> None:
    episode.voluntary_acknowledged_at = recording.stated(at, "/acknowledged_at")
    episode.version += 1
    tell_episode(db, facts.EPISODE_CHANGED, episode)


async def acknowledge(db: Db, actor: Actor, episode_id: UUID, request: Acknowledge) -> Created:
    """Record, once, that the person takes part of their own will."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    require_open(episode)
    if episode.voluntary_acknowledged_at is not None:
        raise Refused("acknowledged-already", "This is acknowledged already; nothing needs to be done.")
    place_acknowledgement(db, now, episode, request.acknowledged_at)
    db.audit("episode.acknowledge", episode.participant_id, episode_id=episode.id)
    return Created(id=episode.id, version=episode.version)


def require_open(episode: Episode) -> None:
    if episode.closed_on is not None:
        raise Refused("episode-closed", "This episode is closed. Open a new one to go on.")


def place_closure(db: Db, recording: Recording, episode: Episode, terms: CloseEpisode) -> None:
    recording.require_past(terms.closed_on, "/closed_on")
    require_order(episode.opened_on, terms.closed_on, "/closed_on")
    if terms.deceased_on is not None:
        _require_death(recording, episode, terms.deceased_on, terms.reason)
    episode.closed_on = terms.closed_on
    episode.close_reason = terms.reason
    episode.deceased_on = terms.deceased_on
    episode.version += 1
    tell_episode(db, facts.EPISODE_CLOSED, episode)


def _require_death(recording: Recording, episode: Episode, deceased_on: date, reason: CloseReason) -> None:
    recording.require_past(deceased_on, "/deceased_on")
    require_order(episode.opened_on, deceased_on, "/deceased_on")
    if reason is not CloseReason.DECEASED:
        raise Unprocessable("not-deceased", "Give a day of death only with the reason deceased.", "/deceased_on")


async def close_episode(db: Db, actor: Actor, episode_id: UUID, request: CloseEpisode, expected: int) -> Created:
    """Close an episode; what hangs on it, its plan and its assignments, ends with it."""
    now = await recording(db)
    episode = await reach(db, actor, Episode, episode_id, now, lock=True)
    require_version(episode.version, expected)
    require_open(episode)
    if request.reason is CloseReason.DECEASED and request.deceased_on is None:
        detail = "Give the day of death, or the last day on which it is known that the person lived."
        raise Unprocessable("day-of-death-missing", detail, "/deceased_on")
    place_closure(db, now, episode, request)
    await require_notice(db, episode, request.reason)
    await end_what_hangs_on(db, now, episode, EndReason.EPISODE_CLOSED)
    db.audit("episode.close", episode.participant_id, episode_id=episode.id)
    return Created(id=episode.id, version=episode.version)


async def end_what_hangs_on(db: Db, recording: Recording, episode: Episode, reason: EndReason) -> None:
    """End the assignments, the plan and the waiting of an episode that was just closed."""
    await _end_assignments(db, episode, reason)
    await _end_plan(db, recording, episode)
    await leave_with_episode(db, recording, episode)
    await close_clock(db, recording, episode)


async def _end_assignments(db: Db, episode: Episode, reason: EndReason) -> None:
    assert episode.closed_on is not None  # just closed
    question = select(Assignment).where(
        Assignment.agency_id == episode.agency_id, Assignment.episode_id == episode.id, Assignment.valid_to.is_(None)
    )
    for assignment in await db.scalars(question.with_for_update()):
        unassign(db, assignment, max(assignment.valid_from, episode.closed_on), reason)


async def _end_plan(db: Db, recording: Recording, episode: Episode) -> None:
    assert episode.closed_on is not None  # just closed
    plan = await db.scalar(
        select(Plan)
        .where(Plan.agency_id == episode.agency_id, Plan.episode_id == episode.id, Plan.in_force_to.is_(None))
        .with_for_update()
    )
    if plan is not None:
        last_day = max(recording.day(plan.agreed_at), episode.closed_on)
        close_plan(db, plan, await goals_of(db, plan.id), last_day)
