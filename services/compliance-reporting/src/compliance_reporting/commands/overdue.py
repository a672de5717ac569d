"""Telling of notes that nobody signed in time, once each."""

from sqlalchemy import ARRAY, Date, bindparam, text
from sqlalchemy.types import Uuid

from common.contracts.compliance_reporting import NOTE_OVERDUE, NoteOverdueFacts
from common.database import Db
from compliance_reporting.guidelines import calendar, delivered
from compliance_reporting.models import FactAgency

TELL_MOST = 500

_FIND = text(f"""
    with waiting as materialized (
        select s.* from fact_session s
        where s.agency_id = :agency and s.signed_at is null and not s.imported and s.status <> 'voided'
        and {delivered.IS_DELIVERED} and s.ended_at < :now
        and not exists (select 1 from overdue_note o where o.agency_id = :agency and o.session_id = s.id)
    ), bounds as (
        select min((ended_at at time zone :zone)::date) as first, max((ended_at at time zone :zone)::date) as last
        from waiting
    ), {calendar.business_days("(select first from bounds)", "(select last from bounds)")}, due as (
        select s.id, s.staff_id, {calendar.DUE_AT} as due_at
        from waiting s
        join fact_program p on p.agency_id = :agency and p.id = s.program_id
        {calendar.DUE_DAYS}
    ), told as (
        insert into overdue_note (agency_id, session_id, due_at, told_at)
        select :agency, d.id, d.due_at, :now from due d where d.due_at <= :now
        order by d.due_at, d.id limit {TELL_MOST}
        on conflict do nothing returning session_id
    )
    select d.* from due d join told t on t.session_id = d.id order by d.due_at, d.id
""").bindparams(bindparam("agency", type_=Uuid()), bindparam("holidays", type_=ARRAY(Date)))


async def tell_overdue_notes(db: Db) -> int:
    """Publish `NoteOverdue` for the agency's delivered, unsigned sessions past their deadline; return how many.

    At most 500 at once, the longest overdue first; the rest follow with the next look. Imported history is never told:
    nobody can still sign it in time.
    """
    agency = await db.get(FactAgency, (db.scope.agency_id, db.scope.agency_id))
    if agency is None:
        return 0
    values = {"agency": agency.agency_id, "zone": agency.zone, "holidays": agency.holidays, "now": db.now}
    found = (await db.execute(_FIND, values)).all()
    for note in found:
        facts = NoteOverdueFacts(session_id=note.id, staff_id=note.staff_id, due_at=note.due_at)
        db.publish(NOTE_OVERDUE, facts, about=note.id, seq=1)
    return len(found)
