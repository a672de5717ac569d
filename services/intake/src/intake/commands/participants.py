"""Enrolling people, and keeping who they are with every change of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import select
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import RecordOrigin, Sex
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import Unprocessable
from common.http import require_version
from common.identity import Actor
from common.privacy import KeyRing, Sealer, blind_index
from common.text import Asked, Code, Day, Distinct, Email, Line, Prose
from intake.commands.access import reach_unmerged
from intake.commands.duplicates import Enrolled, warn
from intake.commands.recording import Recording, recording
from intake.commands.uniqueness import already_recorded, require_new
from intake.models import Participant, ParticipantChange, Staff
from intake.rules.names import name_parts, sounding_parts
from intake.rules.part2 import origin_of
from intake.rules.people import ANSWERED_BY, AskedFor, IdentityField, age_band, changed_fields, phone_digits

IDENTITY = "participant.identity"
OLD_VALUE, NEW_VALUE = "participant_change.old_value", "participant_change.new_value"
PLAIN = frozenset({IdentityField.SEX, IdentityField.ANONYMOUS})
SEALED = frozenset({*IdentityField, "external_id"}) - PLAIN
NAMING = (
    *(IdentityField.NAME, IdentityField.ALIAS, IdentityField.BIRTH_DATE),
    *(IdentityField.PHONE, IdentityField.EMAIL, IdentityField.ADDRESS),
)


class SpokenLanguage(Asked):
    language: Code = Field(description="BCP 47, such as es or zh-Hant")
    interpreter_needed: bool = False


class Identity(Asked):
    """Who somebody is, exactly as they give it; one of the names is enough, and `anonymous` stands for none."""

    name: Line | None = Field(default=None, description="in one piece, in the person's own order and script")
    alias: Line | None = None
    pronouns: Line | None = None
    gender_identity: Line | None = Field(default=None, description="in the person's own words")
    birth_date: Day | None = None
    sex: Sex = Sex.UNKNOWN
    race_ethnicity: Line | None = Field(default=None, description="in the person's own words")
    phone: Line | None = None
    email: Email | None = None
    address: Line | None = None
    language: Code | None = Field(default=None, description="the one to speak and write in; BCP 47, such as zh-Hant")
    languages: Annotated[list[SpokenLanguage], Distinct] = Field(default=[], max_length=20)
    access_needs: Annotated[list[Code], Distinct] | None = Field(
        default=None, max_length=30, description="null is not asked, an empty list is none"
    )
    access_needs_words: Prose | None = None
    declined: Annotated[list[AskedFor], Distinct] = Field(
        default=[], max_length=len(AskedFor), description="what the person declined to say, which is an answer"
    )
    anonymous: bool = Field(default=False, description="an outreach contact of whom nothing is known that names them")

    @model_validator(mode="after")
    def _called_something(self) -> Self:
        if self.anonymous and any(getattr(self, field) is not None for field in NAMING):
            raise ValueError("an anonymous contact has no name, birth date, phone, e-mail or address")
        if self.name is None and self.alias is None and not self.anonymous:
            raise ValueError("give a name or an alias")
        return self

    @model_validator(mode="after")
    def _declined_or_given(self) -> Self:
        for code in self.declined:
            if any(getattr(self, field) not in (None, [], Sex.UNKNOWN) for field in ANSWERED_BY[code]):
                raise ValueError(f"{code} is both given and declined")
        return self


@dataclass(frozen=True, slots=True)
class Vault:
    """What seals a person's values, and the agency's key for their blind indexes."""

    sealer: Sealer
    index_key: bytes


def place_participant(
    db: Db,
    recording: Recording,
    vault: Vault,
    identity: Identity,
    *,
    participant_id: UUID,
    enrolled_at: datetime,
    received: bool = False,
) -> Participant:
    """Write somebody new; `received`: what is known of them came with the notice of 42 CFR 2.32.

    Everybody who comes to be a participant comes through here. Raises `Refused` while the agency is not live.
    """
    recording.require_live()
    participant = Participant(
        agency_id=db.scope.agency_id,
        id=participant_id,
        enrolled_at=enrolled_at,
        origin=origin_of(is_program=recording.is_program, received=received),
        source_system=recording.source_system,
        recorded_at=recording.now,
        version=1,
    )
    _describe(participant, vault, identity, recording)
    db.add(participant)
    _tell(db, facts.PARTICIPANT_ENROLLED, participant, identity, recording)
    return participant


def _describe(participant: Participant, vault: Vault, identity: Identity, recording: Recording) -> None:
    """Write who the person is, sealed, and the digests that find them."""
    if identity.birth_date and identity.birth_date > recording.day(participant.enrolled_at):
        raise Unprocessable("born-after-enrolment", "The birth date is after the enrolment.", "/birth_date")
    values = {field: value for field, value in _values(identity).items() if field not in PLAIN}
    participant.identity = vault.sealer.seal(IDENTITY, values)
    participant.sex = identity.sex
    participant.anonymous = identity.anonymous
    participant.pairable = True
    for column, digest in digests(vault.index_key, identity).items():
        setattr(participant, column, digest)


def _values(identity: Identity) -> dict[str, Any]:
    """Return what is known, as it is sealed and compared: nothing is there for what is not known."""
    stated = identity.model_dump(mode="json", include={*SEALED, *PLAIN})
    unsaid: tuple[object, ...] = (None, False)
    empty = {field for field in (IdentityField.LANGUAGES, IdentityField.DECLINED) if not stated[field]}
    return {field: value for field, value in stated.items() if value not in unsaid and field not in empty}


def known_of(sealer: Sealer, participant: Participant) -> dict[str, Any]:
    """Return everything known of who somebody is, by field."""
    known = {field: value for field, value in open_identity(sealer, participant).items() if value is not None}
    plain = {IdentityField.SEX: participant.sex} | ({IdentityField.ANONYMOUS: True} if participant.anonymous else {})
    return known | {str(field): value for field, value in plain.items()}


def identity_of(known: Mapping[str, Any]) -> Identity:
    """Return what is known as it could be sent. Raises `ValidationError` if it does not stand together."""
    return Identity.model_validate({str(field): known[field] for field in IdentityField if field in known})


def digests(key: bytes, identity: Identity) -> dict[str, bytes | None]:
    """Return the blind indexes by column; None for what is not known. Names and aliases meet each other."""

    def digest(kind: str, value: str | None) -> bytes | None:
        return None if value is None else blind_index(key, kind, value)

    def with_birth(kind: str, parts_of: Callable[[str], tuple[str, ...]], name: str | None) -> bytes | None:
        if name is None or identity.birth_date is None:
            return None
        return blind_index(key, kind, identity.birth_date.isoformat(), *parts_of(name))

    return {
        "name_index": digest("name", identity.name),
        "alias_index": digest("name", identity.alias),
        "birth_index": digest("birth", identity.birth_date.isoformat() if identity.birth_date else None),
        "phone_index": digest("phone", identity.phone and phone_digits(identity.phone)),
        "email_index": digest("email", identity.email),
        "name_birth_index": with_birth("name-birth", name_parts, identity.name),
        "alias_birth_index": with_birth("name-birth", name_parts, identity.alias),
        "sound_birth_index": with_birth("sound-birth", sounding_parts, identity.name),
    }


def _tell(db: Db, fact: Fact, participant: Participant, identity: Identity, recording: Recording) -> None:
    db.publish(
        fact,
        facts.ParticipantFacts(
            participant_id=participant.id,
            age_band=age_band(identity.birth_date, recording.day(participant.enrolled_at)),
            sex=identity.sex,
            enrolled_at=participant.enrolled_at,
            imported=participant.source_system is not None,
            origin=RecordOrigin(participant.origin),
        ),
        about=participant.id,
        seq=participant.version,
    )


async def enrol_participant(
    db: Db, keys: KeyRing, request: Identity, actor: Actor | None = None, *, received: bool = False
) -> Enrolled:
    """Enrol somebody, and propose every record that may be theirs; `actor` is who may be shown some of them."""
    now = await recording(db)
    participant_id = uuid7()
    vault = await vault_of(db, keys, participant_id)
    participant = place_participant(
        db, now, vault, request, participant_id=participant_id, enrolled_at=db.now, received=received
    )
    possible = await warn(db, actor, now, participant)
    db.audit("participant.enrol", participant_id, shown=[one.id for one in possible])
    return Enrolled(id=participant_id, version=1, possible_duplicates=possible)


async def label(db: Db, keys: KeyRing, now: Recording, participant: Participant, origin: RecordOrigin) -> None:
    """Label a record that was no Part 2 record until it met one; no label is ever taken away."""
    if participant.origin != RecordOrigin.OTHER or origin is RecordOrigin.OTHER:
        return
    sealer = await keys.sealer(db, participant.agency_id, participant.id)
    participant.origin = origin
    participant.version += 1
    _tell(db, facts.PARTICIPANT_CHANGED, participant, identity_of(known_of(sealer, participant)), now)


async def require_new_person(db: Db, participant_id: UUID | None) -> None:
    """Raise `Refused` if a client's id for somebody new is anything here already that may have a key.

    Else the person would share the key of the agency or of a colleague, and what is sealed under it.
    """
    await require_new(db, Participant, participant_id)
    await require_new(db, Staff, participant_id)
    ring = db.tables.key_ring.c
    sealed = select(ring.subject_id).where(ring.agency_id == db.scope.agency_id, ring.subject_id == participant_id)
    if participant_id == db.scope.agency_id or (participant_id and await db.scalar(sealed) is not None):
        raise already_recorded("/id")


async def vault_of(db: Db, keys: KeyRing, participant_id: UUID) -> Vault:
    agency_id = db.scope.agency_id
    index_key = await keys.index_key(db, agency_id)
    return Vault(await keys.sealer(db, agency_id, participant_id), index_key)


async def describe_participant(
    db: Db, keys: KeyRing, actor: Actor, participant_id: UUID, request: Identity, *, expected: int
) -> Enrolled:
    """Replace who somebody is, keep what changed, and look for duplicates anew: a birth date often comes later."""
    now = await recording(db)
    participant = await reach_unmerged(db, actor, participant_id, now, lock=True)
    require_version(participant.version, expected)
    vault = await vault_of(db, keys, participant_id)
    changed = replace_identity(db, now, vault, participant, request)
    possible = await warn(db, actor, now, participant)
    db.audit("participant.describe", participant_id, fields=changed, shown=[one.id for one in possible])
    return Enrolled(id=participant_id, version=participant.version, possible_duplicates=possible)


def replace_identity(
    db: Db, now: Recording, vault: Vault, participant: Participant, identity: Identity
) -> list[IdentityField]:
    """Write who somebody is now, a row for each field that truly changed, and tell of it; return those fields."""
    before = known_of(vault.sealer, participant)
    if "external_id" in before:  # nobody types it, so nobody's change may lose it
        identity = ImportedIdentity(external_id=before["external_id"], **identity.model_dump())
    _describe(participant, vault, identity, now)
    participant.version += 1
    after = _values(identity)
    changed = changed_fields(before, after)
    for field in changed:
        db.add(_change(db, now, vault, participant, field, before.get(field), after.get(field)))
    _tell(db, facts.PARTICIPANT_CHANGED, participant, identity, now)
    return changed


def _change(
    db: Db, now: Recording, vault: Vault, participant: Participant, field: IdentityField, old: object, new: object
) -> ParticipantChange:
    return ParticipantChange(
        agency_id=participant.agency_id,
        id=uuid7(),
        participant_id=participant.id,
        version=participant.version,
        field=field,
        old_value=None if old is None else vault.sealer.seal(OLD_VALUE, old),
        new_value=None if new is None else vault.sealer.seal(NEW_VALUE, new),
        changed_at=now.now,
        changed_by=db.scope.actor_id,
    )


class ImportedIdentity(Identity):
    """Who somebody is, and what another system called them."""

    external_id: Code


def open_identity(sealer: Sealer, participant: Participant) -> dict[str, Any]:
    opened = sealer.open(IDENTITY, participant.identity)
    assert isinstance(opened, dict)  # sealed above
    return opened
