"""Keeping the clock of each episode under each grant: points are made, dated anew, done and cancelled here."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Self
from uuid import UUID

from pydantic import model_validator
from sqlalchemy import ColumnElement, select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import ClientPart, CloseReason, FederalPoint, FederalTool
from common.database import Db
from common.errors import Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day
from intake.commands.access import reach
from intake.commands.recording import Recording, recording
from intake.models import DuePoint, Episode, Funding, Grant
from intake.rules.federal import (
    ANCHORS,
    WINDOWED,
    WITH_CLIENT_PART,
    Cancelled,
    Course,
    GrantTerms,
    PlannedPoint,
    ReassessmentBy,
    done_on,
    planned,
)


class RecordPoint(Asked):
    """What came of a point. It is done when its administrative part is; a closeout, when it was entered too."""

    collected_on: Day | None = None
    client_part: ClientPart | None = None
    entered_on: Day | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.entered_on and (self.collected_on is None or self.entered_on < self.collected_on):
            raise ValueError("what was entered was collected before")
        return self


@dataclass(frozen=True, slots=True)
class Clock:
    """One episode under one grant. Its points change under the episode's lock only, so they need none of their own."""

    funding: Funding
    episode: Episode
    grant: Grant

    @property
    def terms(self) -> GrantTerms:
        return GrantTerms(
            tool=FederalTool(self.grant.tool),
            interval_months=self.grant.interval_months,
            reassessment_by=ReassessmentBy(self.grant.reassessment_by),
            window_days=self.grant.window_days,
            ends_on=self.grant.ends_on,
            gpra_last_interview_date=self.grant.gpra_last_interview_date,
        )

    def course(self, points: Sequence[DuePoint]) -> Course:
        anchor = ANCHORS[FederalTool(self.grant.tool)]
        collected = [point.collected_on for point in points if point.point == anchor]
        return Course(
            first_service_on=self.funding.first_service_on,
            anchored_on=collected[0] if collected else None,
            closed_on=self.episode.closed_on,
            deceased_on=died_on(self.episode),
        )


def died_on(episode: Episode) -> date | None:
    """Return the day of death; the episode's last day if it ended by a death whose day nobody knows."""
    return episode.deceased_on or (episode.closed_on if episode.close_reason == CloseReason.DECEASED else None)


async def close_clock(db: Db, recording: Recording, episode: Episode) -> None:
    """Let an episode's clocks follow its end, or its reopening: closeouts become due, what they overtake is not.

    `episode` is locked by its caller.
    """
    await _keep_all(db, recording, await _clocks(db, Funding.episode_id == episode.id))


async def restart_clocks(db: Db, recording: Recording, grant: Grant) -> None:
    """Date anew what every episode under a grant still owes. `grant` is locked by its caller."""
    of_grant = Funding.grant_id == grant.id
    episodes = select(Episode.id).join(
        Funding, (Funding.agency_id == Episode.agency_id) & (Funding.episode_id == Episode.id)
    )
    asked = episodes.where(Episode.agency_id == grant.agency_id, of_grant).order_by(Episode.id)
    await db.execute(asked.with_for_update(of=Episode, key_share=True))
    await _keep_all(db, recording, await _clocks(db, of_grant))


async def _clocks(db: Db, which: ColumnElement[bool]) -> list[Clock]:
    """Return clocks as they stand; whoever changes them has locked their episodes before."""
    question = (
        select(Funding, Episode, Grant)
        .join(Episode, (Episode.agency_id == Funding.agency_id) & (Episode.id == Funding.episode_id))
        .join(Grant, (Grant.agency_id == Funding.agency_id) & (Grant.id == Funding.grant_id))
        .where(Funding.agency_id == db.scope.agency_id, which)
        .order_by(Funding.id)
    )
    rows = await db.execute(question.execution_options(populate_existing=True))
    return [Clock(funding, episode, grant) for funding, episode, grant in rows]


async def _keep_all(db: Db, recording: Recording, clocks: Sequence[Clock]) -> None:
    points: dict[UUID, list[DuePoint]] = defaultdict(list)
    for point in await _points(db, [clock.funding.id for clock in clocks]):
        points[point.funding_id].append(point)
    for clock in clocks:
        keep_clock(db, recording, clock, points[clock.funding.id])


async def _points(db: Db, funding_ids: Sequence[UUID]) -> Sequence[DuePoint]:
    question = select(DuePoint).where(DuePoint.agency_id == db.scope.agency_id, DuePoint.funding_id.in_(funding_ids))
    return (await db.scalars(question.execution_options(populate_existing=True))).all()


async def lock_clock(db: Db, actor: Actor, episode_id: UUID, funding_id: UUID) -> tuple[Clock, Sequence[DuePoint]]:
    """Return a clock and its points, as they stand under the lock of its episode. Raises `NotThere`."""
    await reach(db, actor, Episode, episode_id, await recording(db), lock=True)
    (clock,) = await _clocks(db, Funding.id == funding_id)
    return clock, await _points(db, [funding_id])


def keep_clock(
    db: Db, recording: Recording, clock: Clock, points: Sequence[DuePoint], *, told_anew: bool = False
) -> None:
    """Make the points that have become known, and date anew or cancel what is not collected.

    `points`: all of the clock's, changed since they were read or not; each that changed is told, with `told_anew`
    the others too.
    """
    plan = {(one.point, one.n): one for one in planned(clock.terms, clock.course(points), recording.today)}
    for point in points:
        _follow(point, plan.pop((FederalPoint(point.point), point.n), None))
        if told_anew or db.is_modified(point):
            point.version += 1
            _tell(db, clock, point)
    for one in plan.values():
        # An annual point that was over before it became known was never owed.
        if not (one.point is FederalPoint.ANNUAL and one.cancelled_for):
            _make(db, recording, clock, one)


def _follow(point: DuePoint, one: PlannedPoint | None) -> None:
    """Take a point's dates from the plan, but leave the window in which something was collected as it was."""
    collected = point.collected_on is not None
    if one is not None and not (collected and one.point in WINDOWED):
        point.due_on, point.opens_on, point.closes_on = one.due_on, one.opens_on, one.closes_on
    if collected:
        point.cancelled_for = None
        return
    point.cancelled_for = Cancelled.NOT_OWED if one is None else one.cancelled_for


def _make(db: Db, recording: Recording, clock: Clock, one: PlannedPoint) -> None:
    point = DuePoint(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=clock.funding.participant_id,
        episode_id=clock.episode.id,
        grant_id=clock.grant.id,
        funding_id=clock.funding.id,
        tool=clock.grant.tool,
        point=one.point,
        n=one.n,
        due_on=one.due_on,
        opens_on=one.opens_on,
        closes_on=one.closes_on,
        cancelled_for=one.cancelled_for,
        recorded_at=recording.now,
        version=1,
    )
    db.add(point)
    _tell(db, clock, point)


def _tell(db: Db, clock: Clock, point: DuePoint) -> None:
    state = facts.FederalPointFacts(
        point_id=point.id,
        participant_id=point.participant_id,
        episode_id=point.episode_id,
        grant_id=point.grant_id,
        tool=FederalTool(point.tool),
        point=FederalPoint(point.point),
        due_on=point.due_on,
        opens_on=point.opens_on,
        closes_on=point.closes_on,
        first_service_on=clock.funding.first_service_on,
        collected_on=point.collected_on,
        client_part=client_part_of(point),
        entered_on=point.entered_on,
        cancelled=point.cancelled_for is not None,
    )
    db.publish(facts.FEDERAL_POINT_SET, state, about=point.id, seq=point.version)


def client_part_of(point: DuePoint) -> ClientPart | None:
    """Return what came of the client's own part; a closeout and the GPRA points have none."""
    if FederalPoint(point.point) not in WITH_CLIENT_PART:
        return ClientPart.NOT_APPLICABLE
    return ClientPart(point.client_part) if point.client_part else None


async def record_point(db: Db, actor: Actor, point_id: UUID, request: RecordPoint, expected: int) -> Created:
    """Record what came of a point, in its window or not; a baseline's day dates what follows it anew."""
    now = await recording(db)
    found = await reach(db, actor, DuePoint, point_id, now)
    clock, points = await lock_clock(db, actor, found.episode_id, found.funding_id)
    point = next(one for one in points if one.id == point_id)
    require_version(point.version, expected)
    _require_days(now, clock, request)
    _require_client_part(FederalPoint(point.point), request.client_part)
    point.collected_on, point.entered_on = request.collected_on, request.entered_on
    point.client_part = request.client_part if FederalPoint(point.point) in WITH_CLIENT_PART else None
    point.done_on = done_on(FederalPoint(point.point), point.collected_on, point.entered_on)
    keep_clock(db, now, clock, points)
    db.audit("federal-point.record", point.participant_id, point_id=point.id)
    return Created(id=point.id, version=point.version)


def _require_days(recording: Recording, clock: Clock, request: RecordPoint) -> None:
    collected_on = request.collected_on
    if request.entered_on:
        recording.require_past(request.entered_on, "/entered_on")
    if collected_on is None:
        return
    recording.require_past(collected_on, "/collected_on")
    if collected_on < clock.funding.first_service_on:
        raise Unprocessable("before-the-first-service", "The first funded service was later.", "/collected_on")
    if clock.grant.tool == FederalTool.GPRA and collected_on > clock.grant.gpra_last_interview_date:
        raise Unprocessable("gpra-is-over", "No GPRA interview counts after the grant's last day.", "/collected_on")


def _require_client_part(point: FederalPoint, client_part: ClientPart | None) -> None:
    if client_part is None or (point in WITH_CLIENT_PART) == (client_part is not ClientPart.NOT_APPLICABLE):
        return
    sentence = (
        "Say completed, proxy, declined or not_offered."
        if point in WITH_CLIENT_PART
        else "This point has no part that the client fills in. Leave it empty."
    )
    raise Unprocessable("another-client-part", sentence, "/client_part")
