"""What is taken down when a worker signs: the credential of the day, what does not fit, and who looks at it next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Date, Uuid, bindparam, text

from common.contracts.codes import DELIVERED, Role, SessionStatus
from common.contracts.session_codes import Cosignature, LateReason, Review, SessionFlag
from common.database import Db, once_per_transaction
from common.identity import Actor
from common.packs import Parameter, rule_on
from common.text import business_deadline
from session_logging.commands.entries import Setting, Signature
from session_logging.commands.lines import Line
from session_logging.commands.lookups import credential_of
from session_logging.rules.credentials import Acceptance, HeldCredential
from session_logging.rules.times import LONGEST, Period
from session_logging.rules.units import is_delivered


async def signature_of(
    db: Db, actor: Actor, setting: Setting, when: Period, late_reason: LateReason | None
) -> Signature:
    """Return the actor's signature under a session of this time, made now; what overlaps is added line by line."""
    credential = await credential_of(db, actor.staff_id, setting, when.service_date)
    seen = await circumstances(db, actor.staff_id, setting.program_id, when.service_date)
    flags = [
        None if seen.is_employed else SessionFlag.OUTSIDE_EMPLOYMENT,
        SessionFlag.LATE if _is_late(db, setting, when, seen) else None,
        SessionFlag.NO_LIVE_CREDENTIAL if credential is None else None,
    ]
    return Signature(
        signed_at=db.now,
        credential=credential,
        flags=tuple(flag for flag in flags if flag),
        late_reason=late_reason if SessionFlag.LATE in flags else None,
        review=Review.AWAITED if _needs_cosignature(actor, setting, credential) else None,
    )


HOLD = text("select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(cast(:names as text[])) name")
CIRCUMSTANCES = text(
    """
    select s.employed_from, s.employed_to, p.packs
    from (
        select array_agg(pack_id) as packs from session_logging.program_pack
        where agency_id = :agency and program_id = :program
        and valid_from <= :day and (valid_to is null or valid_to >= :day)
    ) p
    left join session_logging.staff s on s.agency_id = :agency and s.id = :staff
    """
).bindparams(bindparam("day", type_=Date))


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a day's signature is seen against. Of whom workforce has not told yet, nothing is held against."""

    is_employed: bool
    packs: frozenset[str]

    def smallest(self, parameter: Parameter, day: date, own: int) -> int:
        """Return what counts on a day: the program's own number, or that of a pack that binds, is sure and is less."""
        rule = rule_on(self.packs, parameter, day)
        return min(own, int(rule.value)) if rule is not None and rule.is_required else own


@once_per_transaction
async def circumstances(db: Db, staff_id: UUID, program_id: UUID, day: date) -> Circumstances:
    """Return whether the worker was employed on a day, and whose rules the program was judged by; one statement."""
    asked = {"agency": db.scope.agency_id, "program": program_id, "staff": staff_id, "day": day}
    row = (await db.execute(CIRCUMSTANCES, asked)).one()
    employed = row.employed_from is None or row.employed_from <= day <= (row.employed_to or date.max)
    return Circumstances(employed, frozenset(row.packs or ()))


def _is_late(db: Db, setting: Setting, when: Period, seen: Circumstances) -> bool:
    days = seen.smallest(Parameter.NOTE_DEADLINE_BUSINESS_DAYS, when.service_date, setting.deadline_days)
    return db.now >= business_deadline(when.ended_at, setting.zone, days, setting.holidays)


def _needs_cosignature(actor: Actor, setting: Setting, credential: HeldCredential | None) -> bool:
    """Tell whether a supervisor has to co-sign; supervisors' own notes are final when they sign."""
    if actor.may(Role.SUPERVISOR) or setting.cosignature is Cosignature.NEVER:
        return False
    return setting.cosignature is Cosignature.ALWAYS or not _is_accepted(credential, setting.acceptance)


def _is_accepted(credential: HeldCredential | None, program: Acceptance) -> bool:
    return credential is not None and (not program.accepted or credential.credential_type in program.accepted)


async def flagged(db: Db, lines: Sequence[Line]) -> list[Line]:
    """Return signed lines of one worker and time with what overlaps in their signatures."""
    served = {line.entry.participant_id for line in lines if is_delivered(line.told.outcome)}
    if not served:
        return list(lines)
    first = lines[0]
    await hold_time(db, first.entry.staff_id, served)
    group_id = first.entry.roster.group_id if first.entry.roster else None
    clash = await overlaps(
        db, first.entry.staff_id, served, first.period.started_at, first.period.ended_at,
        session_id=first.entry.session_id, group_id=group_id,
    )  # fmt: skip
    return [_with(line, clash.get(line.entry.participant_id, ())) for line in lines]


async def hold_time(db: Db, staff_id: UUID, participant_ids: Collection[UUID]) -> None:
    """Keep others from signing for this worker or these people until the commit; in one order, so that none deadlock.

    Of two signatures at the same moment the second one then sees the first.
    """
    names = [f"{db.scope.agency_id}time{one}" for one in sorted({staff_id, *participant_ids})]
    await db.execute(HOLD, {"names": names})


def _with(line: Line, more: Collection[SessionFlag]) -> Line:
    signature = line.entry.signature
    if signature is None or not more:
        return line
    flags = tuple(flag for flag in SessionFlag if flag in {*signature.flags, *more})
    return replace(line, entry=replace(line.entry, signature=replace(signature, flags=flags)))


async def overlaps(
    db: Db,
    staff_id: UUID,
    participant_ids: Collection[UUID],
    started_at: datetime,
    ended_at: datetime,
    *,
    session_id: UUID,
    group_id: UUID | None,
) -> Mapping[UUID, set[SessionFlag]]:
    """Return, person by person, what else was delivered at that time by the worker, and to the person.

    Back to back is no overlap. Lines of one group do not overlap; all records of a person count as that person.
    """
    asked = {
        "agency": db.scope.agency_id, "people": sorted(participant_ids), "staff": staff_id, "session": session_id,
        "group": group_id, "started": started_at, "ended": ended_at, "earliest": started_at - LONGEST,
        "delivered": sorted(DELIVERED), "voided": SessionStatus.VOIDED,
    }  # fmt: skip
    rows = (await db.execute(OVERLAPS, asked)).all()
    busy = {SessionFlag.OVERLAPS_FOR_WORKER} if any(row.staff_id == staff_id for row in rows) else set()
    elsewhere = {row.asked for row in rows}
    return {
        participant_id: busy | ({SessionFlag.OVERLAPS_FOR_PERSON} if participant_id in elsewhere else set())
        for participant_id in participant_ids
    }


# Whoever is asked about, under all of their records, and the worker: what else of them was delivered at that time.
OVERLAPS = text(
    """
    with stands as (
        select survivor_id, merged_id || moved_ids as records, merged_at from session_logging.merge
        where agency_id = :agency and undone_at is null
    ), person as (
        select a.asked, coalesce((
            select m.survivor_id from stands m where a.asked = any(m.records) order by m.merged_at desc limit 1
        ), a.asked) as root
        from unnest(:people) a(asked)
    ), record as (
        select asked, root as id from person
        union select p.asked, r.id from person p join stands m on m.survivor_id = p.root, unnest(m.records) r(id)
    )
    select s.staff_id, r.asked
    from session_logging.peer_session s
    left join record r on r.id = s.participant_id
    where s.agency_id = :agency and s.started_at > :earliest and s.started_at < :ended and s.ended_at > :started
    and s.id <> :session and s.outcome = any(:delivered) and s.status <> :voided
    and (cast(:group as uuid) is null or s.group_id is distinct from :group)
    and (s.staff_id = :staff or s.participant_id in (select id from record))
    """
).bindparams(bindparam("people", type_=ARRAY(Uuid)), bindparam("group", type_=Uuid))
