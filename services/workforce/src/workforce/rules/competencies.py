"""SAMHSA's twelve categories and 62 competencies as data, and what an assessment of them covers.

Source: Core Competencies for Peer Workers in Behavioral Health Services (SAMHSA, 2015), in our own words; the codes are
ours. It defines no scale: the four levels are Handrail's. Items that nobody compared with SAMHSA's text are marked so.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

CATEGORIES = range(1, 13)
SMALL = 11  # counts of fewer people are hidden, as in reports
WARNING = {
    "en": "The four levels are Handrail's own; SAMHSA defines no scale. They are a talk between a worker and their "
    "supervisor, and are never compared between people. Items marked unverified_text were not compared with SAMHSA's "
    "text yet.",
    "es": "Los cuatro niveles son propios de Handrail; SAMHSA no define ninguna escala. Son una conversación entre "
    "quien trabaja y quien supervisa, y nunca se comparan entre personas. Los textos marcados unverified_text aún no "
    "se han comparado con el texto de SAMHSA.",
}
CompetencyCode = Annotated[str, StringConstraints(pattern=r"^CC-(1[0-2]|[1-9])\.[1-9]$")]
Level = Annotated[
    int, Field(ge=1, le=4, description="Handrail's own: 1 beginning, 2 growing, 3 steady, 4 guides others")
]
Category = Annotated[int, Field(ge=1, le=12)]


class Confidence(StrEnum):
    CONFIRMED = "confirmed"
    UNVERIFIED_TEXT = "unverified_text"


class Item(BaseModel):
    """One competency in our words; `CC-<category>.<number>`."""

    model_config = ConfigDict(frozen=True)

    code: CompetencyCode
    en: str
    es: str


class CompetencyCategory(BaseModel):
    model_config = ConfigDict(frozen=True)

    category: Category
    code: str
    en: str
    es: str
    confidence: Confidence = Field(description="of the items' text; the categories' names are confirmed")
    items: list[Item]


@cache
def catalogue() -> tuple[CompetencyCategory, ...]:
    """Return the twelve categories, in order, as they stand in `competencies.json` beside this file."""
    said = json.loads((files("workforce.rules") / "competencies.json").read_text("utf-8"))
    return tuple(CompetencyCategory.model_validate(one) for one in said)


@cache
def known_codes() -> frozenset[str]:
    return frozenset(item.code for category in catalogue() for item in category.items)


def categories_of(codes: Iterable[str]) -> list[int]:
    """Return the categories that these competencies belong to, in order."""
    return sorted({int(code.removeprefix("CC-").split(".")[0]) for code in codes})


def latest_days(covered: Iterable[tuple[Iterable[int], date]]) -> dict[int, date]:
    """Return the latest day of each category, from (categories, day) of every assessment or training."""
    latest: dict[int, date] = {}
    for categories, day in covered:
        for category in categories:
            latest[category] = max(day, latest.get(category, day))
    return latest


def hidden_if_small(count: int, of: int) -> int | None:
    """Return a count of people, or None if it or its complement is of fewer than eleven, but nobody or everybody.

    Zero of a group that is itself large enough says nothing about any one person that its size does not; of a small
    group nothing is shown.
    """
    if of < SMALL or 0 < count < SMALL or 0 < of - count < SMALL:
        return None
    return count


def coverage_counts(people: Iterable[Mapping[int, date]], since: date) -> dict[int, int]:
    """Return in each category the number of people who were looked at or trained in it on `since` or later."""
    counts = dict.fromkeys(CATEGORIES, 0)
    for latest in people:
        for category, day in latest.items():
            counts[category] += day >= since
    return counts
