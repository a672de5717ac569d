"""The work of the quarter: who met whom, when, and how well it was written down (fixed seed)."""

import random
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from handrail.demo.people import FIRST_DAY, QUARTER, SEED, ZONE, Person, meeting_weekdays

HOLIDAYS = (date(2026, 7, 3), date(2026, 9, 7))
DAY = (time(9, 0), time(16, 40))
GROUP_SIZE = (7, 12)

# How often things go wrong, as shares of the sessions.
UNSIGNED, LATE, OVERLAPPING, WITHOUT_GOAL, INCOMPLETE, NO_SHOW = 0.03, 0.05, 0.006, 0.06, 0.03, 0.07

KINDS = (
    # modality, delivery method, location, minutes, activities; one row a program
    ("one_on_one_mentoring", "in_person", "recovery_center", (30, 60), ["coaching_mentoring", "recovery_planning"]),
    ("telephone_recovery_support", "telephone", "telehealth", (15, 30), ["wellness_checkin", "coaching_mentoring"]),
    ("outreach", "in_person", "shelter", (20, 45), ["outreach", "resource_navigation"]),
)
SUMMARIES = (
    "Talked through the week and what helped.",
    "Looked at next steps together and practised one.",
    "Walked through options; chose what to try first.",
    "Checked in, shared what worked for me, listened.",
)
RESPONSES = ("Said it was useful.", "Was tired but glad to talk.", "Wants to go on.", "Asked good questions.")
PROGRESS = ("A step further than last time.", "About the same as before.", "A hard week; holding on.")


@dataclass(frozen=True)
class Line:
    """One person's part in one session."""

    external_id: str
    person: Person
    peer: int
    kind: int
    started_at: datetime
    minutes: int
    recorded_at: datetime
    signed_at: datetime | None
    has_goal: bool
    is_complete: bool
    outcome: str
    words: int  # picks the sentences of the note

    @property
    def ended_at(self) -> datetime:
        return self.started_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True)
class Group:
    """One group with its roster."""

    external_id: str
    peer: int
    started_at: datetime
    minutes: int
    recorded_at: datetime
    signed_at: datetime | None
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Quarter:
    sessions: list[Line]
    groups: list[Group]
    mutual_aid: list[tuple[str, Person, str, date]]  # external id, who, kind, day


def quarter(persons: list[Person], peers: int) -> Quarter:
    """Return everything that happened up to the quarter's end."""
    chance = random.Random(SEED + 1)  # noqa: S311 - a story, not a secret
    made = Quarter([], [], [])
    last_seen: dict[str, date] = {}
    day = FIRST_DAY
    while day <= QUARTER[1]:
        if day.weekday() < 5 and day not in HOLIDAYS:
            for peer in range(peers):
                _working_day(made, persons, peer, day, last_seen, chance)
        day += timedelta(days=1)
    _meetings(made, persons, chance)
    return made


def _working_day(
    made: Quarter, persons: list[Person], peer: int, day: date, last_seen: dict[str, date], chance: random.Random
) -> None:
    mine = [person for person in persons if person.peer == peer and person.is_open(day)]
    clock = datetime.combine(day, DAY[0], ZoneInfo(ZONE))
    end = datetime.combine(day, DAY[1], ZoneInfo(ZONE))
    if peer < 3 and day.weekday() == peer + 1:  # the center's three peers each hold a group a week
        clock = _hold_group(made, mine, peer, clock, last_seen, chance)
    # Whoever was seen longest ago comes first; new people within days.
    due = sorted(mine, key=lambda person: (last_seen.get(person.external_id, date.min), person.external_id))
    for person in due:
        if last_seen.get(person.external_id, date.min) > day - timedelta(days=6):
            break
        minutes = chance.randrange(*KINDS[person.program][3], 5)
        if clock + timedelta(minutes=minutes) > end:
            break
        line = _line(f"s-{len(made.sessions)}", person, peer, person.program, clock, minutes, chance)
        made.sessions.append(_overlapping(line, chance))
        last_seen[person.external_id] = day
        clock += timedelta(minutes=minutes + 10)


def _overlapping(line: Line, chance: random.Random) -> Line:
    """Now and then a start time is written half an hour early, into the session before."""
    if chance.random() < OVERLAPPING and line.started_at.hour > 9:
        return replace(line, started_at=line.started_at - timedelta(minutes=30))
    return line


def _line(
    external_id: str, person: Person, peer: int, kind: int, at: datetime, minutes: int, chance: random.Random
) -> Line:
    recorded_at = at + timedelta(minutes=minutes + chance.randint(1, 90))
    late = chance.random() < LATE
    signed_at: datetime | None = recorded_at + (timedelta(days=chance.randint(5, 12)) if late else timedelta(minutes=2))
    if chance.random() < UNSIGNED:
        signed_at = None
    return Line(
        external_id=external_id,
        person=person,
        peer=peer,
        kind=kind,
        started_at=at,
        minutes=minutes,
        recorded_at=recorded_at,
        signed_at=signed_at,
        has_goal=chance.random() >= WITHOUT_GOAL,
        is_complete=chance.random() >= INCOMPLETE,
        outcome="no_show" if chance.random() < NO_SHOW else "completed",
        words=chance.randrange(1000),
    )


def _hold_group(
    made: Quarter, mine: list[Person], peer: int, clock: datetime, last_seen: dict[str, date], chance: random.Random
) -> datetime:
    size = min(len(mine), 14 if chance.random() < 0.05 else chance.randint(*GROUP_SIZE))
    if size < 3:
        return clock
    roster = chance.sample(mine, size)
    number = len(made.groups)
    lines = []
    for place, person in enumerate(roster):
        line = _line(f"g-{number}-{place}", person, peer, 0, clock, 60, chance)
        lines.append(replace(line, outcome="completed"))
        last_seen[person.external_id] = clock.date()
    signed_at = lines[0].signed_at
    recorded_at = lines[0].recorded_at
    lines = [replace(line, recorded_at=recorded_at, signed_at=signed_at) for line in lines]
    made.groups.append(Group(f"g-{number}", peer, clock, 60, recorded_at, signed_at, tuple(lines)))
    return clock + timedelta(minutes=70)


def _meetings(made: Quarter, persons: list[Person], chance: random.Random) -> None:
    """Mutual-aid attendance, on the weekdays on which the listed meetings are held."""
    weekdays = meeting_weekdays()
    for person in persons:
        if person.meeting is None:
            continue
        day = max(person.opened_on, QUARTER[0])
        while person.is_open(day) and day <= QUARTER[1]:
            if chance.choice(weekdays[person.meeting]) == day.weekday():
                made.mutual_aid.append((f"m-{len(made.mutual_aid)}", person, person.meeting, day))
            day += timedelta(days=1)
