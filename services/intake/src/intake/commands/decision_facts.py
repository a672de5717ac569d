"""Gathering, under the locks that matter, what a decision on a disclosure looks at, and deciding."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, or_, select

from common.contracts.codes import AgreementKind, DisclosureBasis, RecordOrigin
from common.database import Db
from common.errors import NotThere, Refused
from common.identity import Actor
from common.privacy import KeyRing, Sealer
from intake.commands.access import WHOLE_AGENCY, active_on, family_of, reach_participant
from intake.commands.consents import open_terms, recipients_of, standing_at
from intake.commands.court_orders import open_details, order_at_hand
from intake.commands.recording import Recording, recording
from intake.models import (
    AgencyPrivacy,
    Agreement,
    Assignment,
    BreakGlass,
    CareRelation,
    Consent,
    CourtOrder,
    Owned,
    Participant,
    Party,
    Restriction,
    Staff,
)
from intake.rules.agreements import agreement_is_live
from intake.rules.bases import PartyKind, RelationKind, may_be_medical, relation_holds
from intake.rules.consent_states import RecipientState
from intake.rules.consents import InformationCategory, Purpose
from intake.rules.decision_facts import (
    AgreementFacts,
    ConsentFacts,
    Decision,
    DecisionFacts,
    OrderFacts,
    RecipientFacts,
)
from intake.rules.decisions import decide
from intake.rules.disclosures import DisclosureTerms, RecipientKind
from intake.rules.names import office_key
from intake.rules.people import is_active
from intake.rules.restrictions import RestrictionAtHand, RestrictionEnd, RestrictionState

OwnedRow = TypeVar("OwnedRow", bound=Owned)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision with what it was made from. `wish`: with the recipient's name and address as registered.

    `at`: the database's clock, read after the consent, the agreement and the order were locked.
    """

    wish: DisclosureTerms
    facts: DecisionFacts
    decision: Decision
    participant: Participant
    family: Sequence[UUID]
    sealer: Sealer
    consent: Consent | None
    agreement: Agreement | None
    at: datetime


class NotDisclosed(Refused):
    """A disclosure that may not happen, by the first row of the table that refuses it."""

    def __init__(self, decision: Decision) -> None:
        first = decision.faults[0]
        fields = [{"pointer": f"/{one.where}", "code": one.code, "detail": one.sentence} for one in decision.faults]
        super().__init__(first.code, first.sentence, status=503 if decision.row == "D1" else 409, fields=fields)
        self.audited = {"row": decision.row, "grounds": [one.code for one in decision.faults]}


def require_allowed(decided: Decided) -> None:
    """Raise `NotDisclosed` unless it may happen."""
    if not decided.decision.allowed:
        raise NotDisclosed(decided.decision)


async def require_decision(db: Db, keys: KeyRing, participant_id: UUID, wish: DisclosureTerms) -> Decided:
    """Decide on behalf of nobody, as a link does. Raises `NotDisclosed` unless it may happen."""
    decided = await decide_on(db, keys, None, participant_id, wish)
    require_allowed(decided)
    return decided


async def decide_on(db: Db, keys: KeyRing, actor: Actor | None, participant_id: UUID, wish: DisclosureTerms) -> Decided:
    """Decide whether something may be disclosed at this instant; what it rests on stays locked to the end.

    A revocation comes wholly before the decision, which then refuses, or wholly after what was decided. Without an
    actor the caller answers for the reach. Raises `NotThere` for whatever is named and is not the person's.
    """
    now = await recording(db)
    participant = await _person(db, actor, participant_id, now, wish)
    family = await family_of(db, participant)
    consent = await _held(db, Consent, wish.consent_id, family)
    agreement = await _agreement(db, wish.agreement_id)
    order = await _held(db, CourtOrder, wish.court_order_id, family)
    party = await _party(db, wish.recipient.party_id)
    restrictions = await _restrictions(db, family, now)
    at, can_be_recorded, is_program, own_names = await _instant(db)
    now = Recording(at, now.zone)
    wish = _resolved(wish, party)
    facts = DecisionFacts(
        caller_admitted=True,  # or there would be no transaction, and no person within reach
        can_be_recorded=can_be_recorded,
        is_program=is_program,
        origin=RecordOrigin(participant.origin),
        recipient=await _recipient(db, wish, party, family, now),
        today=now.today,
        consent=await _consent_facts(db, keys, consent, now),
        restrictions=restrictions,
        agreement=_agreement_facts(agreement, now),
        order=await _order_facts(db, keys, order),
        own_names=own_names,
    )
    sealer = await keys.sealer(db, db.scope.agency_id, participant.id)
    return Decided(wish, facts, decide(wish, facts), participant, family, sealer, consent, agreement, at)


async def _person(
    db: Db, actor: Actor | None, participant_id: UUID, now: Recording, wish: DisclosureTerms
) -> Participant:
    if actor is not None:
        emergency = wish.basis is DisclosureBasis.MEDICAL_EMERGENCY
        return await reach_participant(db, actor, participant_id, now, emergency=emergency)
    participant = await db.get(Participant, (db.scope.agency_id, participant_id))
    if participant is None:
        raise NotThere
    return participant


async def _held(db: Db, kind: type[OwnedRow], row_id: UUID | None, family: Sequence[UUID]) -> OwnedRow | None:
    """Return what is the person's, locked against changes. Raises `NotThere`."""
    if row_id is None:
        return None
    question = select(kind).where(
        kind.agency_id == db.scope.agency_id, kind.id == row_id, kind.participant_id.in_(family)
    )
    return await _locked(db, question)


async def _agreement(db: Db, agreement_id: UUID | None) -> Agreement | None:
    if agreement_id is None:
        return None
    return await _locked(
        db, select(Agreement).where(Agreement.agency_id == db.scope.agency_id, Agreement.id == agreement_id)
    )


async def _party(db: Db, party_id: UUID | None) -> Party | None:
    if party_id is None:
        return None
    return await _locked(db, select(Party).where(Party.agency_id == db.scope.agency_id, Party.id == party_id))


Row = TypeVar("Row")


async def _locked(db: Db, question: Select[Row]) -> Row:
    """Return the row as it stands now, which nobody changes until the end. Raises `NotThere`."""
    fresh = question.with_for_update(read=True).execution_options(populate_existing=True)
    found: Row | None = await db.scalar(fresh)
    if found is None:
        raise NotThere
    return found


async def _restrictions(db: Db, family: Sequence[UUID], now: Recording) -> tuple[RestrictionAtHand, ...]:
    question = select(Restriction).where(
        Restriction.agency_id == db.scope.agency_id,
        Restriction.participant_id.in_(family),
        Restriction.state != RestrictionState.DECLINED,
    )
    fresh = question.with_for_update(read=True).execution_options(populate_existing=True)
    rows = (await db.scalars(fresh)).all()
    named = {one.party_id for one in rows if one.party_id is not None}
    parties = select(Party.id, Party.name).where(Party.agency_id == db.scope.agency_id, Party.id.in_(named))
    names = {one.id: one.name for one in await db.execute(parties)} if named else {}
    return tuple(_at_hand(row, names.get(row.party_id) if row.party_id else None, now) for row in rows)


def _at_hand(row: Restriction, party_name: str | None, now: Recording) -> RestrictionAtHand:
    return RestrictionAtHand(
        state=RestrictionState(row.state),
        categories=[InformationCategory(one) for one in row.categories],
        purposes=[Purpose(one) for one in row.purposes],
        party_id=row.party_id,
        to_health_plan=row.to_health_plan,
        paid_in_full=row.paid_in_full,
        party_key=office_key(party_name) if party_name else None,
        end_kind=RestrictionEnd(row.end_kind) if row.end_kind else None,
        ended_on=now.day(row.ended_at) if row.ended_at else None,
    )


async def _instant(db: Db) -> tuple[datetime, bool, bool, frozenset[str]]:
    """Return the clock after the locks, whether ledger and audit can be written, and whether this is a program.

    Last what the agency is called on papers, by `office_key`; nothing if nobody recorded it. Until somebody
    determined otherwise, the agency counts as a program (42 CFR 2.11).
    """
    schema = "intake"
    question = select(
        func.clock_timestamp(),
        and_(
            func.has_table_privilege(f"{schema}.disclosure", "insert"),
            func.has_table_privilege(f"{schema}.audit_pending", "insert"),
        ),
        func.coalesce(
            select(AgencyPrivacy.is_program).where(AgencyPrivacy.agency_id == db.scope.agency_id).scalar_subquery(),
            literal(value=True),
        ),
        select(AgencyPrivacy.names).where(AgencyPrivacy.agency_id == db.scope.agency_id).scalar_subquery(),
    )
    at, can_be_recorded, is_program, names = (await db.execute(question)).one()
    return at, bool(can_be_recorded), bool(is_program), frozenset(office_key(one) for one in names or [])


def _resolved(wish: DisclosureTerms, party: Party | None) -> DisclosureTerms:
    """Return the wish with the name and address that the party is registered under: they stand in the ledger."""
    if party is None:
        return wish
    named = wish.recipient.model_copy(update={"name": party.name, "address": party.address or wish.recipient.address})
    return wish.model_copy(update={"recipient": named})


async def _recipient(
    db: Db, wish: DisclosureTerms, party: Party | None, family: Sequence[UUID], now: Recording
) -> RecipientFacts:
    kind = wish.recipient.kind
    serves = kind is RecipientKind.OWN_STAFF and await _serves(db, wish.recipient.staff_id, family, now)
    if party is None:
        return await _unchosen(db, wish, now, serves=serves)
    return RecipientFacts(
        kind=kind,
        serves_person=serves,
        party_id=party.id,
        party_kind=PartyKind(party.kind),
        party_ended=party.ended_on is not None and party.ended_on <= now.today,
        name=party.name,
        relations=await _relations(db, party, family, now),
        medical_personnel=party.medical_personnel,
    )


async def _unchosen(db: Db, wish: DisclosureTerms, now: Recording, *, serves: bool) -> RecipientFacts:
    """Return what is known of who was not chosen in the register, but may be called as somebody in it."""
    recipient, told = wish.recipient, wish.emergency
    facility, personnel = (told.facility, told.personnel) if told else (None, None)
    named = [office_key(one) if one else None for one in (recipient.name, facility, personnel)]
    kinds = await _namesakes(db, {one for one in named if one}, now)
    treats_nobody = [
        not any(may_be_medical(kind) for kind in found) for one in named if one and (found := kinds.get(one))
    ]
    return RecipientFacts(
        kind=recipient.kind,
        serves_person=serves,
        name=recipient.name,
        is_registered=recipient.kind is RecipientKind.OUTSIDE and named[0] in kinds,
        not_medical=any(treats_nobody),
    )


async def _namesakes(db: Db, keys: set[str], now: Recording) -> dict[str, set[PartyKind]]:
    """Return, by name, of which kinds the parties are that the register has under these names today."""
    if not keys:
        return {}
    standing = or_(Party.ended_on.is_(None), Party.ended_on > now.today)
    found: dict[str, set[PartyKind]] = {}
    question = select(Party.name, Party.kind).where(Party.agency_id == db.scope.agency_id, standing)
    for name, kind in await db.execute(question):
        if (key := office_key(name)) in keys:
            found.setdefault(key, set()).add(PartyKind(kind))
    return found


async def _relations(db: Db, party: Party, family: Sequence[UUID], now: Recording) -> frozenset[RelationKind]:
    question = (
        select(CareRelation)
        .where(
            CareRelation.agency_id == db.scope.agency_id,
            CareRelation.participant_id.in_(family),
            CareRelation.party_id == party.id,
        )
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return frozenset(
        RelationKind(one.relation)
        for one in await db.scalars(question)
        if relation_holds(one.valid_from, one.valid_to, party.ended_on, on=now.today)
    )


async def _serves(db: Db, staff_id: UUID | None, family: Sequence[UUID], now: Recording) -> bool:
    """Tell whether somebody is employed and is assigned to the person, leads, or opened the record in an emergency."""
    if staff_id is None:
        return False
    staff = await db.get(Staff, (db.scope.agency_id, staff_id))
    if staff is None or not is_active(staff.employed_from, staff.employed_to, now.today):
        return False
    if set(staff.roles) & set(WHOLE_AGENCY):
        return True
    assigned = select(Assignment.id).where(
        Assignment.agency_id == db.scope.agency_id,
        Assignment.staff_id == staff_id,
        Assignment.participant_id.in_(family),
        active_on(now.today),
    )
    opened = select(BreakGlass.id).where(
        BreakGlass.agency_id == db.scope.agency_id,
        BreakGlass.staff_id == staff_id,
        BreakGlass.participant_id.in_(family),
        BreakGlass.expires_at > now.now,
        or_(BreakGlass.ended_at.is_(None), BreakGlass.ended_at > now.now),
    )
    return bool(await db.scalar(select(or_(assigned.exists(), opened.exists()))))


async def _consent_facts(db: Db, keys: KeyRing, consent: Consent | None, now: Recording) -> ConsentFacts | None:
    if consent is None:
        return None
    terms = open_terms(await keys.sealer(db, db.scope.agency_id, consent.participant_id), consent)
    inactive = [one.place for one in await recipients_of(db, consent) if one.state != RecipientState.ACTIVE]
    return ConsentFacts(
        terms=terms,
        standing=await standing_at(db, consent, terms, now.today),
        inactive_places=frozenset(inactive),
    )


def _agreement_facts(agreement: Agreement | None, now: Recording) -> AgreementFacts | None:
    if agreement is None:
        return None
    return AgreementFacts(
        kind=AgreementKind(agreement.kind),
        party_id=agreement.party_id,
        categories=frozenset(InformationCategory(one) for one in agreement.categories),
        live=agreement_is_live(agreement.valid_from, agreement.valid_to, agreement.ended_on, on=now.today),
        copies_allowed=agreement.copies_allowed,
        approved=agreement.approving_body is not None,
    )


async def _order_facts(db: Db, keys: KeyRing, order: CourtOrder | None) -> OrderFacts | None:
    if order is None:
        return None
    details = open_details(await keys.sealer(db, db.scope.agency_id, order.participant_id), order)
    return OrderFacts(order=order_at_hand(order), party_id=order.party_id, recipient_name=details.recipient_name)
