"""Showing who stands behind a figure: labelled for all, and for an auditor from outside only on a live agreement.

The agency's own staff use what they see; what an auditor from outside sees is disclosed (42 CFR 2.53), and told of in
the same transaction, so that it stands in each person's accounting.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from uuid_utils.compat import uuid7

from common.contracts.codes import AgreementKind, RecordOrigin, Role
from common.contracts.compliance_reporting import IDENTITIES_RELEASED
from common.contracts.envelope import IdentityReleaseFacts
from common.database import Db
from common.errors import NotThere, Refused
from common.identity import Actor
from common.text import local_day
from compliance_reporting import models
from compliance_reporting.guidelines import MEASURES
from compliance_reporting.guidelines.measure import Unit
from compliance_reporting.queries import Part, UnitPage

OWN_STAFF = (Role.ADMINISTRATOR, Role.SUPERVISOR, Role.PRIVACY_OFFICER)
AT_ONCE = 500  # people in one fact
OF_UNIT: Mapping[Unit, Any] = {
    Unit.SESSION: models.FactSession,
    Unit.EPISODE: models.FactEpisode,
    Unit.PLAN: models.FactPlan,
    Unit.DISCLOSURE: models.FactDisclosure,
}
OF_STAFF = frozenset({Unit.WORKER, Unit.INTERVAL, Unit.CONTACT, Unit.DAY})
# The label that binds most, for a unit of several people.
STRICTEST = (RecordOrigin.RECEIVED_PART2, RecordOrigin.OWN_PART2, RecordOrigin.OTHER)


async def show(db: Db, actor: Actor, report_id: UUID, measure_id: str, part: Part, page: UnitPage) -> UnitPage:
    """Return a page with its labels; to an auditor from outside, its people are released with it.

    Raises `Refused` unless an auditor's agreement is live today.
    """
    agreement_id = None if actor.may(*OWN_STAFF) else await _live_agreement(db)
    people = await _people_behind(db, measure_id, page.items)
    if agreement_id is not None:
        shown = sorted({person for persons in people.values() for person in persons})
        for first in range(0, len(shown), AT_ONCE):
            _release(db, actor, agreement_id, (report_id, measure_id, part), shown[first : first + AT_ONCE])
    return page.model_copy(update={"origins": await _origins(db, people)})


async def _live_agreement(db: Db) -> UUID:
    agency = await db.get(models.FactAgency, (db.scope.agency_id, db.scope.agency_id))
    if agency is None:
        raise NotThere
    today = local_day(db.now, agency.zone)
    found = models.FactAgreement
    question = (
        select(found.id)
        .where(found.kind == AgreementKind.AUDIT_EVALUATION, found.valid_from <= today, found.valid_to >= today)
        .where(or_(found.ended_on.is_(None), found.ended_on > today))
        .order_by(found.valid_to.desc(), found.id)
        .limit(1)
    )
    if (agreement_id := await db.scalar(question)) is None:
        raise Refused(
            "agreement-not-live",
            "Who stands behind a figure is shown on a written audit agreement that is in force today. "
            "Ask the privacy officer to record it.",
        )
    return agreement_id


async def _people_behind(db: Db, measure_id: str, units: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """Return the people of each unit."""
    unit = next((one.unit for one in MEASURES if one.id == measure_id), None)
    if unit is None:
        raise NotThere
    people: dict[UUID, set[UUID]] = {one: set() for one in units}
    if unit in OF_STAFF:
        return people  # nobody served stands behind it
    if unit is Unit.PERSON:
        return {one: {one} for one in people}
    table = models.FactSession if unit is Unit.GROUP else OF_UNIT[unit]
    key = models.FactSession.group_id if unit is Unit.GROUP else table.id
    for row in await db.execute(select(key, table.participant_id).where(key.in_(people))):
        people[row[0]].add(row[1])
    return people


def _release(
    db: Db, actor: Actor, agreement_id: UUID, figure: tuple[UUID, str, Part], participant_ids: list[UUID]
) -> None:
    report_id, measure_id, part = figure
    released = models.IdentityRelease(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        agreement_id=agreement_id,
        report_id=report_id,
        measure_id=measure_id,
        part=part,
        participant_ids=participant_ids,
        staff_id=actor.staff_id,
        released_at=db.now,
    )
    db.add(released)
    facts = IdentityReleaseFacts(
        release_id=released.id,
        agreement_id=agreement_id,
        participant_ids=participant_ids,
        staff_id=actor.staff_id,
        released_at=db.now,
    )
    db.publish(IDENTITIES_RELEASED, facts, about=released.id, seq=1)
    db.audit("identities.release", released.id, agreement_id=agreement_id, people=len(participant_ids))


async def _origins(db: Db, people: Mapping[UUID, set[UUID]]) -> dict[UUID, RecordOrigin]:
    everybody = {person for persons in people.values() for person in persons}
    found = models.FactParticipant
    rows = await db.execute(select(found.id, found.origin).where(found.id.in_(everybody), found.origin.is_not(None)))
    labels = {row.id: RecordOrigin(row.origin) for row in rows}
    return {
        unit: min((labels.get(one, RecordOrigin.OWN_PART2) for one in persons), key=STRICTEST.index)
        if persons
        else RecordOrigin.OWN_PART2
        for unit, persons in people.items()
    }
