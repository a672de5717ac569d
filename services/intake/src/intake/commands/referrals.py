"""Recording who was sent to us or by us, and who may reach a referral."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator
from sqlalchemy import ColumnElement, Uuid, or_, select, true, type_coerce
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import RecordOrigin, ReferralDirection, ReferralKind, ReferralStatus
from common.contracts.envelope import Fact
from common.database import Db
from common.errors import NotThere, Refused
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing, blind_index
from common.text import Asked, Code, Day, Email, Line, Prose
from intake.commands.access import WHOLE_AGENCY, reach_unmerged, within_reach
from intake.commands.eligibility import Screened, require_program, rules_of, screened
from intake.commands.participants import Identity, Vault, digests, vault_of
from intake.commands.recording import Recording, recording
from intake.commands.referral_matches import possible_matches
from intake.models import Referral, ReferralStep
from intake.rules.eligibility import Answers, Known, Verdict
from intake.rules.part2 import referral_origin
from intake.rules.referrals import ReferralCloseReason

SAID = "referral.said"
SCREENING = "referral.screening"
INDEXES = ("name_index", "alias_index", "birth_index", "phone_index", "email_index")


class Party(Asked):
    """Who refers or receives: an organization, a person there, or both, and how to reach them."""

    organization: Line | None = None
    person: Line | None = None
    phone: Line | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.organization is None and self.person is None:
            raise ValueError("give an organization or a person")
        return self


class ReferredPerson(Identity):
    """Who is referred, as the referrer says it."""

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.anonymous:
            raise ValueError("give a name or an alias: nobody can be sent without one")
        return self


class ReferredContact(Asked):
    """Somebody close to the person."""

    name: Line
    relation: Line | None = None
    phone: Line | None = None


class Coverage(Asked):
    payer: Line
    member_id: Line | None = None
    kind: Line | None = None


class ReferralReason(Asked):
    """A reason as a code of the referrer's system, in words, or both."""

    system: Line | None = None
    code: Line | None = None
    text: Line | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.code is None and self.text is None:
            raise ValueError("give a code or a text")
        return self


class RecordReferral(Asked):
    """A referral: `in` says who is sent to us, `out` which of our participants is sent to whom."""

    direction: ReferralDirection = ReferralDirection.IN
    kind: ReferralKind = ReferralKind.REFERRAL
    referred_on: Day
    source: Party | None = None
    receiver: Party | None = None
    participant_id: UUID | None = None
    person: ReferredPerson | None = None
    contacts: list[ReferredContact] = Field(default=[], max_length=10)
    coverage: list[Coverage] = Field(default=[], max_length=10)
    reason: Prose | None = None
    reasons: list[ReferralReason] = Field(default=[], max_length=50)
    program_id: UUID | None = Field(default=None, description="the program that is wanted")
    external_id: Code | None = Field(default=None, description="what the referrer's system calls this referral")
    source_system: Code | None = Field(default=None, description="the referrer's system; needed with external_id")
    answers: Answers = Answers()
    received_part2: bool = Field(default=False, description="it came with the notice of 42 CFR 2.32: a Part 2 record")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.direction is ReferralDirection.IN:
            _require_inbound(self)
        else:
            _require_outbound(self)
        if self.external_id is not None and self.source_system is None:
            raise ValueError("give source_system with external_id")
        return self


def _require_inbound(request: RecordReferral) -> None:
    if request.person is None:
        raise ValueError("say in person who is referred")
    if request.participant_id is not None or request.receiver is not None:
        raise ValueError("participant_id and receiver belong to a referral that goes out")
    if request.source is None and request.kind is not ReferralKind.SELF:
        raise ValueError("say in source who refers, or take the kind self")


def _require_outbound(request: RecordReferral) -> None:
    if request.participant_id is None or request.receiver is None:
        raise ValueError("a referral that goes out needs participant_id and receiver")
    if request.person is not None or request.source is not None:
        raise ValueError("person and source belong to a referral that comes in")
    if request.received_part2:
        raise ValueError("received_part2 belongs to a referral that comes in")
    if request.kind is ReferralKind.SELF:
        raise ValueError("nobody refers themselves out; take another kind")


class Recorded(Created):
    """`recorded` is false for a referral of another system that is known: the answer names it, nothing was written."""

    eligibility: Verdict | None = Field(default=None, description="what the program's rules advise, if it has any")
    recorded: bool = True


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a referral comes from beside what it says: the line of a file, and who may be the same person."""

    referral_id: UUID
    sought: Mapping[str, bytes | None]
    external_index: bytes | None = None
    import_id: UUID | None = None
    import_line: int | None = None
    possible_ids: Sequence[UUID] = ()
    label: RecordOrigin | None = None  # of the participant who is sent out


async def record_referral(db: Db, keys: KeyRing, actor: Actor, request: RecordReferral) -> Recorded:
    """Record one referral, with the duplicate check; one that the same system sent before is answered as it was."""
    now = await recording(db)
    sent = await reach_unmerged(db, actor, request.participant_id, now) if request.participant_id else None
    vault = await vault_of(db, keys, referral_id := uuid7())
    external = external_index(vault.index_key, request)
    if external and (known := await _known(db, request.source_system, external)):
        if await db.scalar(select(referral_within_reach(actor, now.today)).where(Referral.id == known.id)):
            return await _repeated(db, keys, known, request)
        external = None  # somebody else's: recorded all the same, so that nothing is lost and nothing told
    sought = sought_of(vault.index_key, request.person)
    found = await possible_matches(db, {referral_id: sought})
    label = RecordOrigin(sent.origin) if sent else None
    origin = Origin(referral_id, sought, external, possible_ids=found.get(referral_id, ()), label=label)
    referral = place_referral(db, now, vault, request, origin, await screen(db, request))
    db.audit("referral.record", referral_id, direction=request.direction, kind=request.kind)
    return Recorded(id=referral_id, version=1, eligibility=_verdict(referral))


async def _repeated(db: Db, keys: KeyRing, known: Referral, request: RecordReferral) -> Recorded:
    """Answer what is recorded already. Raises `Refused` if it says something else."""
    sealer = await keys.sealer(db, known.agency_id, known.id)
    if sealer.open(SAID, known.said) != _said(request):
        detail = "Another referral has this external id. Read that one, or send this one under an id of its own."
        raise Refused("external-id-in-use", detail, fields=[{"pointer": "/external_id", "detail": detail}])
    db.audit("referral.repeat", known.id)
    return Recorded(id=known.id, version=known.version, eligibility=_verdict(known), recorded=False)


def _said(request: RecordReferral) -> dict[str, object]:
    return request.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _verdict(referral: Referral) -> Verdict | None:
    return Verdict(referral.eligibility) if referral.eligibility else None


def external_index(index_key: bytes, request: RecordReferral) -> bytes | None:
    return None if request.external_id is None else blind_index(index_key, "external", request.external_id)


async def _known(db: Db, source_system: str | None, external: bytes) -> Referral | None:
    found: Referral | None = await db.scalar(
        select(Referral).where(
            Referral.agency_id == db.scope.agency_id,
            Referral.source_system == source_system,
            Referral.external_index == external,
        )
    )
    return found


def sought_of(index_key: bytes, person: ReferredPerson | None) -> dict[str, bytes | None]:
    """Return the digests of who is referred in; a participant who is sent out has their own."""
    return digests(index_key, person) if person else {}


async def screen(db: Db, request: RecordReferral) -> Screened | None:
    """Return what the rules of the program that is wanted say. Raises `NotThere` if there is no such program."""
    if request.program_id is None:
        return None
    await require_program(db, request.program_id)
    return screened(await rules_of(db, request.program_id), known_when_referred(request))


def known_when_referred(request: RecordReferral) -> Known:
    person = request.person
    return Known(
        birth_date=person and person.birth_date,
        language=person and person.language,
        answers=request.answers,
        on=request.referred_on,
    )


def place_referral(
    db: Db, now: Recording, vault: Vault, request: RecordReferral, origin: Origin, screening: Screened | None
) -> Referral:
    """Write a referral with its first step and tell of it; what it needs was loaded before."""
    now.require_past(request.referred_on, "/referred_on")
    if request.person and request.person.birth_date:
        now.require_past(request.person.birth_date, "/person/birth_date")
    referral = Referral(
        agency_id=db.scope.agency_id,
        id=origin.referral_id,
        direction=request.direction,
        kind=request.kind,
        status=ReferralStatus.RECEIVED,
        referred_on=request.referred_on,
        program_id=request.program_id,
        participant_id=request.participant_id,
        said=vault.sealer.seal(SAID, _said(request)),
        **{column: origin.sought.get(column) for column in INDEXES},
        possible_ids=list(origin.possible_ids),
        eligibility=screening and screening.verdict,
        screening=screening and vault.sealer.seal(SCREENING, screening.model_dump(mode="json")),
        link_version=1,
        link_open=True,
        origin=origin.label or referral_origin(is_program=now.is_program, received=request.received_part2),
        recorded_by=db.scope.actor_id,
        source_system=request.source_system,
        external_index=origin.external_index,
        import_id=origin.import_id,
        import_line=origin.import_line,
        recorded_at=now.now,
        version=1,
    )
    db.add(referral)
    db.add(step_of(referral, at=now.now, now=now))
    tell(db, facts.REFERRAL_RECORDED, referral)
    return referral


def step_of(referral: Referral, *, at: datetime, now: Recording, by: UUID | None = None) -> ReferralStep:
    """Return what the referral became, under the version that it has now."""
    return ReferralStep(
        agency_id=referral.agency_id,
        referral_id=referral.id,
        version=referral.version,
        status=referral.status,
        reason=referral.close_reason,
        at=at,
        by=by or referral.recorded_by,
        recorded_at=now.now,
    )


def tell(db: Db, fact: Fact, referral: Referral) -> None:
    state = facts.ReferralFacts(
        referral_id=referral.id,
        direction=ReferralDirection(referral.direction),
        kind=ReferralKind(referral.kind),
        status=ReferralStatus(referral.status),
        participant_id=referral.participant_id,
        episode_id=referral.episode_id,
        program_id=referral.program_id,
        referred_on=referral.referred_on,
        contacted_at=referral.contacted_at,
        accepted_at=referral.accepted_at,
        connected_at=referral.connected_at,
        closed_at=referral.closed_at,
        declined_by_person=referral.close_reason == ReferralCloseReason.DECLINED_BY_PERSON,
        imported=referral.import_id is not None,
    )
    db.publish(fact, state, about=referral.id, seq=referral.version)


def referral_within_reach(actor: Actor, today: date, *, opened: bool = True) -> ColumnElement[bool]:
    """Return the condition that the actor may reach a referral: all of them, their own, or their people's."""
    if actor.may(*WHOLE_AGENCY):
        return true()
    about = type_coerce(Referral.participant_id, Uuid())  # null is nobody's
    return or_(Referral.recorded_by == actor.staff_id, within_reach(actor, today, about, opened=opened))


async def reach_referral(db: Db, actor: Actor, referral_id: UUID, now: Recording, *, lock: bool = False) -> Referral:
    """Return a referral within the actor's reach, locked for a change if asked. Raises `NotThere`."""
    question = select(Referral).where(
        Referral.agency_id == db.scope.agency_id,
        Referral.id == referral_id,
        referral_within_reach(actor, now.today, opened=db.reading),
    )
    if lock:
        question = question.with_for_update(of=Referral)
    found = await db.scalar(question)
    if found is None:
        raise NotThere
    return found
