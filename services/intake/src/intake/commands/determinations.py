"""Deciding how the agency stands under 42 CFR Part 2, the second person's word, and going live."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import ColumnElement, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from uuid_utils.compat import uuid7

from common.contracts import intake as facts
from common.contracts.codes import Role
from common.database import Db
from common.errors import NotThere, Refused, Unprocessable
from common.http import Created, require_version
from common.identity import Actor
from common.text import Asked, Day, Distinct, Line, Prose
from intake.commands.recording import Recording, recording
from intake.models import AgencyPrivacy, Determination, NoticeText, Staff
from intake.rules.notices import NoticeLanguage, is_complete
from intake.rules.part2 import (
    GROUNDS_FEWEST,
    AgencyFact,
    DeterminationState,
    Ground,
    Lack,
    Missing,
    effective,
    lacking,
    last_review_day,
    needs_second_person,
    rests_on_assistance_alone,
)


class RecordDetermination(Asked):
    """One decision on one fact about the agency. `grounds` and `evidence` name no person served."""

    fact: AgencyFact
    holds: bool
    decided_on: Day
    grounds: Prose = Field(min_length=GROUNDS_FEWEST)
    ground_codes: Annotated[list[Ground], Distinct] = Field(
        default=[], max_length=len(Ground), description="what was looked at; needed for part2_program"
    )
    evidence: Prose | None = Field(default=None, description="where it is kept: an opinion, a licence, an agreement")
    review_on: Day = Field(description="when it is looked at again: after decided_on, within two years of it")


OwnNames = Annotated[
    list[Line],
    Distinct,
    Field(
        max_length=20,
        description="what the agency and its programs are called on papers, and classes that include them: a consent "
        "lets this agency disclose only where it names one of these; with none recorded, that is not compared",
    ),
]


class GoLive(Asked):
    administrator_answers: bool = Field(
        default=False,
        description="nobody is privacy officer, and the administrator who goes live answers for privacy",
    )
    notice_confirmed: bool = Field(
        default=False, description="counsel read the notice and found every part, where the mechanical look did not"
    )
    names: OwnNames = []


class RecordNames(Asked):
    names: OwnNames


async def record_determination(db: Db, actor: Actor, request: RecordDetermination) -> Created:
    """Record a decision: in force at once, or, where it takes protection away, once somebody else approved it."""
    now = await recording(db)
    _require_sound(request, now)
    standing, is_new = await _standing(db)
    before = await decided(db)
    if await _proposal(db, request.fact):
        detail = "A decision on this fact waits for a second person. Have it approved or refused first."
        raise Refused("proposal-waiting", detail)
    determination = Determination(
        agency_id=db.scope.agency_id,
        id=uuid7(),
        state=DeterminationState.PROPOSED,
        decided_by=actor.staff_id,
        recorded_at=now.now,
        version=1,
        **request.model_dump(),
    )
    if not needs_second_person(request.fact, counts_now=before[request.fact], holds=request.holds):
        await _put_in_force(db, actor, determination, now)
    db.add(determination)
    await _tell_if_changed(db, standing, before, is_first=is_new)
    db.audit("determination.record", None, determination_id=determination.id, **_told(determination))
    return Created(id=determination.id, version=1)


def _require_sound(request: RecordDetermination, now: Recording) -> None:
    now.require_past(request.decided_on, "/decided_on")
    if not request.decided_on < request.review_on <= last_review_day(request.decided_on):
        detail = "Look at it again after the day it was decided, and within two years of it."
        raise Unprocessable("review-day-out-of-range", detail, "/review_on")
    if request.review_on < now.today:
        detail = "This day has gone by. Decide anew, and say when that is looked at again."
        raise Unprocessable("review-day-passed", detail, "/review_on")
    if rests_on_assistance_alone(request.fact, request.ground_codes):
        detail = (
            "Funding or tax status alone decides nothing. Look also at what the agency does and says that it does, "
            "or at counsel's opinion, and name it."
        )
        raise Unprocessable("funding-alone-decides-nothing", detail, "/ground_codes")


async def approve_determination(db: Db, actor: Actor, determination_id: UUID, expected: int) -> Created:
    """Put a proposed decision in force. Raises `Refused` for whoever proposed it."""
    now = await recording(db)
    standing, _ = await _standing(db)
    before = await decided(db)
    determination = await _proposed(db, determination_id, expected)
    if determination.decided_by == actor.staff_id:
        detail = "Whoever decided this cannot approve it too. Ask another administrator or privacy officer."
        raise Refused("own-proposal", detail)
    await _put_in_force(db, actor, determination, now)
    determination.version += 1
    await _tell_if_changed(db, standing, before)
    db.audit("determination.approve", None, determination_id=determination.id, **_told(determination))
    return Created(id=determination.id, version=determination.version)


async def refuse_determination(db: Db, actor: Actor, determination_id: UUID, expected: int) -> Created:
    """Leave everything as it is; whoever proposed it may take it back so."""
    now = await recording(db)
    await _standing(db)
    determination = await _proposed(db, determination_id, expected)
    _settle(determination, DeterminationState.REFUSED, actor, now)
    determination.version += 1
    db.audit("determination.refuse", None, determination_id=determination.id, **_told(determination))
    return Created(id=determination.id, version=determination.version)


async def go_live(db: Db, actor: Actor, request: GoLive, expected: int) -> Created:
    """Begin to serve people. Raises `Refused` with an entry for each thing that is missing."""
    now = await recording(db)
    standing, is_new = await _standing(db)
    require_version(0 if is_new else standing.version, expected)
    if standing.live_at is not None:
        raise Refused("live-already", "The agency serves people here already; nothing needs to be done.")
    answers = request.administrator_answers and actor.may(Role.ADMINISTRATOR)
    confirmed = request.notice_confirmed
    if missing := await missing_to_go_live(db, now, administrator_answers=answers, notice_confirmed=confirmed):
        detail = "Something is missing before the agency may serve people here. See `errors`."
        fields = [{"pointer": f"/{one.what}", "detail": one.sentence, "code": str(one.what)} for one in missing]
        raise Refused("go-live-incomplete", detail, fields=fields)
    standing.live_at, standing.live_by = now.now, actor.staff_id
    standing.names = request.names or standing.names
    standing.version += 1
    _tell(db, standing, await decided(db))
    db.audit("agency.go-live", None, administrator_answers=answers, notice_confirmed=confirmed)
    return Created(id=standing.agency_id, version=standing.version)


async def record_names(db: Db, request: RecordNames, expected: int) -> Created:
    """Record by what words papers mean this agency; from now on every decision compares consents with them."""
    standing, is_new = await _standing(db)
    require_version(0 if is_new else standing.version, expected)
    standing.names = request.names
    standing.version += 0 if is_new else 1
    db.audit("agency.names", None, names=len(request.names))
    return Created(id=standing.agency_id, version=standing.version)


async def missing_to_go_live(
    db: Db, now: Recording, *, administrator_answers: bool = False, notice_confirmed: bool = False
) -> list[Missing]:
    """Return what going live lacks as of now."""
    question = select(Determination.fact, Determination.review_on).where(*_in_force(db))
    review_days = {AgencyFact(fact): review_on for fact, review_on in await db.execute(question)}
    has_officer = administrator_answers or await _has_officer(db, now)
    notice = await _notice_lacks(db, now, confirmed=notice_confirmed)
    return lacking(review_days, now.today, notice=notice, has_officer=has_officer)


async def _notice_lacks(db: Db, now: Recording, *, confirmed: bool) -> Lack | None:
    """Return what is wrong with the English notice in force: there is none, or it is not whole."""
    in_force = select(NoticeText.words).where(
        NoticeText.agency_id == db.scope.agency_id,
        NoticeText.language == NoticeLanguage.EN,
        NoticeText.effective_on <= now.today,
    )
    words = await db.scalar(in_force.order_by(NoticeText.effective_on.desc(), NoticeText.id.desc()).limit(1))
    if words is None:
        return Lack.NOTICE_TEXT
    return None if confirmed or is_complete(words, NoticeLanguage.EN) else Lack.NOTICE_PARTS


async def _has_officer(db: Db, now: Recording) -> bool:
    employed = select(Staff.id).where(
        Staff.agency_id == db.scope.agency_id,
        literal(str(Role.PRIVACY_OFFICER)) == any_(Staff.roles),
        Staff.employed_from <= now.today,
        or_(Staff.employed_to.is_(None), Staff.employed_to >= now.today),
    )
    return await db.scalar(employed.limit(1)) is not None


async def decided(db: Db) -> dict[AgencyFact, bool]:
    """Return the six facts as they count now."""
    rows = await db.execute(select(Determination.fact, Determination.holds).where(*_in_force(db)))
    return effective({AgencyFact(fact): holds for fact, holds in rows})


def _in_force(db: Db) -> tuple[ColumnElement[bool], ...]:
    return Determination.agency_id == db.scope.agency_id, Determination.state == DeterminationState.IN_FORCE


async def _standing(db: Db) -> tuple[AgencyPrivacy, bool]:
    """Return the agency's standing, locked, and whether nothing was ever decided before: then it is made."""
    values = {"agency_id": db.scope.agency_id, "is_program": True, "version": 1}
    made = await db.scalar(
        insert(AgencyPrivacy).values(values).on_conflict_do_nothing().returning(AgencyPrivacy.agency_id)
    )
    question = select(AgencyPrivacy).where(AgencyPrivacy.agency_id == db.scope.agency_id)
    return (await db.scalars(question.with_for_update())).one(), made is not None


async def _proposal(db: Db, fact: AgencyFact) -> UUID | None:
    found: UUID | None = await db.scalar(
        select(Determination.id).where(
            Determination.agency_id == db.scope.agency_id,
            Determination.fact == fact,
            Determination.state == DeterminationState.PROPOSED,
        )
    )
    return found


async def _proposed(db: Db, determination_id: UUID, expected: int) -> Determination:
    """Return a decision that waits for its second person, locked. Raises `NotThere`, `Refused`."""
    question = select(Determination).where(
        Determination.agency_id == db.scope.agency_id, Determination.id == determination_id
    )
    found: Determination | None = await db.scalar(question.with_for_update())
    if found is None:
        raise NotThere
    require_version(found.version, expected)
    if found.state != DeterminationState.PROPOSED:
        raise Refused("determination-settled", "This decision waits for nobody. Record a new one to change it.")
    return found


async def _put_in_force(db: Db, actor: Actor, determination: Determination, now: Recording) -> None:
    """Put a decision in the place of the one before, which stays on file."""
    question = select(Determination).where(*_in_force(db), Determination.fact == determination.fact)
    replaced: Determination | None = await db.scalar(question.with_for_update())
    if replaced is not None:
        replaced.state = DeterminationState.REPLACED
        replaced.version += 1
        await db.flush()  # before the new one: only one is in force at any moment
    _settle(determination, DeterminationState.IN_FORCE, actor, now)


def _settle(determination: Determination, state: DeterminationState, actor: Actor, now: Recording) -> None:
    determination.state, determination.settled_at, determination.settled_by = state, now.now, actor.staff_id


async def _tell_if_changed(
    db: Db, standing: AgencyPrivacy, before: dict[AgencyFact, bool], *, is_first: bool = False
) -> None:
    """Tell how the agency stands where that changed, and when the very first decision was recorded."""
    await db.flush()
    after = await decided(db)
    if after == before and not is_first:
        return
    standing.is_program = after[AgencyFact.PART2_PROGRAM]
    standing.version += 0 if is_first else 1
    _tell(db, standing, after)


def _tell(db: Db, standing: AgencyPrivacy, counts: Mapping[AgencyFact, bool]) -> None:
    state = facts.PrivacyStatusFacts(
        is_program=counts[AgencyFact.PART2_PROGRAM],
        is_covered_entity=counts[AgencyFact.COVERED_ENTITY],
        is_business_associate=counts[AgencyFact.BUSINESS_ASSOCIATE],
        is_qualified_service=counts[AgencyFact.QUALIFIED_SERVICE],
        is_intermediary=counts[AgencyFact.INTERMEDIARY],
        is_lawful_holder=counts[AgencyFact.LAWFUL_HOLDER],
        live_at=standing.live_at,
    )
    db.publish(facts.PRIVACY_STATUS_DETERMINED, state, about=standing.agency_id, seq=standing.version)


def _told(determination: Determination) -> dict[str, object]:
    """Return what the audit keeps of a decision: codes, never its words."""
    return {"fact": determination.fact, "holds": determination.holds, "state": determination.state}
