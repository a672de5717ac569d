"""The people of the demo: SAMHSA's de-identified discharges, with made-up names and days (fixed seed)."""

import csv
import importlib.resources
import json
import random
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

QUARTER = (date(2026, 7, 1), date(2026, 9, 30))
FIRST_DAY = date(2026, 6, 15)
LAST_ENROLMENT = date(2026, 9, 4)
ZONE = "America/Chicago"
SEED = 20260701

GIVEN = [
    "María José",
    "Siobhán",
    "Nguyễn",
    "Tyrone",
    "Aaliyah",
    "Svetlana",
    "Deshawn",
    "Guadalupe",
    "Wei",
    "Fatima",
    "Kwame",
    "Zoë",
    "Rigoberto",
    "Priya",
    "Dakota",
    "Marguerite",
    "Jamal",
    "Concepción",
    "Liam",
    "Naveen",
    "Tamika",
    "Hyun-woo",
    "Ekaterina",
    "Cheyenne",
    "Luis",
    "Moana",
    "Bartholomew",
    "Ines",
    "Otis",
    "Rosa",
]
FAMILY = [
    "O'Brien",
    "Muñoz",
    "李",
    "Nwosu",
    "de la Cruz",
    "Smith-Jones",
    "Kowalczyk",
    "Begaye",
    "Nakamura",
    "García",
    "van den Berg",
    "Ångström",
    "Washington",
    "Peña",
    "Abdullah",
    "Tran",
    "Delacroix",
    "Two Rivers",
    "Fitzgerald",
    "Oyelaran",
    "Castañeda",
    "Kim",
    "Petrov",
    "Johnson",
    "Hernández",
    "Brown",
    "Lopez",
]
ONE_WORD = ("Prince", "Sting", "Björk")

USE_DAYS = {"Daily use": (30, 30), "Some use": (2, 24), "No use past month": (0, 0)}
SELF_HELP = {"No attendance": 0, "1-3 times/month": 2, "4-7 times/month": 5, "8-30 times/month": 15}
ARRESTS = {"Once": 1, "Two or more": 2}
EMPLOYMENT = {
    "Full-time": "full_time",
    "Part-time": "part_time",
    "Unemployed": "unemployed",
    "Not in labor force": "not_in_labor_force",
}
HOUSING = {"Independent living": "independent", "Dependent living": "dependent", "Homeless": "homeless"}
STAY_DAYS = {"1-7 days": (2, 7), "8-30 days": (8, 30), "31-90 days": (31, 90), "91-180 days": (91, 180)}
USUAL_STAY = (75, 120)  # where the file does not say how long
REASONS = {
    "Treatment completed": "completed",
    "Dropped out": "lost_contact",
    "Transferred": "transferred",
    "Terminated by facility": "ended_by_program",
    "Incarcerated": "incarcerated",
    "Death": "deceased",
}
SEXES = {"Male": "male", "Female": "female"}


@dataclass(frozen=True)
class Person:
    """One person of the demo: who, when, and what was said at admission and at discharge."""

    external_id: str
    name: str
    birth_date: date
    sex: str
    program: int  # place in the list of programs
    peer: int  # place in the list of peers
    opened_on: date
    closed_on: date | None
    reason: str | None
    admission: dict[str, Any]
    discharge: dict[str, Any]
    meeting: str | None  # AA or ALANON, for those who went

    def is_open(self, day: date) -> bool:
        return self.opened_on <= day and (self.closed_on is None or day <= self.closed_on)


def _data(name: str) -> str:
    return (importlib.resources.files("handrail.demo") / "data" / name).read_text(encoding="utf-8")


def people(count: int, peers_of_program: list[list[int]]) -> list[Person]:
    """Return the first `count` people; `peers_of_program`: for each program the places of its peers."""
    chance = random.Random(SEED)  # noqa: S311 - a story, not a secret
    rows = list(csv.DictReader(_data("teds-d-2023-sample.csv").splitlines()))[:count]
    return [_person(row, place, chance, peers_of_program) for place, row in enumerate(rows)]


def _person(row: dict[str, str], place: int, chance: random.Random, peers_of_program: list[list[int]]) -> Person:
    program = chance.choices(range(3), weights=(55, 30, 15))[0]
    early = chance.random() < 0.6
    span = (date(2026, 7, 12) if early else LAST_ENROLMENT) - FIRST_DAY
    opened_on = _weekday(FIRST_DAY + timedelta(days=chance.randint(0, span.days)))
    stay = chance.randint(*STAY_DAYS.get(row["length_of_stay"], USUAL_STAY))
    ends = _weekday(opened_on + timedelta(days=stay))
    closed_on = ends if ends <= QUARTER[1] else None
    return Person(
        external_id=f"teds-{row['patient_id']}",
        name=chance.choice(ONE_WORD) if place % 97 == 0 else f"{chance.choice(GIVEN)} {chance.choice(FAMILY)}",
        birth_date=_birth_date(row["age_group"], opened_on, chance),
        sex=SEXES.get(row["sex"], "unknown"),
        program=program,
        peer=chance.choice(peers_of_program[program]),
        opened_on=opened_on,
        closed_on=closed_on,
        reason=REASONS.get(row["discharge_reason"], "other") if closed_on else None,
        admission=_answers(row, "admit", chance),
        discharge=_answers(row, "discharge", chance),
        meeting=_meeting(row, chance),
    )


def _weekday(day: date) -> date:
    """Return the day itself, or the Friday before a weekend."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _birth_date(band: str, on: date, chance: random.Random) -> date:
    low, _, high = band.removesuffix("+").partition("-")
    age = chance.randint(int(low), int(high or int(low) + 10))
    return date(on.year - age - 1, 12, 1) + timedelta(days=chance.randint(0, 27))


def _answers(row: dict[str, str], point: str, chance: random.Random) -> dict[str, Any]:
    """Return what was collected at one point; what was not collected is left out."""
    days = USE_DAYS.get(row[f"frequency_primary_{point}"])
    found: dict[str, Any] = {
        "use_days": chance.randint(*days) if days else None,
        "employment": EMPLOYMENT.get(row[f"employment_{point}"]),
        "housing": HOUSING.get(row[f"living_arrangement_{point}"]),
        "arrests_30": ARRESTS.get(row[f"arrests_{point}"]),
        "mutual_aid_count_30": SELF_HELP.get(row[f"self_help_attendance_{point}"]),
    }
    return {name: value for name, value in found.items() if value is not None}


def _meeting(row: dict[str, str], chance: random.Random) -> str | None:
    if SELF_HELP.get(row["self_help_attendance_discharge"], 0) == 0:
        return None
    return "AA" if chance.random() < 0.85 else "ALANON"


def meeting_weekdays() -> dict[str, list[int]]:
    """Return, by kind, the weekday (Monday 0) of every listed meeting; nothing else of the lists is kept."""
    lists = {"AA": "aa-san-jose.json", "ALANON": "al-anon.json"}
    return {
        kind: [(int(meeting["day"]) - 1) % 7 for meeting in json.loads(_data(name)) if meeting.get("time")]
        for kind, name in lists.items()
    }
