"""Enrolling people and keeping who they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Sex
from common.database import Db
from common.errors import Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Code, Day, Email, Line
from intake.commands.access import reach_participant
from intake.commands.recording import Recording, recording
from intake.models import Participant
from intake.rules.people import age_band, phone_digits

IDENTITY = "participant.identity"
SEALED = frozenset({"name", "alias", "birth_date", "phone", "email", "address", "language", "external_id"})


class Identity(Asked):
    """Who somebody is, exactly as they give it; one of the names is enough."""

    name: Line | None = Field(default=None, description="in one piece, in the person's own order and script")
    alias: Line | None = None
    birth_date: Day | None = None
    sex: Sex = Sex.UNKNOWN
    phone: Line | None = None
    email: Email | None = None
    address: Line | None = None
    language: Code | None = Field(default=None, description="BCP 47, such as es or zh-Hant")

    @model_validator(mode="after")
    def _called_something(self) -> Self:
        if self.name is None and self.alias is None:
            raise ValueError("give a name or an alias")
        return self


@dataclass(frozen=True, slots=True)
class Vault:
    """What seals a person's values, and the agency's key for their blind indexes."""

    sealer: Sealer
    index_key: bytes


def place_participant(
    db: Db, recording: Recording, vault: Vault, identity: Identity, *, participant_id: UUID, enrolled_at: datetime
) -> Participant:
    participant = Participant(
        agency_id=db.scope.agency_id,
        id=participant_id,
        enrolled_at=enrolled_at,
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    _describe(participant, vault, identity, recording)
    db.add(participant)
    _tell(db, participant, identity, recording)
    return participant


def _describe(participant: Participant, vault: Vault, identity: Identity, recording: Recording) -> None:
    """Write who the person is, sealed, and the digests that find them."""
    if identity.birth_date and identity.birth_date > recording.day(participant.enrolled_at):
        raise Unprocessable("born-after-enrolment", "The birth date is after the enrolment.", "/birth_date")
    participant.identity = vault.sealer.seal(IDENTITY, identity.model_dump(mode="json", include=set(SEALED)))
    participant.sex = identity.sex
    for column, digest in digests(vault.index_key, identity).items():
        setattr(participant, column, digest)


def digests(key: bytes, identity: Identity) -> dict[str, bytes | None]:
    """Return the blind indexes by column; None for what is not known. Names and aliases meet each other."""

    def digest(kind: str, value: str | None) -> bytes | None:
        return None if value is None else blind_index(key, kind, value)

    return {
        "name_index": digest("name", identity.name),
        "alias_index": digest("name", identity.alias),
        "birth_index": digest("birth", identity.birth_date.isoformat() if identity.birth_date else None),
        "phone_index": digest("phone", identity.phone and phone_digits(identity.phone)),
        "email_index": digest("email", identity.email),
    }


def _tell(db: Db, participant: Participant, identity: Identity, recording: Recording) -> None:
    db.publish(
        facts.PARTICIPANT_ENROLLED,
        facts.ParticipantFacts(
            participant_id=participant.id,
            age_band=age_band(identity.birth_date, recording.day(participant.enrolled_at)),
            sex=identity.sex,
            enrolled_at=participant.enrolled_at,
            imported=participant.source_system is not None,
        ),
        about=participant.id,
        seq=participant.version,
    )


async def enrol_participant(db: Db, keys: KeyRing, request: Identity) -> Created:
    now = await recording(db)
    participant_id = uuid7()
    vault = await vault_of(db, keys, participant_id)
    place_participant(db, now, vault, request, participant_id=participant_id, enrolled_at=db.now)
    db.audit("participant.enrol", participant_id)
    return Created(id=participant_id, version=1)


async def vault_of(db: Db, keys: KeyRing, participant_id: UUID) -> Vault:
    agency_id = db.scope.agency_id
    index_key = await keys.index_key(db, agency_id)
    return Vault(await keys.sealer(db, agency_id, participant_id), index_key)


async def describe_participant(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: Identity, *, expected: int
) -> Created:
    """Replace who somebody is. The fact is told again, for the age band at enrolment may have been put right."""
    now = await recording(db)
    participant = await reach_participant(db, actor, participant_id, now, lock=True)
    require_version(participant.version, expected)
    vault = await vault_of(db, keys, participant_id)
    _describe(participant, vault, _with_external_id(vault, participant, request), now)
    participant.version += 1
    _tell(db, participant, request, now)
    db.audit("participant.describe", participant_id)
    return Created(id=participant_id, version=participant.version)


class ImportedIdentity(Identity):
    """Who somebody is, and what another system called them."""

    external_id: Code


def _with_external_id(vault: Vault, participant: Participant, request: Identity) -> Identity:
    """Keep what another system called the person: nobody types it, so nobody's change may lose it."""
    if participant.source_system is None:
        return request
    before = open_identity(vault.sealer, participant)
    return ImportedIdentity(external_id=str(before["external_id"]), **request.model_dump())


def open_identity(sealer: Sealer, participant: Participant) -> dict[str, str | None]:
    opened = sealer.open(IDENTITY, participant.identity)
    assert isinstance(opened, dict)  # sealed above
    return opened
