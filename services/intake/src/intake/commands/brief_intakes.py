"""The brief intake: everything that must be there before the first session, in one call and one transaction."""

from typing import Literal
from uuid import UUID

from pydantic import Field
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import Unprocessable
from common.identity import Actor
from common.privacy import KeyRing
from common.text import Asked, Day, Instant
from intake.commands.consent_signers import require_own_name
from intake.commands.consents import place_consent
from intake.commands.duplicates import Enrolled, warn
from intake.commands.episodes import EpisodeTerms, place_acknowledgement, place_episode, require_program
from intake.commands.notices import GiveNotice, place_notice_on_file
from intake.commands.participants import Identity, Vault, place_participant, require_new_person, vault_of
from intake.commands.pointing import pointing
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import OwnId, require_new
from intake.models import Episode
from intake.rules.consents import ConsentTerms


class BriefIntake(Asked):
    """A person, their time with a program, their own will, and the papers if they are at hand."""

    id: OwnId = None
    episode_id: OwnId = None
    person: Identity
    program_id: UUID
    opened_on: Day | None = Field(default=None, description="today, unless it was before")
    single_contact_outreach: bool = False
    voluntary: Literal[True] = Field(description="the person says that taking part is voluntary")
    acknowledged_at: Instant | None = Field(default=None, description="now, unless it was before")
    notice: GiveNotice | None = None
    consent: ConsentTerms | None = None


class BriefIntakeDone(Enrolled):
    """What to go on with; `id` and `version` are the participant's."""

    episode_id: UUID
    episode_version: int
    notice_id: UUID | None = None
    consent_id: UUID | None = None
    consent_version: int | None = None


async def take_in(db: Db, keys: KeyRing, actor: Actor, request: BriefIntake) -> BriefIntakeDone:
    now = await recording(db)
    await require_program(db, request.program_id)
    await require_new_person(db, request.id)
    await require_new(db, Episode, request.episode_id, "/episode_id")
    vault = await vault_of(db, keys, participant_id := request.id or uuid7())
    with pointing("/person"):
        person = place_participant(db, now, vault, request.person, participant_id=participant_id, enrolled_at=now.now)
    episode = _place_episode(db, now, participant_id, request)
    notice_id, consent_id = await _place_papers(db, now, vault, participant_id, request)
    possible = await warn(db, actor, now, person)
    db.audit("participant.take-in", participant_id, episode_id=episode.id, shown=[one.id for one in possible])
    return BriefIntakeDone(
        id=participant_id,
        version=1,
        possible_duplicates=possible,
        episode_id=episode.id,
        episode_version=episode.version,
        notice_id=notice_id,
        consent_id=consent_id,
        consent_version=1 if consent_id else None,
    )


def _place_episode(db: Db, now: Recording, participant_id: UUID, request: BriefIntake) -> Episode:
    opened_on, birth_date = request.opened_on or now.today, request.person.birth_date
    if birth_date and opened_on < birth_date:
        detail = "The episode opens before the birth date. Correct one of them."
        raise Unprocessable("before-birth", detail, "/opened_on")
    terms = EpisodeTerms(
        program_id=request.program_id,
        opened_on=opened_on,
        single_contact_outreach=request.single_contact_outreach,
    )
    episode = place_episode(db, now, participant_id, terms, episode_id=request.episode_id)
    place_acknowledgement(db, now, episode, request.acknowledged_at)
    return episode


async def _place_papers(
    db: Db, now: Recording, vault: Vault, participant_id: UUID, request: BriefIntake
) -> tuple[UUID | None, UUID | None]:
    """Write the notice and the consent that are there; return their ids."""
    notice = consent = None
    if request.notice:
        with pointing("/notice"):
            notice = await place_notice_on_file(db, now, participant_id, request.notice)
    if request.consent:
        with pointing("/consent"):
            await require_own_name(db, vault.sealer, participant_id, request.consent)
            consent = place_consent(db, now, vault.sealer, participant_id, request.consent)
    return notice.id if notice else None, consent.id if consent else None
