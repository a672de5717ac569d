"""Emergency access: opened for one person by one actor, over by the database's clock, reviewed by somebody else."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handrail.testing import Caller, add_staff, open_agency
from intake.rules.break_glass import review_due

INTAKE = "/api/intake/v1"
GLASS = f"{INTAKE}/break-glass"
CHICAGO = "America/Chicago"
OPENING = {"reason": "safety_concern", "words": "Canary words: she called and said she has no one.", "minutes": 15}
REVIEW = {"outcome": "justified", "words": "Canary review: the call is in the log, and she was met."}
ZONES = ("America/Chicago", "Pacific/Honolulu", "America/Puerto_Rico", "Pacific/Guam", "America/St_Johns")


# The rule


@pytest.mark.parametrize(
    ("opened_at", "due"),
    [
        ("2026-03-02T09:00", "2026-03-04T00:00"),  # a Monday: until the end of Tuesday
        ("2026-03-05T23:59", "2026-03-07T00:00"),  # a Thursday
        ("2026-03-06T08:00", "2026-03-10T00:00"),  # a Friday: until the end of Monday
        ("2026-03-07T12:00", "2026-03-10T00:00"),  # a Saturday, the night before summer time
        ("2026-03-08T12:00", "2026-03-10T00:00"),  # a Sunday
        ("2026-12-24T12:00", "2026-12-26T00:00"),  # holidays are not spared
    ],
)
def test_a_review_is_due_by_the_end_of_the_next_business_day(opened_at: str, due: str) -> None:
    zone = ZoneInfo(CHICAGO)

    found = review_due(datetime.fromisoformat(opened_at).replace(tzinfo=zone).astimezone(UTC), CHICAGO)

    assert found == datetime.fromisoformat(due).replace(tzinfo=zone)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - naive bounds
    st.sampled_from(ZONES),
)
def test_a_review_is_due_when_one_whole_business_day_has_gone_by(opened_at: datetime, zone: str) -> None:
    due = review_due(opened_at, zone).astimezone(ZoneInfo(zone))

    opened_on, last = opened_at.astimezone(ZoneInfo(zone)).date(), due.date() - timedelta(days=1)
    between = [opened_on + timedelta(days=number) for number in range(1, (last - opened_on).days + 1)]
    assert (due.hour, due.minute, due.second) == (0, 0, 0)
    assert [day for day in between if day.weekday() < 5] == [last]


# Through HTTP


def slug(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def opened(clinic: Any, participant_id: UUID, by: Caller | None = None, **more: object) -> UUID:
    body = OPENING | {"participant_id": str(participant_id)} | more
    found: UUID = await (by or clinic.other_peer).created(GLASS, body)
    return found


async def sees(caller: Caller, participant_id: UUID) -> int:
    return (await caller.get(f"{INTAKE}/participants/{participant_id}")).status_code


async def over(clinic: Any, break_glass_id: UUID) -> None:
    """Let the time of an access have passed, as the database counts it."""
    async with clinic.platform.admin.begin() as connection:
        sql = (
            "update intake.break_glass set opened_at = now() - interval '20 minutes', "
            "expires_at = now() - interval '1 second' where id = :id"
        )
        await connection.execute(text(sql), {"id": break_glass_id})


async def test_somebody_elses_person_is_opened_for_the_asker_alone(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    third = await add_staff(clinic.administrator, "peer")

    before = await sees(clinic.other_peer, participant_id)
    await opened(clinic, participant_id)

    assert before == 404
    assert await sees(clinic.other_peer, participant_id) == 200
    assert (await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}/records")).status_code == 200
    assert await sees(third, participant_id) == 404


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("put", "participants/{person}", {"name": "Canary Hacked"}),
        ("post", "participants/{person}/own-codes", {"purpose": "papers", "valid_hours": 72}),
        ("put", "consents/{consent}/revocation", {"method": "paper"}),
        ("put", "consents/{consent}/suspension", {"reason": "doubt"}),
        ("post", "consent-drafts", {"participant_id": "{person}", "consent_type": "tpo"}),
        ("post", "episodes", {"participant_id": "{person}", "program_id": "{program}", "opened_on": "2026-01-06"}),
        ("post", "participants/{person}/notices", {"version": "1", "language": "en", "channel": "paper"}),
        ("post", "participants/{person}/attempts", {"channel": "phone", "outcome": "no_answer"}),
    ],
)
async def test_what_was_opened_to_look_at_is_not_written_to(
    clinic: Any, method: str, path: str, body: dict[str, Any]
) -> None:
    participant_id, _ = await clinic.assigned()
    ids = {"person": participant_id, "consent": await clinic.sign(participant_id), "program": clinic.program_id}
    await opened(clinic, participant_id)
    filled = {name: value.format(**ids) if "{" in str(value) else value for name, value in body.items()}
    version = {"version": 1} if method == "put" else {}

    answer = await getattr(clinic.other_peer, method)(f"{INTAKE}/{path.format(**ids)}", filled, **version)

    assert slug(answer) == (409, "opened-to-read"), answer.text
    assert (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).json()["name"] == "Maura Canary-O'Brien"


async def test_an_emergency_is_acted_on_with_what_was_opened_for_it(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    await opened(clinic, participant_id)
    concern = {"participant_id": str(participant_id), "source": "crisis", "note": "Canary: not answering"}

    raised = await clinic.other_peer.post(f"{INTAKE}/safety-concerns", concern)
    sent = await clinic.other_peer.post(
        f"{INTAKE}/packages",
        {
            "participant_id": str(participant_id),
            "view": "emergency_summary",
            "channel": "phone",
            "language": "en",
            "basis": "medical_emergency",
            "purpose": "emergency_care",
            "recipient": {"name": "Mercy Emergency Canary", "address": "1 Mercy Way"},
            "categories": ["substance_use_disorder"],
            "emergency": {
                "personnel": "Dr. Canary Okafor",
                "role": "physician",
                "facility": "Mercy",
                "nature": "Overdose in the yard",
                "justification": "Not responsive, nobody else could consent",
            },
        },
    )
    handed = await clinic.other_peer.put(f"{INTAKE}/packages/{sent.json().get('id')}/handover", {}, version=1)

    assert raised.status_code == 201, raised.text
    assert sent.status_code == 201, sent.text
    assert handed.json()["outcome"] == "handed_over", handed.text


async def test_when_its_time_is_over_the_person_is_not_there_again(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)

    await over(clinic, access)

    assert await sees(clinic.other_peer, participant_id) == 404
    ended = await clinic.other_peer.put(f"{GLASS}/{access}/end", None, version=1)
    assert slug(ended) == (409, "break-glass-over")
    assert await opened(clinic, participant_id)  # a new emergency is a new access, with a review of its own


async def test_an_access_lasts_as_long_as_was_asked_for(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()

    access = await opened(clinic, participant_id, minutes=60)

    found = (await clinic.supervisor.get(f"{GLASS}/{access}")).json()
    times = [datetime.fromisoformat(found[name]) for name in ("opened_at", "expires_at", "review_due_at")]
    assert times[1] - times[0] == timedelta(minutes=60)
    assert times[2] == review_due(times[0], CHICAGO)
    assert (found["is_open"], found["review_overdue"], found["staff_id"]) == (
        True,
        False,
        str(clinic.other_peer.staff_id),
    )
    assert (found["words"], found["reason"]) == (OPENING["words"], "safety_concern")


async def test_giving_it_back_ends_it_at_once(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)

    other = await clinic.peer.put(f"{GLASS}/{access}/end", None, version=1)
    stale = await clinic.other_peer.put(f"{GLASS}/{access}/end", None, version=4)
    ended = await clinic.other_peer.put(f"{GLASS}/{access}/end", None, version=1)
    again = await clinic.other_peer.put(f"{GLASS}/{access}/end", None, version=2)

    assert (slug(other), slug(stale)) == ((404, "not-found"), (412, "stale-version"))
    assert (ended.status_code, ended.json()) == (200, {"id": str(access), "version": 2})
    assert slug(again) == (409, "break-glass-over")
    assert await sees(clinic.other_peer, participant_id) == 404


async def test_a_supervisor_takes_it_away(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)

    ended = await clinic.supervisor.put(f"{GLASS}/{access}/end", None, version=1)

    assert ended.status_code == 200, ended.text
    assert await sees(clinic.other_peer, participant_id) == 404


async def test_who_reaches_the_person_needs_none(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    body = OPENING | {"participant_id": str(participant_id)}

    answers = [await caller.post(GLASS, body) for caller in (clinic.peer, clinic.supervisor, clinic.administrator)]
    await opened(clinic, participant_id)
    twice = await clinic.other_peer.post(GLASS, body)

    assert {slug(answer) for answer in (*answers, twice)} == {(409, "reached-already")}
    assert "Go on as usual" in twice.json()["detail"]


async def test_two_openings_at_once_become_one(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    body = OPENING | {"participant_id": str(participant_id)}

    answers = await asyncio.gather(*(clinic.other_peer.post(GLASS, body) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]


async def test_a_person_is_found_by_name_and_birth_date_exactly(clinic: Any) -> None:
    name = f"Zoë Canary {uuid4().hex}"
    participant_id = await clinic.enrol(name=name, birth_date="1980-05-06")
    wanted = {"name": name.upper(), "birth_date": "1980-05-06"}

    wrong = await clinic.other_peer.post(GLASS, OPENING | {"find": wanted | {"birth_date": "1980-05-07"}})
    right = await clinic.other_peer.post(GLASS, OPENING | {"find": wanted})

    assert slug(wrong) == (404, "not-found")
    assert (right.status_code, right.json()["participant_id"]) == (201, str(participant_id))
    assert await sees(clinic.other_peer, participant_id) == 200


async def test_what_fits_two_people_opens_neither(clinic: Any) -> None:
    who = {"name": f"Canary {uuid4().hex}", "birth_date": "1980-05-06"}
    both = [await clinic.enrol(**who) for _ in range(2)]

    answer = await clinic.other_peer.post(GLASS, OPENING | {"find": who})

    assert slug(answer) == (409, "fits-more-than-one")
    assert not [one for one in both if str(one) in answer.text]


async def test_it_opens_every_record_of_a_merged_person(clinic: Any) -> None:
    survivor_id, merged_id = await clinic.enrol(), await clinic.enrol()
    merge = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    await clinic.supervisor.created(f"{INTAKE}/merges", merge)

    made = await clinic.other_peer.post(GLASS, OPENING | {"participant_id": str(merged_id)})

    assert made.json()["participant_id"] == str(survivor_id)
    assert [await sees(clinic.other_peer, one) for one in (survivor_id, merged_id)] == [200, 200]


async def test_it_stays_with_a_person_who_is_merged_afterwards(clinic: Any) -> None:
    survivor_id, merged_id = await clinic.enrol(), await clinic.enrol()
    await opened(clinic, merged_id)
    merge = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    await clinic.supervisor.created(f"{INTAKE}/merges", merge)

    assert [await sees(clinic.other_peer, one) for one in (survivor_id, merged_id)] == [200, 200]


async def test_a_review_says_whether_it_was_justified_and_ends_it(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)
    path = f"{GLASS}/{access}/review"

    done = await clinic.privacy_officer.put(path, REVIEW | {"outcome": "not_justified"}, version=1)
    again = await clinic.supervisor.put(path, REVIEW, version=2)

    assert (done.status_code, done.json()["version"]) == (200, 2)
    assert slug(again) == (409, "break-glass-reviewed")
    found = (await clinic.supervisor.get(f"{GLASS}/{access}")).json()
    assert (found["review_outcome"], found["review_words"]) == ("not_justified", REVIEW["words"])
    assert (found["reviewed_by"], found["is_open"]) == (str(clinic.privacy_officer.staff_id), False)
    assert await sees(clinic.other_peer, participant_id) == 404


async def test_nobody_reviews_their_own(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)
    async with clinic.platform.admin.begin() as connection:  # a peer who was made supervisor meanwhile
        sql = "update intake.break_glass set staff_id = :s where id = :id"
        await connection.execute(text(sql), {"s": clinic.supervisor.staff_id, "id": access})

    own = await clinic.supervisor.put(f"{GLASS}/{access}/review", REVIEW, version=1)
    another = await clinic.privacy_officer.put(f"{GLASS}/{access}/review", REVIEW, version=1)

    assert slug(own) == (409, "own-break-glass")
    assert another.status_code == 200


async def test_what_waits_for_review_comes_first_and_pages_hold_everything_once(clinic: Any) -> None:
    waiting = [await opened(clinic, (await clinic.assigned())[0]) for _ in range(3)]
    reviewed = [await opened(clinic, (await clinic.assigned())[0]) for _ in range(2)]
    for access in reviewed:
        assert (await clinic.supervisor.put(f"{GLASS}/{access}/review", REVIEW, version=1)).status_code == 200

    found, following = [], None
    while True:
        more = {"next": following} if following else {}
        page = (await clinic.supervisor.get(GLASS, limit=2, **more)).json()
        found += page["items"]
        if (following := page["next"]) is None:
            break

    ids = [one["id"] for one in found]
    states = [one["reviewed_at"] is None for one in found]
    assert len(ids) == len(set(ids))
    assert states == sorted(states, reverse=True)
    assert [one for one in ids if one in map(str, waiting)] == list(map(str, waiting))
    assert [one for one in ids if one in map(str, reviewed)] == list(map(str, reversed(reviewed)))


async def test_a_review_that_is_late_is_shown_as_late(clinic: Any) -> None:
    access = await opened(clinic, (await clinic.assigned())[0])
    async with clinic.platform.admin.begin() as connection:
        sql = "update intake.break_glass set review_due_at = now() - interval '1 second' where id = :id"
        await connection.execute(text(sql), {"id": access})

    found = (await clinic.privacy_officer.get(f"{GLASS}/{access}")).json()

    assert found["review_overdue"] is True


async def test_who_may_open_and_who_may_review(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)
    auditor = await add_staff(clinic.administrator, "auditor")
    body = OPENING | {"participant_id": str(participant_id)}

    opening = [(await caller.post(GLASS, body)).status_code for caller in (auditor, clinic.privacy_officer)]
    reading = [(await caller.get(GLASS)).status_code for caller in (clinic.peer, clinic.other_peer, auditor)]
    one = [(await caller.get(f"{GLASS}/{access}")).status_code for caller in (clinic.peer, clinic.other_peer)]
    review = [
        (await caller.put(f"{GLASS}/{access}/review", REVIEW, version=1)).status_code
        for caller in (clinic.peer, clinic.other_peer, auditor)
    ]

    assert (opening, reading, one, review) == ([403] * 2, [403] * 3, [403] * 2, [403] * 3)


async def test_another_agencys_person_or_access_is_not_there(clinic: Any, nobody: UUID) -> None:
    participant_id = await clinic.enrol(name=f"Canary {uuid4().hex}", birth_date="1980-05-06")
    access = await opened(clinic, participant_id)
    elsewhere = await open_agency(clinic.administrator.http, clinic.platform)  # which is live, so intake knows it
    reviewer, peer = await add_staff(elsewhere, "supervisor"), await add_staff(elsewhere, "peer")

    answers = [
        await peer.post(GLASS, OPENING | {"participant_id": str(participant_id)}),
        await peer.post(GLASS, OPENING | {"participant_id": str(nobody)}),
        await peer.post(GLASS, OPENING | {"find": {"name": "Maura Canary-O'Brien", "birth_date": "1980-05-06"}}),
        await reviewer.get(f"{GLASS}/{access}"),
        await reviewer.put(f"{GLASS}/{access}/end", None, version=1),
        await reviewer.put(f"{GLASS}/{access}/review", REVIEW, version=1),
    ]

    assert {slug(answer) for answer in answers} == {(404, "not-found")}
    assert len({answer.json()["detail"] for answer in answers}) == 1
    assert (await reviewer.get(GLASS)).json()["items"] == []


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"minutes": 4}, "/minutes"),
        ({"minutes": 61}, "/minutes"),
        ({"minutes": "15"}, "/minutes"),
        ({"words": "She called."}, "/words"),
        ({"words": " " * 40}, "/words"),
        ({"reason": "curiosity"}, "/reason"),
        ({"staff_id": str(uuid4())}, "/staff_id"),
        ({"find": {"name": "Maura"}}, "/find/birth_date"),
        ({"find": {"name": "Maura", "birth_date": "1980-05-06"}}, "/"),
        ({"participant_id": None}, "/"),
    ],
)
async def test_a_wrong_opening_leaves_nothing_but_its_refusal(
    clinic: Any, wrong: dict[str, object], pointer: str
) -> None:
    participant_id, _ = await clinic.assigned()
    refusals, rows = await clinic.refusals(), await clinic.rows()

    answer = await clinic.other_peer.post(GLASS, OPENING | {"participant_id": str(participant_id)} | wrong)

    assert slug(answer) == (422, "invalid-request"), answer.text
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert (await clinic.rows(), await clinic.refusals()) == (rows, refusals + 1)
    assert await sees(clinic.other_peer, participant_id) == 404


async def test_it_is_told_and_audited_without_a_word_of_why(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    access = await opened(clinic, participant_id)
    await clinic.supervisor.put(f"{GLASS}/{access}/review", REVIEW, version=1)

    first, second = await clinic.events(access)

    assert [one["type"].split(".")[2] for one in (first, second)] == ["break-glass-opened", "break-glass-changed"]
    assert second["payload"].find('"justified":true') > 0
    for table in ("outbox", "ledger", "audit", "audit_pending", "idempotency", "break_glass"):
        rows = await clinic.platform.fetch(f"select t::text as whole from intake.{table} t")
        assert not [row for row in rows if "Canary words" in row["whole"] or "Canary review" in row["whole"]], table
    sql = (
        "select detail from (select detail, action from intake.audit union all select detail, action from "
        "intake.audit_pending) a where action = 'break-glass.open' and detail->>'break_glass_id' = :id"
    )
    (entry,) = await clinic.platform.fetch(sql, id=str(access))
    assert entry["detail"] == {"break_glass_id": str(access), "reason": "safety_concern", "break_glass": True}


def test_the_dates_of_these_cases_are_the_days_they_are_called() -> None:
    assert [date(2026, 3, day).weekday() for day in (2, 5, 6, 7, 8)] == [0, 3, 4, 5, 6]
