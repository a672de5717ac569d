"""What peers say of themselves, so that people find somebody who fits; pathways are attested by the peer alone."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from sqlalchemy import select

from common.contracts.codes import Role
from common.database import Db
from common.errors import Forbidden, NotThere, Refused
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from common.text import Asked, Code, Distinct, Line
from intake.commands.uniqueness import flush_unless
from intake.models import PeerProfile, Staff
from intake.rules.matching import DEFAULT_LIMIT, Gender, Hours, Pathway

PATHWAYS = "peer_profile.pathways"
GENDER = "peer_profile.gender"
SUPERVISING = (Role.SUPERVISOR, Role.ADMINISTRATOR)
THEIR_OWN = {
    "pathways": "Only the peer can attest a pathway. Ask them to, or leave pathways out.",
    "gender": "Only the peer can say this of themselves. Leave gender out.",
}


class OwnGender(Asked):
    word: Line | None = Field(default=None, description="in the peer's own word")
    code: Gender = Field(description="what wishes are compared with")


class SetProfile(Asked):
    """What is left out stays as it is; null takes `pathways` or `gender` back."""

    pathways: Annotated[list[Pathway], Distinct] | None = Field(
        default=None, max_length=14, description="from the peer's own life, attested by the peer; never a diagnosis"
    )
    gender: OwnGender | None = None
    languages: Annotated[list[Code], Distinct] | None = Field(default=None, max_length=20, description="BCP 47")
    schedule: list[Hours] | None = Field(default=None, max_length=50, description="weekly, in the agency's zone")
    caseload_limit: int | None = Field(default=None, ge=0, le=200, description="people at once; set by a supervisor")
    accepting: bool | None = None


async def peer_of(db: Db, actor: Actor, staff_id: UUID) -> Staff:
    """Return a peer whose profile is the actor's own or theirs to supervise. Raises `NotThere`."""
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None or Role.PEER not in staff.roles:
        raise NotThere
    if actor.staff_id != staff_id and not actor.may(*SUPERVISING):
        raise NotThere
    return staff


async def set_profile(
    db: Db, keys: KeyRing, actor: Actor, staff_id: UUID, request: SetProfile, *, expected: int
) -> Created:
    """Write a profile; version 0 is one that nobody has written yet."""
    await peer_of(db, actor, staff_id)
    profile = await _locked(db, staff_id)
    require_version(profile.version, expected)
    _require_own(actor, staff_id, profile, request)
    _describe(profile, await keys.sealer(db, db.scope.agency_id, staff_id), request, db)
    db.add(profile)
    stale = Refused("stale-version", "This was changed since you read it. Reload, then change it again.", status=412)
    await flush_unless(db, {"pk_peer_profile": stale})
    db.audit("peer-profile.set", staff_id, attested="pathways" in request.model_fields_set)
    return Created(id=staff_id, version=profile.version)


async def _locked(db: Db, staff_id: UUID) -> PeerProfile:
    question = select(PeerProfile).where(PeerProfile.agency_id == db.scope.agency_id, PeerProfile.staff_id == staff_id)
    return await db.scalar(question.with_for_update()) or unwritten(db.scope.agency_id, staff_id)


def unwritten(agency_id: UUID, staff_id: UUID) -> PeerProfile:
    """Return the profile of a peer who has not said anything yet."""
    return PeerProfile(
        agency_id=agency_id,
        staff_id=staff_id,
        languages=[],
        schedule=[],
        caseload_limit=DEFAULT_LIMIT,
        accepting=True,
        version=0,
    )


def _require_own(actor: Actor, staff_id: UUID, profile: PeerProfile, request: SetProfile) -> None:
    """Raise `Forbidden` where somebody says what only the peer may, or a peer what only a supervisor may."""
    if actor.staff_id != staff_id:
        for field, sentence in THEIR_OWN.items():
            if field in request.model_fields_set:
                raise Forbidden("the-peers-own-words", sentence)
    limit = request.caseload_limit
    if limit is not None and limit != profile.caseload_limit and not actor.may(*SUPERVISING):
        raise Forbidden("limit-is-the-supervisors", "Ask your supervisor to change how many people you work with.")


def _describe(profile: PeerProfile, sealer: Sealer, request: SetProfile, db: Db) -> None:
    if "pathways" in request.model_fields_set:
        _attest(profile, sealer, request.pathways, db)
    if "gender" in request.model_fields_set:
        said = request.gender.model_dump(mode="json") if request.gender else None
        profile.gender = sealer.seal(GENDER, said) if said else None
    if request.languages is not None:
        profile.languages = sorted(request.languages)
    if request.schedule is not None:
        profile.schedule = [hours.model_dump(mode="json") for hours in request.schedule]
    if request.caseload_limit is not None:
        profile.caseload_limit = request.caseload_limit
    if request.accepting is not None:
        profile.accepting = request.accepting
    profile.changed_by, profile.changed_at = db.scope.actor_id, db.now
    profile.version += 1


def _attest(profile: PeerProfile, sealer: Sealer, pathways: list[Pathway] | None, db: Db) -> None:
    """Seal what the peer attests at this instant; null takes every attestation back."""
    if pathways is None:
        profile.pathways = profile.attested_at = profile.attested_by = None
        return
    profile.pathways = sealer.seal(PATHWAYS, sorted(pathways))
    profile.attested_at, profile.attested_by = db.now, profile.staff_id


def open_pathways(sealer: Sealer, profile: PeerProfile) -> list[Pathway]:
    opened: Any = sealer.open(PATHWAYS, profile.pathways) if profile.pathways is not None else []
    return [Pathway(code) for code in opened]


def open_gender(sealer: Sealer, profile: PeerProfile) -> OwnGender | None:
    return None if profile.gender is None else OwnGender.model_validate(sealer.open(GENDER, profile.gender))
