"""Whom a program is for: simple rules as data, and what they say about somebody. They advise; a person decides."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, Field

from common.text import Asked, Code, Distinct, Line
from intake.rules.names import name_parts


class Verdict(StrEnum):
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not_eligible"
    UNKNOWN = "unknown"


class MinimumAge(Asked):
    kind: Literal["minimum_age"]
    years: int = Field(ge=0, le=120, description="full years on the day of the referral")


class MaximumAge(Asked):
    kind: Literal["maximum_age"]
    years: int = Field(ge=0, le=120, description="full years on the day of the referral, themselves included")


class Areas(Asked):
    """Counties, towns or postal areas, compared without case, accents, spacing and order."""

    kind: Literal["areas"]
    areas: Annotated[list[Line], Distinct] = Field(min_length=1, max_length=200)


class Languages(Asked):
    """BCP 47 tags; `es` takes es-MX in as well."""

    kind: Literal["languages"]
    languages: Annotated[list[Code], Distinct] = Field(min_length=1, max_length=50)


class Question(Asked):
    kind: Literal["question"]
    question: Code
    text: Line = Field(description="as it is asked")
    wanted: bool


Rule = Annotated[MinimumAge | MaximumAge | Areas | Languages | Question, Field(discriminator="kind")]


class Answers(Asked):
    """What the person said when they were screened; nothing said is unknown, never no."""

    area: Line | None = None
    questions: dict[Code, bool] = Field(default={}, max_length=50)


class Known(BaseModel):
    """What the rules look at."""

    birth_date: date | None = None
    language: str | None = None
    answers: Answers = Answers()
    on: date


class Reason(BaseModel):
    """What one rule says. `question`: which, where the rule is one."""

    rule: Literal["minimum_age", "maximum_age", "areas", "languages", "question"]
    question: str | None = None
    verdict: Verdict


def verdict(reasons: Sequence[Reason]) -> Verdict:
    """Return what the rules say together: one no is no, one unknown is unknown, and no rules let everybody in."""
    said = {reason.verdict for reason in reasons}
    if Verdict.NOT_ELIGIBLE in said:
        return Verdict.NOT_ELIGIBLE
    return Verdict.UNKNOWN if Verdict.UNKNOWN in said else Verdict.ELIGIBLE


def reasons(rules: Sequence[Rule], known: Known) -> list[Reason]:
    """Return what each rule says, in the order of the rules."""
    return [
        Reason(
            rule=rule.kind,
            question=rule.question if isinstance(rule, Question) else None,
            verdict=_verdict_of(_is_met(rule, known)),
        )
        for rule in rules
    ]


def _verdict_of(met: bool | None) -> Verdict:
    if met is None:
        return Verdict.UNKNOWN
    return Verdict.ELIGIBLE if met else Verdict.NOT_ELIGIBLE


def _is_met(rule: Rule, known: Known) -> bool | None:
    """Tell whether a rule is met; None if what it asks is not known."""
    match rule:
        case MinimumAge():
            age = years(known.birth_date, known.on)
            return None if age is None else age >= rule.years
        case MaximumAge():
            age = years(known.birth_date, known.on)
            return None if age is None else age <= rule.years
        case Areas():
            area = known.answers.area
            return None if area is None else name_parts(area) in {name_parts(one) for one in rule.areas}
        case Languages():
            return None if known.language is None else _speaks(known.language, rule.languages)
        case Question():
            said = known.answers.questions.get(rule.question)
            return None if said is None else said is rule.wanted
        case _:
            assert_never(rule)


def years(birth_date: date | None, on: date) -> int | None:
    """Return the full years of an age on a day; somebody born on 29 February ages on 1 March."""
    if birth_date is None or birth_date > on:
        return None
    return on.year - birth_date.year - ((on.month, on.day) < (birth_date.month, birth_date.day))


def _speaks(language: str, wanted: Sequence[str]) -> bool:
    """Tell whether a language tag is one of those wanted, or a narrower form of one."""
    tag = language.lower()
    return any(tag == one.lower() or tag.startswith(one.lower() + "-") for one in wanted)
