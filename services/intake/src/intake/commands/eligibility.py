"""Saying whom a program is for, and screening somebody by it."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter, model_validator
from sqlalchemy import select

from common.database import Db
from common.errors import NotThere
from common.http import Created, require_version
from common.text import Asked, Code, Day, Prose
from intake.commands.recording import recording
from intake.models import Eligibility, Program
from intake.rules.eligibility import Answers, Known, Question, Reason, Rule, Verdict, reasons, verdict

RULES: TypeAdapter[list[Rule]] = TypeAdapter(list[Rule])


class SetEligibility(Asked):
    """Whom a program is for; no rule at all lets everybody in."""

    rules: list[Rule] = Field(max_length=50)

    @model_validator(mode="after")
    def _asked_once(self) -> Self:
        questions = [rule.question for rule in self.rules if isinstance(rule, Question)]
        others = [rule.kind for rule in self.rules if not isinstance(rule, Question)]
        if len(set(questions)) != len(questions) or len(set(others)) != len(others):
            raise ValueError("give each kind of rule and each question once")
        return self


class CheckEligibility(Asked):
    """What is known of somebody; nothing of it is kept."""

    birth_date: Day | None = None
    language: Code | None = None
    answers: Answers = Answers()
    on: Day | None = Field(default=None, description="the day to count ages on; today if not given")


class Screened(BaseModel):
    """What a program's rules said about somebody, and who decided otherwise for what reason."""

    program_id: UUID
    rules_version: int
    verdict: Verdict
    reasons: Annotated[list[Reason], Field(max_length=50)]
    overridden_because: str | None = None


class ProgramRules(BaseModel):
    """A program's rules as they stand; version 0 and no rule while nobody said anything."""

    program_id: UUID
    version: int = 0
    rules: list[Rule] = []


async def set_eligibility(db: Db, program_id: UUID, request: SetEligibility, *, expected: int) -> Created:
    """Write the next version; two at once meet the primary key."""
    await require_program(db, program_id)
    stored = await rules_of(db, program_id)
    require_version(stored.version, expected)
    version = stored.version + 1
    db.add(
        Eligibility(
            agency_id=db.scope.agency_id,
            program_id=program_id,
            version=version,
            rules={"rules": RULES.dump_python(request.rules, mode="json")},
            set_by=db.scope.actor_id,
            recorded_at=db.now,
        )
    )
    db.audit("eligibility.set", program_id, version=version)
    return Created(id=program_id, version=version)


async def require_program(db: Db, program_id: UUID) -> None:
    """Raise `NotThere` unless the agency has the program."""
    if await db.get(Program, (db.scope.agency_id, program_id)) is None:
        raise NotThere


async def rules_of(db: Db, program_id: UUID) -> ProgramRules:
    """Return a program's newest rules."""
    found = await db.scalar(
        select(Eligibility)
        .where(Eligibility.agency_id == db.scope.agency_id, Eligibility.program_id == program_id)
        .order_by(Eligibility.version.desc())
        .limit(1)
    )
    if found is None:
        return ProgramRules(program_id=program_id)
    rules = RULES.validate_python(found.rules["rules"])
    return ProgramRules(program_id=program_id, version=found.version, rules=rules)


def screened(stored: ProgramRules, known: Known) -> Screened | None:
    """Return what the rules say, or None if nobody set any."""
    if not stored.rules:
        return None
    said = reasons(stored.rules, known)
    return Screened(program_id=stored.program_id, rules_version=stored.version, verdict=verdict(said), reasons=said)


async def check_eligibility(db: Db, program_id: UUID, request: CheckEligibility) -> Screened:
    """Screen without keeping anything, for a form that is being filled in."""
    await require_program(db, program_id)
    stored = await rules_of(db, program_id)
    now = await recording(db)
    known = Known(**request.model_dump(exclude={"on"}), on=_day(request.on, now.today))
    said = reasons(stored.rules, known)
    return Screened(program_id=program_id, rules_version=stored.version, verdict=verdict(said), reasons=said)


def _day(stated: date | None, today: date) -> date:
    return stated or today


def overridden(screening: Screened | None, because: Prose | None) -> Screened | None:
    """Note why a person decided otherwise than the rules advise."""
    if screening is None or because is None:
        return screening
    return screening.model_copy(update={"overridden_because": because})
