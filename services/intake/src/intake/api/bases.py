"""How parties, relations, agreements, court orders, demands of the law and restrictions are recorded and read."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from common.contracts.codes import AgreementKind, Role
from common.http import Created, CurrentCall, allow, decode_cursor
from intake.api.admission import CREATED, SEEING, Limit, shown
from intake.commands import agreements, court_orders, legal_demands, parties, restrictions
from intake.queries import bases as standing
from intake.queries import orders as of_person
from intake.rules.legal_demands import DemandState

MANAGING = [allow(Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
OFFICIAL = [allow(Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)]
OFFICER = [allow(Role.PRIVACY_OFFICER)]
ANSWERING = [allow(Role.PEER, Role.SUPERVISOR, Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.AUDITOR)]
router = APIRouter(prefix="/v1")


@router.post("/parties", dependencies=MANAGING, **CREATED)
async def record_party(call: CurrentCall, body: parties.PartyTerms) -> Response:
    """Record an organization or office outside. A private person is named in the consent itself."""
    where = "/api/intake/v1/parties/{id}"
    return await call.once(body, lambda db: parties.record_party(db, body), location=where)


@router.get("/parties/{party_id}", response_model=standing.PartyRecord, dependencies=SEEING)
async def party(call: CurrentCall, party_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await standing.party(db, party_id)
    return shown(record, record.version)


@router.put("/parties/{party_id}", response_model=Created, dependencies=MANAGING)
async def change_party(call: CurrentCall, party_id: UUID, body: parties.PartyTerms) -> Response:
    return await call.change(lambda db, seen: parties.change_party(db, party_id, body, seen))


@router.put("/parties/{party_id}/end", response_model=Created, dependencies=MANAGING)
async def end_party(call: CurrentCall, party_id: UUID, body: parties.EndParty) -> Response:
    return await call.change(lambda db, seen: parties.end_party(db, party_id, body, seen))


@router.post("/party-searches", dependencies=SEEING)
async def search_parties(call: CurrentCall, body: standing.SearchParties) -> standing.PartyPage:
    """Find parties by words of their names; changes nothing."""
    after = decode_cursor(body.next)
    async with call.transaction() as db:
        page = await standing.parties(db, body, after)
        db.audit("party.search", None, found=len(page.items))
    return page


@router.post("/participants/{participant_id}/relations", dependencies=SEEING, **CREATED)
async def relate_party(call: CurrentCall, participant_id: UUID, body: parties.RelateParty) -> Response:
    """Record how a party stands to a person; a class in a consent means nobody else."""
    return await call.once(body, lambda db: parties.relate_party(db, call.actor, participant_id, body))


@router.get("/participants/{participant_id}/relations", dependencies=SEEING)
async def relations(call: CurrentCall, participant_id: UUID) -> standing.Relations:
    async with call.reading("relation.list", participant_id) as db:
        return await standing.relations(db, call.actor, participant_id)


@router.put("/relations/{relation_id}/end", response_model=Created, dependencies=SEEING)
async def end_relation(call: CurrentCall, relation_id: UUID, body: parties.EndRelation) -> Response:
    return await call.change(lambda db, seen: parties.end_relation(db, call.actor, relation_id, body, seen))


@router.post("/agreements", dependencies=OFFICIAL, **CREATED)
async def record_agreement(call: CurrentCall, body: agreements.RecordAgreement) -> Response:
    """Record a written agreement with everything that its kind needs."""
    where = "/api/intake/v1/agreements/{id}"
    return await call.once(body, lambda db: agreements.record_agreement(db, call.actor, body), location=where)


@router.get("/agreements", dependencies=SEEING)
async def all_agreements(
    call: CurrentCall,
    party_id: UUID | None = None,
    kind: AgreementKind | None = None,
    live: bool | None = None,
    ending: bool = False,
    next: str | None = None,
    limit: Limit = 50,
) -> standing.AgreementPage:
    """Answer agreements in the order of recording; `ending` answers those that end within 60 days."""
    after = decode_cursor(next)
    async with call.transaction() as db:
        return await standing.agreements(
            db, party_id=party_id, kind=kind, live=live, ending=ending, after=after, limit=limit
        )


@router.get("/agreements/{agreement_id}", response_model=standing.AgreementRecord, dependencies=SEEING)
async def agreement(call: CurrentCall, agreement_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await standing.agreement(db, agreement_id)
    return shown(record, record.version)


@router.put("/agreements/{agreement_id}/end", response_model=Created, dependencies=OFFICIAL)
async def end_agreement(call: CurrentCall, agreement_id: UUID, body: agreements.EndAgreement) -> Response:
    return await call.change(lambda db, seen: agreements.end_agreement(db, agreement_id, body, seen))


@router.post("/participants/{participant_id}/court-orders", dependencies=OFFICIAL, **CREATED)
async def record_order(call: CurrentCall, participant_id: UUID, body: court_orders.RecordOrder) -> Response:
    """Record an order as it reads; it permits nothing before its subpoena and counsel's signature."""
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/court-orders/{id}"
    return await call.once(
        body, lambda db: court_orders.record_order(db, keys, actor, participant_id, body), location=where
    )


@router.get("/participants/{participant_id}/court-orders", dependencies=OFFICIAL)
async def orders(call: CurrentCall, participant_id: UUID) -> of_person.Orders:
    async with call.reading("court-order.list", participant_id) as db:
        return await of_person.orders(db, call.runtime.keys, call.actor, participant_id)


@router.get("/court-orders/{order_id}", response_model=of_person.OrderRecord, dependencies=OFFICIAL)
async def order(call: CurrentCall, order_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await of_person.order(db, call.runtime.keys, call.actor, order_id)
        db.audit("court-order.read", record.participant_id, court_order_id=order_id)
    return shown(record, record.version)


@router.put("/court-orders/{order_id}/notice", response_model=Created, dependencies=OFFICIAL)
async def record_notice(call: CurrentCall, order_id: UUID, _: court_orders.RecordNotice) -> Response:
    """Note that whoever the order's section asks to be told was told."""
    return await call.change(lambda db, seen: court_orders.record_notice(db, call.actor, order_id, seen))


@router.put("/court-orders/{order_id}/subpoena", response_model=Created, dependencies=OFFICIAL)
async def record_subpoena(call: CurrentCall, order_id: UUID, body: court_orders.RecordSubpoena) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: court_orders.record_subpoena(db, keys, actor, order_id, body, expected=seen)
    )


@router.put("/court-orders/{order_id}/counsel-signature", response_model=Created, dependencies=OFFICER)
async def sign_order(call: CurrentCall, order_id: UUID, _: court_orders.SignOrder) -> Response:
    """Sign for counsel; never who recorded the order or its subpoena."""
    return await call.change(lambda db, seen: court_orders.sign_order(db, call.actor, order_id, seen))


@router.put("/court-orders/{order_id}/end", response_model=Created, dependencies=OFFICIAL)
async def end_order(call: CurrentCall, order_id: UUID, body: court_orders.EndOrder) -> Response:
    return await call.change(lambda db, seen: court_orders.end_order(db, call.actor, order_id, body, seen))


@router.get("/neutral-reply", dependencies=ANSWERING)
async def neutral_reply(call: CurrentCall) -> legal_demands.NeutralReply:
    """Answer what to tell anybody who asks about anybody."""
    return legal_demands.NeutralReply()


@router.post("/legal-demands", status_code=201, response_model=legal_demands.DemandTaken, dependencies=ANSWERING)
async def record_demand(call: CurrentCall, body: legal_demands.RecordDemand) -> Response:
    """Take down a subpoena, a warrant or a request by word for counsel; nothing is disclosed on it."""
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/legal-demands/{id}"
    return await call.once(body, lambda db: legal_demands.record_demand(db, keys, actor, body), location=where)


@router.get("/legal-demands", dependencies=OFFICIAL)
async def demands(
    call: CurrentCall, closed: bool = False, next: str | None = None, limit: Limit = 50
) -> standing.DemandPage:
    """Answer what waits for counsel, the oldest first."""
    after, state = decode_cursor(next), DemandState.CLOSED if closed else DemandState.OPEN
    async with call.reading("legal-demand.list") as db:
        return await standing.demands(db, state=state, after=after, limit=limit)


@router.get("/legal-demands/{demand_id}", response_model=standing.DemandRecord, dependencies=OFFICIAL)
async def demand(call: CurrentCall, demand_id: UUID) -> Response:
    async with call.reading("legal-demand.read", None, legal_demand_id=demand_id) as db:
        record = await standing.demand(db, call.runtime.keys, demand_id)
    return shown(record, record.version)


@router.put("/legal-demands/{demand_id}/closure", response_model=Created, dependencies=OFFICIAL)
async def close_demand(call: CurrentCall, demand_id: UUID, body: legal_demands.CloseDemand) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: legal_demands.close_demand(db, keys, actor, demand_id, body, expected=seen)
    )


@router.post("/participants/{participant_id}/restrictions", dependencies=SEEING, **CREATED)
async def ask_restriction(call: CurrentCall, participant_id: UUID, body: restrictions.AskRestriction) -> Response:
    """Record what a person asks not to be disclosed; it binds once the program agrees, or has to."""
    keys, actor, where = call.runtime.keys, call.actor, "/api/intake/v1/restrictions/{id}"
    return await call.once(
        body, lambda db: restrictions.ask_restriction(db, keys, actor, participant_id, body), location=where
    )


@router.get("/participants/{participant_id}/restrictions", dependencies=SEEING)
async def all_restrictions(call: CurrentCall, participant_id: UUID) -> of_person.Restrictions:
    async with call.reading("restriction.list", participant_id) as db:
        return await of_person.restrictions(db, call.runtime.keys, call.actor, participant_id)


@router.get("/restrictions/{restriction_id}", response_model=of_person.RestrictionRecord, dependencies=SEEING)
async def restriction(call: CurrentCall, restriction_id: UUID) -> Response:
    async with call.transaction() as db:
        record = await of_person.restriction(db, call.runtime.keys, call.actor, restriction_id)
        db.audit("restriction.read", record.participant_id, restriction_id=restriction_id)
    return shown(record, record.version)


@router.put("/restrictions/{restriction_id}/decision", response_model=Created, dependencies=OFFICIAL)
async def decide_restriction(call: CurrentCall, restriction_id: UUID, body: restrictions.DecideRestriction) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: restrictions.decide_restriction(db, keys, actor, restriction_id, body, expected=seen)
    )


@router.put("/restrictions/{restriction_id}/end", response_model=Created, dependencies=OFFICIAL)
async def end_restriction(call: CurrentCall, restriction_id: UUID, body: restrictions.EndRestriction) -> Response:
    keys, actor = call.runtime.keys, call.actor
    return await call.change(
        lambda db, seen: restrictions.end_restriction(db, keys, actor, restriction_id, body, expected=seen)
    )
