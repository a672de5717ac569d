"""Recording parties outside the program, and how they stand to one person."""

from datetime import timedelta
from uuid import UUID

from pydantic import Field
from sqlalchemy import exists, or_, select
from uuid_utils.compat import uuid7

from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day, Line
from intake.commands.access import family_of, reach, reach_unmerged
from intake.commands.recording import Recording, recording
from intake.models import Agreement, CareRelation, Party
from intake.rules.bases import PartyKind, RelationKind, may_be_medical, may_stand


class PartyTerms(Asked):
    """An organization or office, never a private person."""

    name: Line
    kind: PartyKind
    address: Line | None = None
    covered_entity: bool = Field(default=False, description="a HIPAA covered entity or business associate")
    part2_program: bool = False
    medical_personnel: bool = Field(default=False, description="has medical personnel, whom an emergency may be told")


class EndParty(Asked):
    ended_on: Day | None = Field(default=None, description="from this day on it is none any more; today if not given")


class RelateParty(Asked):
    party_id: UUID
    relation: RelationKind
    valid_from: Day


class EndRelation(Asked):
    last_day: Day | None = Field(
        default=None, description="on which it still held; yesterday if not given, so that it stops at once"
    )


async def record_party(db: Db, request: PartyTerms) -> Created:
    _require_sense(request)
    party = Party(
        agency_id=db.scope.agency_id, id=uuid7(), recorded_at=db.now, version=1, **request.model_dump(mode="python")
    )
    db.add(party)
    db.audit("party.record", None, party_id=party.id)
    return Created(id=party.id, version=1)


async def change_party(db: Db, party_id: UUID, request: PartyTerms, expected: int) -> Created:
    party = await _locked_party(db, party_id, expected)
    _require_sense(request)
    await _require_kind_of_its_relations(db, party, request.kind)
    for name, value in request.model_dump(mode="python").items():
        setattr(party, name, value)
    party.version += 1
    db.audit("party.change", None, party_id=party.id)
    return Created(id=party.id, version=party.version)


def _require_sense(request: PartyTerms) -> None:
    if request.medical_personnel and not may_be_medical(request.kind):
        raise Unprocessable(
            "not-medical-personnel",
            "Only who treats people has medical personnel. Correct the kind, or leave this out.",
            "/medical_personnel",
        )


async def _require_kind_of_its_relations(db: Db, party: Party, kind: PartyKind) -> None:
    """Raise `Refused` if people stand to the party in a relation that a party of this kind cannot stand in."""
    question = select(CareRelation.relation).where(
        CareRelation.agency_id == party.agency_id, CareRelation.party_id == party.id, CareRelation.valid_to.is_(None)
    )
    if not all(may_stand(kind, RelationKind(one)) for one in await db.scalars(question.distinct())):
        raise Refused("party-has-relations", "People are related to this party as another kind. Record another party.")


async def end_party(db: Db, party_id: UUID, request: EndParty, expected: int) -> Created:
    """End a party; its relations end with it, but agreements that others count on are ended first, one by one."""
    now = await recording(db)
    party = await _locked_party(db, party_id, expected)
    ended_on = request.ended_on or now.today
    now.require_past(ended_on, "/ended_on")
    if await _has_agreements(db, party, now):
        raise Refused("party-has-agreements", "This party has an agreement that runs. End its agreements first.")
    party.ended_on = ended_on
    party.version += 1
    db.audit("party.end", None, party_id=party.id)
    return Created(id=party.id, version=party.version)


async def _has_agreements(db: Db, party: Party, now: Recording) -> bool:
    running = exists().where(
        Agreement.agency_id == party.agency_id,
        Agreement.party_id == party.id,
        Agreement.valid_to >= now.today,
        Agreement.ended_on.is_(None),
    )
    return bool(await db.scalar(select(running)))


async def _locked_party(db: Db, party_id: UUID, expected: int) -> Party:
    """Return a party that nobody else changes meanwhile and that nothing new comes to rest on."""
    question = select(Party).where(Party.agency_id == db.scope.agency_id, Party.id == party_id)
    party: Party | None = await db.scalar(question.with_for_update())
    if party is None:
        raise NotThere
    require_version(party.version, expected)
    _require_standing(party)
    return party


async def standing_party(db: Db, party_id: UUID) -> Party:
    """Return a party that has not ended, held so that it does not end meanwhile. Raises `NotThere`, `Refused`."""
    question = select(Party).where(Party.agency_id == db.scope.agency_id, Party.id == party_id)
    party: Party | None = await db.scalar(question.with_for_update(read=True))
    if party is None:
        raise NotThere
    _require_standing(party)
    return party


def _require_standing(party: Party) -> None:
    if party.ended_on is not None:
        raise Refused("party-ended", "This party has ended. Record the one that took its place.")


async def relate_party(db: Db, actor: Actor, participant_id: UUID, request: RelateParty) -> Created:
    """Record that a party stands to a person as a class in a consent says; twice at once is refused."""
    now = await recording(db)
    person = await reach_unmerged(db, actor, participant_id, now, lock=True)
    party = await standing_party(db, request.party_id)
    now.require_past(request.valid_from, "/valid_from")
    if not may_stand(PartyKind(party.kind), request.relation):
        raise Unprocessable(
            "relation-does-not-fit", "A party of this kind does not stand in this relation. Check both.", "/relation"
        )
    await _require_new(db, await family_of(db, person), request)
    relation = CareRelation(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        participant_id=person.id,
        recorded_at=now.now,
        recorded_by=actor.staff_id,
        version=1,
        **request.model_dump(mode="python"),
    )
    db.add(relation)
    db.audit("relation.record", person.id, relation_id=relation.id, party_id=party.id)
    return Created(id=relation.id, version=1)


async def _require_new(db: Db, family: list[UUID], request: RelateParty) -> None:
    known = exists().where(
        CareRelation.agency_id == db.scope.agency_id,
        CareRelation.participant_id.in_(family),
        CareRelation.party_id == request.party_id,
        CareRelation.relation == request.relation,
        or_(CareRelation.valid_to.is_(None), CareRelation.valid_to >= request.valid_from),
    )
    if await db.scalar(select(known)):
        raise Refused("related-already", "This relation is recorded already for some of that time. Read the list.")


async def end_relation(db: Db, actor: Actor, relation_id: UUID, request: EndRelation, expected: int) -> Created:
    now = await recording(db)
    relation = await reach(db, actor, CareRelation, relation_id, now, lock=True)
    require_version(relation.version, expected)
    if relation.valid_to is not None:
        raise Refused("relation-ended-already", "This relation has ended already; nothing needs to be done.")
    last_day = request.last_day or now.today - timedelta(days=1)
    now.require_past(last_day, "/last_day")
    if last_day < relation.valid_from - timedelta(days=1):
        raise Unprocessable(
            "ends-before-it-starts",
            "Give no day earlier than the one before it began, which says that it never held.",
            "/last_day",
        )
    relation.valid_to = last_day
    relation.version += 1
    db.audit("relation.end", relation.participant_id, relation_id=relation.id, party_id=relation.party_id)
    return Created(id=relation.id, version=relation.version)
