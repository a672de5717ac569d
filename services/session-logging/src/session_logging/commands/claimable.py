"""What a claim run looks at: sessions not claimed yet, lines that stand, and what authorisations have left."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Date, Row, Uuid, bindparam, select, text

from common.contracts.codes import DELIVERED, CredentialType, DeliveryMethod, Format, Location, Modality, SessionStatus
from common.contracts.session_codes import Review
from common.database import Db
from common.text import local_day
from session_logging.commands.lookups import zone_of
from session_logging.models import Authorisation, PayerContract
from session_logging.rules.claims import Authorised, Claimed, Key
from session_logging.rules.payable import Part
from session_logging.rules.places import place_of_service
from session_logging.rules.times import by_day

LOOK_BACK = timedelta(days=800)  # further than the longest window of a limit

# Which record stands for whom while records are merged; everybody else is who they are.
PEOPLE = """
    who as (
        select record, (array_agg(survivor_id order by merged_at desc))[1] as person from (
            select unnest(m.moved_ids || m.merged_id) as record, m.survivor_id, m.merged_at
            from session_logging.merge m where m.agency_id = :agency and m.undone_at is null
        ) stands group by record
    )
"""

# Consents that stand today: those to all payment, and any that a coverage names (42 CFR 2.31, 2.33).
CONSENTING = """
    consenting as (
        select coalesce(w.person, k.participant_id) as person, k.id, k.consent_type
        from session_logging.consent k left join who w on w.record = k.participant_id
        where k.agency_id = :agency and k.status = 'active' and not k.ended
        and (k.starts_on is null or k.starts_on <= :today) and (k.expires_on is null or k.expires_on >= :today)
    )
"""
MAY_KNOW = """
    (exists (
        select from consenting k where k.person = c.person and (k.consent_type = 'tpo' or k.id = c.consent_id)
    ) or exists (
        select from session_logging.privacy_status p where p.agency_id = :agency and not p.is_program
    ))
"""

# Delivered, live sessions of covered people in the programs of a contract; imported history was another system's claim.
SESSIONS = text(
    f"""
    with {PEOPLE}, {CONSENTING}, covered as (
        select c.id, coalesce(w.person, c.participant_id) as person, c.contract_id, c.valid_from, c.valid_to,
            c.agreed_on, c.visited_on, c.consent_id
        from session_logging.coverage c left join who w on w.record = c.participant_id
        where c.agency_id = :agency and c.withdrawn_at is null
    )
    select s.id, s.staff_id, s.started_at, s.ended_at, s.zone, s.service_code, s.format, s.modality, s.delivery_method,
        s.location, s.activities, s.status, s.review, s.credential_at_signing, s.flags, s.missing_elements,
        s.navigation, c.person, c.id as coverage_id, c.contract_id, c.valid_from, c.valid_to, c.agreed_on, c.visited_on,
        {MAY_KNOW} as consented,
        (
            select count(*) from session_logging.peer_session o where o.agency_id = s.agency_id
            and o.group_id = s.group_id and o.status <> :voided and o.outcome = any(:delivered)
        ) as size,
        exists (
            select from session_logging.peer_session o where o.agency_id = s.agency_id
            and o.started_at > s.started_at - interval '24 hours' and o.started_at < s.ended_at
            and o.ended_at > s.started_at and (o.staff_id = s.staff_id or o.participant_id = s.participant_id)
            and o.id <> s.id and (o.group_id is distinct from s.group_id or s.group_id is null)
            and o.status = 'signed' and o.outcome = any(:delivered) and (o.signed_at, o.id) < (s.signed_at, s.id)
        ) as clashes
    from session_logging.peer_session s
    left join who w on w.record = s.participant_id
    join covered c on c.person = coalesce(w.person, s.participant_id)
        and s.service_date between c.valid_from - 1 and coalesce(c.valid_to, 'infinity')
    where s.agency_id = :agency and s.source_system is null
    and s.status <> :voided and s.outcome = any(:delivered)
    and (cardinality(cast(:programs as uuid[])) = 0 or s.program_id = any(:programs))
    and (s.id = any(:reopened) or (s.service_date between :first - 1 and :last
        and s.started_at >= cast(:first - 3 as timestamp) at time zone 'UTC'
        and s.started_at < cast(:last + 3 as timestamp) at time zone 'UTC'))
    """
).bindparams(
    bindparam("programs", type_=ARRAY(Uuid)), bindparam("reopened", type_=ARRAY(Uuid)),
    bindparam("first", type_=Date), bindparam("last", type_=Date), bindparam("today", type_=Date),
)  # fmt: skip

# The minutes that stand on a line of whatever payer.
CLAIMED = text(
    """
    select c.session_id, c.service_date from session_logging.claimed_session c
    where c.agency_id = :agency and c.session_id = any(:sessions) and not c.line_id = any(:taken_back)
    and not exists (select from session_logging.claim_line r where r.agency_id = :agency and r.reverses = c.line_id)
    """
).bindparams(bindparam("sessions", type_=ARRAY(Uuid)), bindparam("taken_back", type_=ARRAY(Uuid)))

STANDING = text(
    f"""
    with {PEOPLE}
    select l.*, coalesce(w.person, l.participant_id) as person, c.sessions, coalesce(c.voided, false) as voided
    from session_logging.claim_line l
    left join who w on w.record = l.participant_id
    left join lateral (
        select array_agg(c.session_id) as sessions, bool_or(s.status = :voided) as voided
        from session_logging.claimed_session c
        join session_logging.peer_session s on s.agency_id = c.agency_id and s.id = c.session_id
        where c.agency_id = l.agency_id and c.line_id = l.id
    ) c on true
    where l.agency_id = :agency and l.contract_id = :contract and l.service_date >= :since and l.reverses is null
    and not exists (select from session_logging.claim_line r where r.agency_id = :agency and r.reverses = l.id)
    """
).bindparams(bindparam("since", type_=Date))
REPEATED = (
    "agency_id", "contract_id", "participant_id", "coverage_id", "staff_id", "service_date", "code", "modifiers",
    "place", "minutes", "units", "stopped_units", "sealed_for", "details", "charge", "authorisation_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """A line of an earlier run that nobody has taken back. `voided`: one of its sessions was, since."""

    id: UUID
    claimed: Claimed
    session_ids: tuple[UUID, ...]
    authorisation_id: UUID | None
    voided: bool
    row: dict[str, Any]

    def reversal(self, run_id: UUID, id: UUID) -> dict[str, Any]:
        """Return the row that takes this line back."""
        return {name: self.row[name] for name in REPEATED} | {"id": id, "run_id": run_id, "reverses": self.id}


async def standing_lines(db: Db, contract_id: UUID, first: date) -> list[Standing]:
    """Return the lines that stand under a contract, as far back as a limit may look."""
    asked = {
        "agency": db.scope.agency_id, "contract": contract_id, "since": first - LOOK_BACK,
        "voided": SessionStatus.VOIDED,
    }  # fmt: skip
    return [_standing(row) for row in await db.execute(STANDING, asked)]


def _standing(row: Row[Any]) -> Standing:
    key = Key(
        row.person, row.coverage_id, row.staff_id, row.service_date, row.code, tuple(row.modifiers), row.place
    )  # fmt: skip
    sessions = tuple(row.sessions or ())
    claimed = Claimed(key, row.minutes, row.units, row.stopped_units)
    return Standing(row.id, claimed, sessions, row.authorisation_id, row.voided, dict(row._mapping))


async def parts_of(
    db: Db, contract: PayerContract, first: date, last: date, reopened: Collection[UUID], taken_back: Collection[UUID]
) -> list[Part]:
    """Return the unclaimed minutes of each session by local day, within the run and the days of coverage and contract.

    `reopened`: sessions of lines that are taken back now (`taken_back`), whatever their day.
    """
    asked = {
        "agency": db.scope.agency_id, "programs": contract.program_ids, "first": first, "last": last,
        "reopened": list(reopened), "voided": SessionStatus.VOIDED, "delivered": sorted(DELIVERED),
        "today": local_day(db.now, await zone_of(db)),
    }  # fmt: skip
    rows = (await db.execute(SESSIONS, asked)).all()
    claimed = await _claimed(db, {row.id for row in rows}, taken_back)
    return [
        part
        for part in _once(rows, contract)
        if (part.session_id, part.day) not in claimed
        and (part.session_id in reopened or first <= part.day <= last)
        and _holds(part.day, contract.valid_from, contract.valid_to)
    ]


def _once(rows: Sequence[Row[Any]], contract: PayerContract) -> Iterable[Part]:
    """Return each session's parts once, under the coverage that holds on their day.

    Two may, where records of one person were merged: the one that began first counts, and if it is of another payer
    the minutes are that payer's.
    """
    known: set[tuple[UUID, date]] = set()
    for row in sorted(rows, key=lambda row: (row.valid_from, str(row.coverage_id))):
        for part in _parts(row):
            key = (part.session_id, part.day)
            if key in known or not _holds(part.day, row.valid_from, row.valid_to):
                continue
            known.add(key)
            if row.contract_id == contract.id:
                yield part


def _holds(day: date, first: date, last: date | None) -> bool:
    return first <= day and (last is None or day <= last)


async def _claimed(db: Db, sessions: Collection[UUID], taken_back: Collection[UUID]) -> set[tuple[UUID, date]]:
    asked = {"agency": db.scope.agency_id, "sessions": list(sessions), "taken_back": list(taken_back)}
    return {(row.session_id, row.service_date) for row in await db.execute(CLAIMED, asked)}


def _parts(row: Row[Any]) -> Iterable[Part]:
    method = DeliveryMethod(row.delivery_method)
    for day, minutes in by_day(row.started_at, row.ended_at, row.zone):
        yield Part(
            session_id=row.id,
            person_id=row.person,
            coverage_id=row.coverage_id,
            staff_id=row.staff_id,
            day=day,
            minutes=minutes,
            code=row.service_code,
            format=Format(row.format),
            modality=Modality(row.modality),
            method=method,
            activities=frozenset(row.activities),
            place=place_of_service(Location(row.location) if row.location else None, method),
            signed=row.status == SessionStatus.SIGNED,
            review=Review(row.review) if row.review else None,
            credential=CredentialType(row.credential_at_signing) if row.credential_at_signing else None,
            flags=frozenset(row.flags),
            group_size=row.size,
            missing=bool(row.missing_elements),
            clashes=row.clashes,
            consented=row.consented,
            navigation=frozenset(row.navigation),
            visited_on=row.visited_on,
            agreed_on=row.agreed_on,
        )


async def allowed(db: Db, contract_id: UUID, kept: Sequence[Standing]) -> list[Authorised]:
    """Return what is left of each authorisation under a contract, after the lines that stand."""
    used: dict[UUID, Decimal] = {}
    for line in kept:
        if line.authorisation_id:
            used[line.authorisation_id] = used.get(line.authorisation_id, Decimal(0)) + line.claimed.units
    people = {row.record: row.person for row in await db.execute(WHO, {"agency": db.scope.agency_id})}
    question = select(Authorisation).where(
        Authorisation.agency_id == db.scope.agency_id,
        Authorisation.contract_id == contract_id,
        Authorisation.withdrawn_at.is_(None),
    )
    return [
        Authorised(
            id=one.id,
            person_id=people.get(one.participant_id, one.participant_id),
            code=one.code,
            first=one.valid_from,
            last=one.valid_to,
            left=max(Decimal(0), one.units - used.get(one.id, Decimal(0))),
        )
        for one in await db.scalars(question)
    ]


WHO = text(f"with {PEOPLE} select record, person from who")
