"""The report against the owning services' own tables: every figure counted a second time, from its definition.

`by_hand/` holds one query a measure, written from docs/measures.md, over workforce, intake and session_logging only.
Ages are counted from the birth dates as intake sealed them.
"""

from base64 import b64decode
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

import intake.models
import session_logging.models
from common.database import Scope, transaction
from common.privacy import KeyRing
from handrail.demo.people import QUARTER
from handrail.demo.setting_up import CREDENTIAL_ENDS
from handrail.secrets import variable
from handrail.testing import Platform

if TYPE_CHECKING:
    from tests.integration.conftest import Played

BY_HAND = Path(__file__).parent / "by_hand"
REPORTS = "/api/compliance-reporting/v1/reports"
PERIODS = {
    "quarter": QUARTER,
    "two weeks of June": (date(2026, 6, 15), date(2026, 6, 30)),
    "July": (date(2026, 7, 1), date(2026, 7, 31)),
    "to the credential's last day": (date(2026, 8, 1), CREDENTIAL_ENDS[4]),
    "the day after it": (date(2026, 9, 1), date(2026, 9, 1)),
    "a Sunday": (date(2026, 8, 2), date(2026, 8, 2)),
}
# Targets in percent, as docs/measures.md states them; None: judged against the people's own baseline, or not at all.
TARGETS: dict[str, int | None] = {
    "M01": 100,
    "M02": 100,
    "M03": 100,
    "M04": 100,
    "M05": 100,
    "M06": 90,
    "M07": 95,
    "M08": 100,
    "M09": 100,
    "M10": 95,
    "M11": 100,
    "M12": 100,
    "M13": 90,
    "M14": 90,
    "M16": 95,
    "M17": 95,
    "M18": 90,
    "M21": 100,
    "M22": 100,
    "M30": None,
    "M31": None,
    "M32a": None,
    "M32b": None,
    "M32c": None,
    "M38a": 70,
    "M38b": 60,
}
BINDING = {"M01", "M12"}
PAIRED = {"M31", "M32a", "M32b", "M32c"}
OF_STAFF = {"M02", "M03", "M04", "M05", "M06", "M07", "M08", "M09", "M10"}
OF_ONE_PROGRAM = sorted(TARGETS.keys() - PAIRED - OF_STAFF - {"M12", "M30"})
OLDEST = {"0-17": 17, "18-24": 24, "25-34": 34, "35-44": 44, "45-54": 54, "55-64": 64}

Extras = dict[tuple[str, frozenset[tuple[str, str]]], float | None]


@dataclass(frozen=True)
class Asked:
    """A report, and what it was asked for."""

    first: date
    last: date
    report: dict[str, Any]

    def measure(self, measure_id: str) -> dict[str, Any]:
        (found,) = [one for one in self.report["results"]["measures"] if one["measure_id"] == measure_id]
        return dict(found)


@dataclass(frozen=True)
class Counted:
    """What a query found: one row for each unit, or each unit in each program."""

    rows: list[Any]

    @property
    def judged(self) -> list[Any]:
        return [row for row in self.rows if not row.get("lost")]

    @property
    def lost(self) -> set[UUID]:
        return {row["unit"] for row in self.rows if row.get("lost")}

    @property
    def denominator(self) -> set[UUID]:
        return {row["unit"] for row in self.judged}

    @property
    def numerator(self) -> set[UUID]:
        return {row["unit"] for row in self.judged if row["met"]}

    @property
    def at_baseline(self) -> set[UUID]:
        return {row["unit"] for row in self.judged if row["met_at_baseline"]}

    def by_program(self) -> dict[str, "Counted"]:
        split = defaultdict(list)
        for row in self.rows:
            if row["program_id"]:
                split[str(row["program_id"])].append(row)
        return {program_id: Counted(rows) for program_id, rows in split.items()}


@pytest_asyncio.fixture(scope="session", params=PERIODS.values(), ids=PERIODS.keys())
async def asked(played: "Played", request: pytest.FixtureRequest) -> Asked:
    first, last = request.param
    if (first, last) == (played.start, played.end):
        return Asked(first, last, played.report)
    administrator = played.agency.administrator
    made = await administrator.post(REPORTS, {"period_start": first.isoformat(), "period_end": last.isoformat()})
    return Asked(first, last, await administrator.get(f"{REPORTS}/{made['id']}"))


COUNTED: dict[tuple[date, date, str], Counted] = {}  # a report stays as it is, and so does what it counts


async def counted(platform: Platform, played: "Played", asked: Asked, measure_id: str) -> Counted:
    key = (asked.first, asked.last, measure_id)
    if key not in COUNTED:
        COUNTED[key] = await _counted(platform, played, asked, measure_id)
    return COUNTED[key]


async def _counted(platform: Platform, played: "Played", asked: Asked, measure_id: str) -> Counted:
    names = ["_delivered", measure_id, *(["_paired"] if measure_id in PAIRED else [])]
    rows = await platform.fetch(
        "\n".join((BY_HAND / f"{name}.sql").read_text(encoding="utf-8") for name in names),
        agency=played.agency_id,
        first=asked.first,
        last=asked.last,
        as_of=datetime.fromisoformat(asked.report["as_of"]),
    )
    return Counted(rows)


async def opened(
    platform: Platform,
    played: "Played",
    service: str,
    models: ModuleType,
    place: str,
    sealed: Iterable[tuple[Any, Any]],
) -> list[Any]:
    """Open sealed values; `sealed`: whose each is, and the bytes (nothing stays nothing)."""
    values = list(sealed)
    agency_id = UUID(played.agency_id)
    keys = KeyRing(b64decode(platform.secrets[variable(service, "ROOT_KEY")]), models.TABLES)
    async with transaction(platform.admin, models.TABLES, Scope(agency_id, None, uuid4())) as db:
        sealers = await keys.sealers(db, agency_id, {owner for owner, _ in values})
    return [None if value is None else sealers[owner].open(place, bytes(value)) for owner, value in values]


def rounded(exact: Fraction) -> float:
    """One decimal; a half goes away from zero."""
    shown = Decimal(exact.numerator) / Decimal(exact.denominator)
    return float(shown.quantize(Decimal("0.1"), ROUND_HALF_UP))


def percent(part: int, whole: int) -> float | None:
    return rounded(Fraction(100 * part, whole)) if whole else None


def mean(values: Iterable[Fraction | int]) -> float | None:
    known = list(values)
    return rounded(Fraction(sum(known)) / len(known)) if known else None


def verdict(measure_id: str, found: Counted) -> str:
    met, judged = len(found.numerator), len(found.denominator)
    if measure_id == "M30" or not judged:
        return "NA"
    if (target := TARGETS[measure_id]) is not None:
        reached = 100 * met >= target * judged
    elif measure_id == "M31":
        reached = met > len(found.at_baseline) or met == judged
    else:
        reached = met >= len(found.at_baseline)
    if reached:
        return "PASS"
    return "FAIL" if measure_id in BINDING else "WARN"


async def units(played: "Played", asked: Asked, measure_id: str, part: str) -> list[UUID]:
    """Walk the pages of the ids behind a figure."""
    path, ids, more = f"{REPORTS}/{asked.report['id']}/measures/{measure_id}/units?part={part}&limit=90", [], ""
    while True:
        page = await played.agency.administrator.get(path + more)
        ids += [UUID(one) for one in page["items"]]
        if not page["next"]:
            return ids
        more = f"&next={page['next']}"


def told(measure: dict[str, Any]) -> Extras:
    extras = {(one["name"], frozenset(one["grouping"].items())): one["value"] for one in measure["extras"]}
    assert len(extras) == len(measure["extras"]), "a figure is printed twice"
    return extras


def test_the_report_holds_exactly_the_measures_counted_here(asked: Asked) -> None:
    assert [one["measure_id"] for one in asked.report["results"]["measures"]] == list(TARGETS)
    assert asked.report["missing_events"] == 0
    assert asked.report["zone"] == "America/Chicago"


@pytest.mark.parametrize("measure_id", TARGETS)
async def test_the_figures_are_those_of_the_raw_tables(
    platform: Platform, played: "Played", asked: Asked, measure_id: str
) -> None:
    found = await counted(platform, played, asked, measure_id)
    measure = asked.measure(measure_id)

    assert (measure["numerator"], measure["denominator"]) == (len(found.numerator), len(found.denominator))
    assert measure["percent"] == percent(len(found.numerator), len(found.denominator))
    assert measure["verdict"] == verdict(measure_id, found)
    assert measure["required"] == (measure_id in BINDING)
    assert measure["target"] == TARGETS[measure_id]


@pytest.mark.parametrize("measure_id", sorted(TARGETS.keys() - PAIRED - {"M17"}))
async def test_nothing_is_left_unevaluated_when_every_fact_has_arrived(asked: Asked, measure_id: str) -> None:
    assert asked.measure(measure_id)["unevaluable"] == 0


async def test_notes_not_due_yet_are_the_only_sessions_that_on_time_leaves_out(
    platform: Platform, played: "Played", asked: Asked
) -> None:
    judged = (await counted(platform, played, asked, "M17")).denominator
    delivered = (await counted(platform, played, asked, "M16")).denominator

    assert judged <= delivered
    assert asked.measure("M17")["unevaluable"] == len(delivered - judged)


@pytest.mark.parametrize("measure_id", TARGETS)
async def test_the_figures_by_program_are_those_of_the_raw_tables(
    platform: Platform, played: "Played", asked: Asked, measure_id: str
) -> None:
    found = (await counted(platform, played, asked, measure_id)).by_program()
    shown = asked.measure(measure_id)["by_program"]

    assert {one["program_id"]: (one["numerator"], one["denominator"], one["percent"]) for one in shown} == {
        program_id: (len(one.numerator), len(one.denominator), percent(len(one.numerator), len(one.denominator)))
        for program_id, one in found.items()
    }


@pytest.mark.parametrize("measure_id", OF_ONE_PROGRAM)
def test_programs_add_up_where_a_unit_belongs_to_one(asked: Asked, measure_id: str) -> None:
    measure = asked.measure(measure_id)
    for figure in ("numerator", "denominator", "unevaluable"):
        assert sum(one[figure] for one in measure["by_program"]) == measure[figure]


@pytest.mark.parametrize("part", ["numerator", "denominator"])
@pytest.mark.parametrize("measure_id", TARGETS)
async def test_behind_a_figure_are_exactly_the_ids_of_the_raw_tables(
    platform: Platform, played: "Played", asked: Asked, measure_id: str, part: str
) -> None:
    found = await counted(platform, played, asked, measure_id)
    ids = await units(played, asked, measure_id, part)

    assert len(ids) == len(set(ids))
    assert set(ids) == (found.numerator if part == "numerator" else found.denominator)


@pytest.mark.parametrize("measure_id", sorted(PAIRED))
async def test_pairs_baselines_and_means_are_those_of_the_raw_tables(
    platform: Platform, played: "Played", asked: Asked, measure_id: str
) -> None:
    found = await counted(platform, played, asked, measure_id)
    measure = asked.measure(measure_id)
    expected: dict[str, float | None] = {
        "paired": len(found.denominator),
        "at_baseline": len(found.at_baseline),
        "lost": len(found.lost),
    }
    if measure_id == "M31":
        pairs = [(row["days_at_baseline"], row["days_at_follow_up"]) for row in found.judged]
        expected["mean_change_in_use_days"] = mean(after - before for before, after in pairs)
        for point, place in (("baseline", 0), ("follow_up", 1)):
            free = mean(Fraction(100 * (30 - pair[place]), 30) for pair in pairs)
            expected[f"mean_percent_days_abstinent_at_{point}"] = free
        if not pairs:
            expected = {name: value for name, value in expected.items() if value is not None}

    assert told(measure) == {(name, frozenset()): value for name, value in expected.items()}
    assert measure["unevaluable"] == len(found.lost)


def band(born: date, on: date) -> str:
    birthdays = next(years for years in count() if not _has_had(born, on, years + 1))
    return next((name for name, oldest in OLDEST.items() if birthdays <= oldest), "65+")


def _has_had(born: date, on: date, birthday: int) -> bool:
    return (born.year + birthday, born.month, born.day) <= (on.year, on.month, on.day)


async def test_persons_served_are_counted_by_support_age_and_sex_as_the_sealed_birth_dates_say(
    platform: Platform, played: "Played", asked: Asked
) -> None:
    found = await counted(platform, played, asked, "M30")
    question = """
        select p.id, p.sex, p.identity, cast(p.enrolled_at at time zone a.zone as date) as enrolled_on
        from intake.participant p join workforce.agency a on a.agency_id = p.agency_id
        where p.agency_id = cast(:agency as uuid)
    """
    people = await platform.fetch(question, agency=played.agency_id)
    sealed = ((one["id"], one["identity"]) for one in people)
    identities = await opened(platform, played, "intake", intake.models, "participant.identity", sealed)
    ages = {
        one["id"]: band(date.fromisoformat(identity["birth_date"]), one["enrolled_on"])
        for one, identity in zip(people, identities, strict=True)
    }
    sexes = {one["id"]: one["sex"] for one in people}

    had = {(row["unit"], support) for row in found.rows for support in row["supports"]}
    totals = Counter(support for _, support in had)
    cells = Counter((support, ages[person], sexes[person]) for person, support in had)
    expected: Extras = {}
    for support, persons in totals.items():
        grouping = frozenset({("support", support)})
        expected["persons", grouping] = persons
        expected["percent_of_persons_served", grouping] = percent(persons, len(found.denominator))
    for (support, age, sex), persons in cells.items():
        expected["persons", frozenset({("support", support), ("age_band", age), ("sex", sex)})] = persons
    assert told(asked.measure("M30")) == expected


async def test_the_headline_is_the_share_of_binding_measures_that_pass(
    platform: Platform, played: "Played", asked: Asked
) -> None:
    verdicts = [verdict(one, await counted(platform, played, asked, one)) for one in sorted(BINDING)]
    judged = [one for one in verdicts if one != "NA"]
    passed = judged.count("PASS")
    expected = {"passed": passed, "judged": len(judged), "percent": percent(passed, len(judged))}

    assert asked.report["results"]["headline"] == expected


async def test_every_note_lacks_what_its_record_says_and_nothing_else(platform: Platform, played: "Played") -> None:
    question = """
        select s.*, g.size from session_logging.peer_session s
        left join session_logging.peer_group g on g.agency_id = s.agency_id and g.id = s.group_id
        where s.agency_id = cast(:agency as uuid)
    """
    sessions = await platform.fetch(question, agency=played.agency_id)
    sealed = ((one["participant_id"], one["note"]) for one in sessions)
    place = session_logging.models.NOTE
    notes = await opened(platform, played, "session-logging", session_logging.models, place, sealed)

    assert len(sessions) > 4000
    wrong = {}
    for row, note in zip(sessions, notes, strict=True):
        words = note or {}
        there = {
            "service_code": row["service_code"],
            "location": row["location"],
            "summary": words.get("summary"),
            "goals": row["goal_ids"],
            "progress": words.get("progress"),
            "response": words.get("response"),
            "events": words.get("events"),
            "signature": row["signed_at"],
            "credential": row["credential_at_signing"],
            "group_size": row["format"] == "individual" or row["size"],
        }
        lacking = {element for element, value in there.items() if not value}
        if lacking != set(row["missing_elements"]):
            wrong[row["id"]] = (lacking, row["missing_elements"])
    assert wrong == {}


async def test_the_service_date_is_the_local_day_of_the_start(platform: Platform, played: "Played") -> None:
    question = """
        select id from session_logging.peer_session
        where agency_id = cast(:agency as uuid) and service_date <> cast(started_at at time zone zone as date)
    """
    assert await platform.fetch(question, agency=played.agency_id) == []


async def test_a_disclosure_on_consent_is_valid_just_where_the_consent_covers_it(
    platform: Platform, played: "Played"
) -> None:
    question = """
        select d.*, c.terms, c.signed_at, c.revoked_at, c.expires_on,
               cast(d.made_at at time zone a.zone as date) as made_on
        from intake.disclosure d
        join workforce.agency a on a.agency_id = d.agency_id
        join intake.consent c
          on c.agency_id = d.agency_id and c.id = d.consent_id and c.participant_id = d.participant_id
        where d.agency_id = cast(:agency as uuid) and d.basis = 'consent'
    """
    made = await platform.fetch(question, agency=played.agency_id)
    terms = await opened(
        platform,
        played,
        "intake",
        intake.models,
        "consent.terms",
        ((one["participant_id"], one["terms"]) for one in made),
    )

    assert made
    for one, agreed in zip(made, terms, strict=True):
        covered = (
            one["signed_at"] <= one["made_at"]
            and (one["revoked_at"] is None or one["made_at"] < one["revoked_at"])
            and (one["expires_on"] is None or one["made_on"] <= one["expires_on"])
            and set(one["categories"]) <= set(agreed["categories"])
            and one["purpose"] in agreed["purposes"]
        )
        assert one["basis_valid"] == covered, one["id"]


@pytest.mark.parametrize(
    ("measure_id", "asked_for"),
    [
        ("M02", ("core_training", "core_topics")),
        ("M03", ("work_hours", "supervision_hours")),
        ("M05", ("code_of_ethics", "lived_experience")),
        ("M06", ("competencies",)),
    ],
)
async def test_a_workers_standing_on_the_last_day_says_what_the_report_counts(
    played: "Played", asked: Asked, measure_id: str, asked_for: tuple[str, ...]
) -> None:
    judged, met = [
        {str(one) for one in await units(played, asked, measure_id, part)} for part in ("denominator", "numerator")
    ]

    shown = {}
    for staff_id in judged:
        path = f"/api/workforce/v1/staff/{staff_id}/standing?on={asked.last.isoformat()}"
        lines = (await played.agency.administrator.get(path))["lines"]
        shown[staff_id] = [line["state"] in ("met", "due_soon") for line in lines if line["asked"] in asked_for]

    assert all(shown.values())
    assert {staff_id for staff_id, states in shown.items() if all(states)} == met
