"""Taking on somebody who was referred: as a new participant or as one who is served already, all or nothing."""

from datetime import datetime
from typing import Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from common.contracts import intake as facts
from common.contracts.codes import RecordOrigin, ReferralDirection, ReferralKind, ReferralStatus
from common.database import Db
from common.errors import Refused, Unprocessable
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Day, Instant, Prose
from intake.commands.access import reach_unmerged
from intake.commands.duplicates import Enrolled
from intake.commands.eligibility import Screened, overridden, require_program, rules_of, screened
from intake.commands.episodes import EpisodeTerms, OpenEpisode, open_episode, place_episode
from intake.commands.participants import Identity, enrol_participant, label
from intake.commands.recording import Recording, recording
from intake.commands.referral_steps import connect, require_introduction, stated_since
from intake.commands.referrals import (
    SAID,
    SCREENING,
    RecordReferral,
    known_when_referred,
    reach_referral,
    step_of,
    tell,
)
from intake.models import Referral
from intake.rules.eligibility import Answers
from intake.rules.referrals import Introduction


class AcceptedEpisode(Asked):
    program_id: UUID | None = Field(default=None, description="the program that the referral wants, if not given")
    opened_on: Day
    single_contact_outreach: bool = False


class AcceptReferral(Asked):
    """Take somebody on: as a new participant, or as one who is served already."""

    participant_id: UUID | None = Field(default=None, description="who they are, if they are served already")
    identity: Identity | None = Field(default=None, description="who they are, if not as the referral says")
    episode: AcceptedEpisode | None = None
    connected_at: Instant | None = None
    introduction: Introduction | None = Field(default=None, description="how the warm hand-off was made")
    kind: Literal[ReferralKind.REFERRAL] | None = Field(
        default=None, description="only a number was given: the warm hand-off becomes a referral"
    )
    answers: Answers | None = Field(default=None, description="the screening's answers, asked again")
    override_reason: Prose | None = Field(default=None, description="why they are taken on against the rules' advice")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.participant_id is not None and self.identity is not None:
            raise ValueError("give participant_id or identity, not both")
        return self


class Accepted(Enrolled):
    """`id` and `version` are the referral's."""

    participant_id: UUID
    episode_id: UUID | None = None


async def accept_referral(db: Db, keys: KeyRing, actor: Actor, referral_id: UUID, request: AcceptReferral) -> Accepted:
    """Turn a referral into a participant, or link it with one, and connect it; an episode too if asked."""
    now = await recording(db)
    referral = await reach_referral(db, actor, referral_id, now, lock=True)
    _require_open_and_inbound(referral)
    at = stated_since(now, referral, request.connected_at, "/connected_at")
    sealer = await keys.sealer(db, db.scope.agency_id, referral.id)
    said = RecordReferral.model_validate(sealer.open(SAID, referral.said))
    await _screen_again(db, referral, sealer, said, request)
    became = await _become(db, keys, actor, referral.id, said, request)
    referral.participant_id = became.participant_id
    if request.episode:
        referral.episode_id = await _open_episode(db, now, actor, referral, request)
    _take_on(db, referral, request, at, now, actor)
    db.audit("referral.accept", referral.participant_id, referral_id=referral.id, episode_id=referral.episode_id)
    return became.model_copy(update={"version": referral.version, "episode_id": referral.episode_id})


def _require_open_and_inbound(referral: Referral) -> None:
    if referral.direction != ReferralDirection.IN:
        raise Refused("sent-out", "This referral went out; its person is a participant already.")
    if referral.participant_id is not None:
        raise Refused("linked-already", "This referral is linked with a participant already. Read it for their id.")
    if referral.status == ReferralStatus.CLOSED:
        raise Refused("referral-closed", "This referral is closed. Record a new one to go on.")


async def _screen_again(
    db: Db, referral: Referral, sealer: Sealer, said: RecordReferral, request: AcceptReferral
) -> None:
    """Keep what the rules say now, and why a person decides otherwise. Advice only: nothing is refused here."""
    if referral.program_id is None:
        return
    newer = {"answers": request.answers or said.answers, "person": request.identity or said.person}
    known = known_when_referred(said.model_copy(update=newer))
    screening = screened(await rules_of(db, referral.program_id), known) or _before(referral, sealer)
    screening = overridden(screening, request.override_reason)
    if screening is not None:
        referral.eligibility = screening.verdict
        referral.screening = sealer.seal(SCREENING, screening.model_dump(mode="json"))


def _before(referral: Referral, sealer: Sealer) -> Screened | None:
    if referral.screening is None:
        return None
    return Screened.model_validate(sealer.open(SCREENING, referral.screening))


async def _become(
    db: Db, keys: KeyRing, actor: Actor, referral_id: UUID, said: RecordReferral, request: AcceptReferral
) -> Accepted:
    """Return who the person is: somebody served already within the actor's reach, or somebody new."""
    if request.participant_id is not None:
        now = await recording(db)
        person = await reach_unmerged(db, actor, request.participant_id, now, lock=said.received_part2)
        if said.received_part2:
            await label(db, keys, now, person, RecordOrigin.RECEIVED_PART2)
        return Accepted(id=referral_id, version=1, participant_id=person.id)
    assert said.person is not None  # who is referred in is always said
    identity = request.identity or Identity.model_validate(said.person.model_dump())
    enrolled = await enrol_participant(db, keys, identity, actor, received=said.received_part2)
    possible = enrolled.possible_duplicates
    return Accepted(id=referral_id, version=1, participant_id=enrolled.id, possible_duplicates=possible)


async def _open_episode(db: Db, now: Recording, actor: Actor, referral: Referral, request: AcceptReferral) -> UUID:
    """Open an episode; of somebody served already it may be a re-enrolment, and the second open one is refused."""
    assert request.episode is not None  # asked for
    assert referral.participant_id is not None  # found or enrolled just now
    program_id = request.episode.program_id or referral.program_id
    if program_id is None:
        raise Unprocessable("program-missing", "Say in which program; the referral names none.", "/episode/program_id")
    terms = request.episode.model_dump() | {"program_id": program_id}
    if request.participant_id is not None:
        wish = OpenEpisode(participant_id=referral.participant_id, **terms)
        return (await open_episode(db, actor, wish)).id
    await require_program(db, program_id)
    return place_episode(db, now, referral.participant_id, EpisodeTerms(**terms)).id


def _take_on(db: Db, referral: Referral, request: AcceptReferral, at: datetime, now: Recording, actor: Actor) -> None:
    """Connect the referral to us, unless that was noted before: we are the receiver, and said yes then."""
    if referral.status != ReferralStatus.CONNECTED:
        referral.kind = request.kind or referral.kind
        require_introduction(referral, request.introduction, at)
        connect(referral, at, at)
    referral.version += 1
    step = step_of(referral, at=referral.connected_at or at, now=now, by=actor.staff_id)
    step.introduction, step.accepted_at = request.introduction, referral.accepted_at
    db.add(step)
    tell(db, facts.REFERRAL_CHANGED, referral)
