"""Sending what waited on a phone: each item answered by itself, done once, in the order of what it depends on."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from handrail.testing import Caller, Platform, add_staff, open_agency
from session_logging.api import ROUTERS
from session_logging.commands.sync import KINDS

SYNC = "/api/session-logging/v1/sync"
SESSIONS = "/api/session-logging/v1/sessions"


def item(kind: str, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an item as a phone writes it, two days ago."""
    made_at = (datetime.now(UTC) - timedelta(days=2)).isoformat()
    return {"id": str(uuid.uuid4()), "kind": kind, "v": 1, "recorded_at": made_at, "body": body} | more


def change(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of a change: that of the session without whose it is."""
    return {name: value for name, value in body.items() if name not in ("participant_id", "episode_id", "id")} | more


async def send(caller: Caller, *items: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await caller.post(SYNC, {"items": list(items)})
    assert answer.status_code == 200, answer.text
    answered: list[dict[str, Any]] = answer.json()["items"]
    assert [one["id"] for one in answered] == [one["id"] for one in items]
    return answered


def statuses(answered: list[dict[str, Any]]) -> list[str]:
    return [one["status"] for one in answered]


def problems(answered: list[dict[str, Any]]) -> list[str | None]:
    return [one["problem"]["type"].removeprefix("/problems/") if one["problem"] else None for one in answered]


async def test_items_are_done_and_answered_with_their_records(practice: Any) -> None:
    person = await practice.enrol()
    items = [item("session", practice.session(person)) for _ in range(3)]

    answer = await practice.peer.post(SYNC, {"items": items})

    answered = answer.json()["items"]
    assert statuses(answered) == ["done"] * 3
    assert [(one["record_id"], one["version"]) for one in answered] == [(one["id"], 1) for one in items]
    assert abs(datetime.fromisoformat(answer.json()["server_time"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert await practice.rows_left() == {"sessions": 3, "answers": 3, "events": 3, "audited": 3}


async def test_a_session_may_have_an_id_that_is_not_its_items(practice: Any) -> None:
    person, session_id = await practice.enrol(), str(uuid.uuid4())

    [answered] = await send(practice.peer, item("session", practice.session(person, id=session_id)))

    assert (answered["status"], answered["record_id"]) == ("done", session_id)
    assert (await practice.row(UUID(session_id)))["version"] == 1


async def test_the_same_batch_again_is_all_duplicates_with_the_same_records(practice: Any) -> None:
    person = await practice.enrol()
    items = [item("session", practice.session(person)) for _ in range(3)]
    first = await send(practice.peer, *items)

    again = await send(practice.peer, *reversed(items))

    assert statuses(again) == ["duplicate"] * 3
    assert [one["record_id"] for one in reversed(again)] == [one["record_id"] for one in first]
    assert await practice.rows_left() == {"sessions": 3, "answers": 3, "events": 3, "audited": 3}


async def test_an_item_twice_in_one_batch_is_done_once(practice: Any) -> None:
    person = await practice.enrol()
    one = item("session", practice.session(person))
    other_words = one | {"body": practice.session(person, outcome="partial")}

    answered = await send(practice.peer, one, one, other_words)

    assert statuses(answered) == ["done", "duplicate", "refused"]
    assert problems(answered)[2] == "idempotency-key-reused"
    assert (await practice.rows_left())["sessions"] == 1


async def test_a_lost_answer_of_the_ordinary_route_is_a_duplicate_here_and_the_other_way_round(practice: Any) -> None:
    person = await practice.enrol()
    posted, synced = (item("session", practice.session(person)) for _ in range(2))
    first = await practice.peer.post(SESSIONS, posted["body"], key=posted["id"])
    await send(practice.peer, synced)

    [answered] = await send(practice.peer, posted)
    repeated = await practice.peer.post(SESSIONS, synced["body"], key=synced["id"])
    other = await practice.peer.post(SESSIONS, synced["body"] | {"outcome": "partial"}, key=synced["id"])

    assert (answered["status"], answered["record_id"]) == ("duplicate", first.json()["id"])
    assert (repeated.status_code, repeated.json()) == (201, {"id": synced["id"], "version": 1})
    assert repeated.headers["location"] == f"{SESSIONS}/{synced['id']}"
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert (await practice.rows_left())["sessions"] == 2


async def test_another_body_under_a_posted_key_is_refused(practice: Any) -> None:
    person = await practice.enrol()
    posted = item("session", practice.session(person))
    await practice.peer.post(SESSIONS, posted["body"], key=posted["id"])

    answered = await send(practice.peer, posted | {"body": practice.session(person, outcome="partial")})

    assert (statuses(answered), problems(answered)) == (["refused"], ["idempotency-key-reused"])


async def test_what_depends_on_another_is_done_after_it_whatever_the_order(practice: Any) -> None:
    person = await practice.enrol()
    session = item("session", practice.session(person))
    changed = item(
        "session-change", change(session["body"], outcome="partial"), about=session["id"], expected=1,
        depends_on=[session["id"]],
    )  # fmt: skip
    signed = item("signature", {}, about=session["id"], expected=2, depends_on=[changed["id"]])
    words = {"reason": "forgot", "words": "canary-addendum he also called"}
    added = item("addendum", words, about=session["id"], depends_on=[signed["id"]])

    answered = await send(practice.peer, added, signed, changed, session)

    assert statuses(answered) == ["done"] * 4
    assert [one["version"] for one in answered] == [1, 3, 2, 1]
    row = await practice.row(UUID(session["id"]))
    assert (row["status"], row["outcome"], row["version"]) == ("signed", "partial", 4)
    assert statuses(await send(practice.peer, signed, added, changed, session)) == ["duplicate"] * 4
    assert await practice.platform.value("select count(*) from session_logging.addendum where session_id = :id",
                                         id=UUID(session["id"])) == 1  # fmt: skip


def bodies(practice: Any, person: Any, other: Any) -> dict[str, tuple[str, dict[str, Any]]]:
    """Return, for each kind that adds a record, its ordinary route and a body."""
    whole = practice.session(person)
    at = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    soon = datetime.now(UTC) + timedelta(days=1)
    both = {"participant_id": str(person.participant_id), "episode_id": str(person.episode_id)}
    attendees = [
        {name: practice.session(one)[name] for name in ("participant_id", "episode_id", "outcome", "note")}
        for one in (person, other)
    ]
    service = ("delivery_method", "location", "service_code", "started_at", "ended_at")
    group = {name: whole[name] for name in service} | {"activities": ["group_facilitation"], "attendees": attendees}
    outreach = {"modality": "outreach", "location": "community", "activities": ["outreach"], "people": 12}
    times = {"started_at": whole["started_at"], "ended_at": whole["ended_at"]}
    program = {"program_id": str(practice.program_id)}
    visit = {"starts_at": soon.isoformat(), "ends_at": (soon + timedelta(hours=1)).isoformat()}
    return {
        "session": ("sessions", whole),
        "group": ("groups", group | program),
        "check-in": ("check-ins", both | {"method": "telephone", "outcome": "no_answer", "contacted_at": at}),
        "anonymous-contact": ("anonymous-contacts", outreach | times | program),
        "mutual-aid-attendance": (
            "mutual-aid-attendances", {"mutual_aid": "NA", "attended_on": "2026-02-03"} | dict(list(both.items())[:1]),
        ),
        "appointment": ("appointments", both | visit | {"modality": "one_on_one_mentoring", "place": "canary cafe"}),
        "task": ("tasks", {"kind": "call", "due_on": soon.date().isoformat(), "words": "canary call her sister"}),
        "work-time": ("work-times", {"kind": "travel", "worked_on": "2026-02-03", "minutes": 20, "miles": "3.5"}),
    }  # fmt: skip


async def test_every_kind_that_adds_a_record_is_done_once_whichever_way_it_comes(practice: Any) -> None:
    person, other = await practice.enrol_many(2)
    asked = bodies(practice, person, other)
    synced, posted = ([item(kind, body) for kind, (_, body) in asked.items()] for _ in range(2))

    first = await send(practice.peer, *synced)
    second = [
        await practice.peer.post(f"/api/session-logging/v1/{route}", one["body"], key=one["id"])
        for one, (route, _) in zip(posted, asked.values(), strict=True)
    ]

    assert dict(zip(asked, zip(statuses(first), problems(first), strict=True), strict=True)) == dict.fromkeys(
        asked, ("done", None)
    )
    assert {answer.status_code for answer in second} == {201}
    again = await send(practice.peer, *synced, *posted)
    assert statuses(again) == ["duplicate"] * 2 * len(asked)
    assert [one["record_id"] for one in again] == [
        *(one["record_id"] for one in first), *(answer.json()["id"] for answer in second)
    ]  # fmt: skip
    repeated = [
        await practice.peer.post(f"/api/session-logging/v1/{route}", one["body"], key=one["id"])
        for one, (route, _) in zip(synced, asked.values(), strict=True)
    ]
    assert [answer.json() for answer in repeated] == [one["answer"] for one in first]


def test_each_kind_stands_for_a_route_that_takes_the_same_body_from_the_same_roles() -> None:
    leaves = [(f"{method} {one.path}", one) for router in ROUTERS for one in router.routes for method in one.methods]
    routes = {asked: one.body_field.field_info.annotation if one.body_field else None for asked, one in leaves}
    roles = {asked: set(one.dependencies[0].dependency.roles) for asked, one in leaves if one.dependencies}

    for name, kind in KINDS.items():
        path = kind.route.replace("{about}", "{session_id}")
        assert path in routes, name
        assert routes[path] in (kind.body, kind.body | None), name
        assert roles["POST /v1/sync"] <= roles[path], name
        assert kind.changes == path.startswith("PUT "), name
        assert kind.keeping is None or {kind.keeping.worker, kind.keeping.at} <= set(kind.keeping.table.c.keys()), name


# Conflicts


async def test_a_change_of_what_changed_meanwhile_comes_back_with_both_versions(practice: Any) -> None:
    person = await practice.enrol()
    body = practice.session(person)
    session_id = str(await practice.peer.created(SESSIONS, body))
    await practice.peer.put(f"{SESSIONS}/{session_id}", change(body, outcome="partial"), 1)
    mine = item("session-change", change(body, outcome="no_show", note=None), about=session_id, expected=1)

    [answered] = await send(practice.peer, mine)

    assert (answered["status"], answered["problem"]["type"]) == ("conflict", "/problems/stale-version")
    assert answered["theirs"] == (await practice.peer.get(f"{SESSIONS}/{session_id}")).json()
    assert (answered["theirs"]["outcome"], answered["theirs"]["version"]) == ("partial", 2)
    assert (await practice.row(UUID(session_id)))["version"] == 2
    read = await audited(practice, "session.read", "done")
    assert [row["subject_id"] for row in read] == [UUID(session_id)] * 2  # once with the conflict, once by the test


async def test_a_change_of_what_was_signed_meanwhile_is_a_conflict(practice: Any) -> None:
    person = await practice.enrol()
    body = practice.session(person, sign=True)
    session_id = str(await practice.peer.created(SESSIONS, body))
    body.pop("sign")

    answered = await send(
        practice.peer,
        item("session-change", change(body, outcome="partial"), about=session_id, expected=1),
        item("signature", {}, about=session_id, expected=1),
    )

    assert statuses(answered) == ["conflict"] * 2
    assert [one["theirs"]["status"] for one in answered] == ["signed"] * 2


async def test_somebody_elses_session_is_refused_and_never_shown(practice: Any) -> None:
    person = await practice.enrol()
    session_id = str(await practice.peer.created(SESSIONS, practice.session(person)))
    colleague = await add_staff(practice.administrator, "peer")
    other = item("session-change", change(practice.session(person)), about=session_id, expected=7)

    [answered] = await send(colleague, other)

    assert (answered["status"], problems([answered]), answered["theirs"]) == ("refused", ["not-found"], None)


# One bad item


def broken(practice: Any, person: Any) -> dict[str, tuple[dict[str, Any], str]]:
    """Return items that cannot be, with the code of their refusal."""
    whole = practice.session(person)
    session = item("session", whole)
    about = str(uuid.uuid4())
    return {
        "another form version": (session | {"v": 2, "new_field": 1}, "form-version"),
        "an unknown kind": (session | {"kind": "diagnosis"}, "unknown-kind"),
        "no kind": ({name: value for name, value in session.items() if name != "kind"}, "invalid-request"),
        "no body": (session | {"body": "x"}, "invalid-request"),
        "an unknown field": (session | {"extra": 1}, "invalid-request"),
        "a body that is none": (item("session", whole | {"outcome": "cured"}), "invalid-request"),
        "a future session": (item("session", whole | {"ended_at": "2126-03-03T10:00Z"}), "longer-than-a-day"),
        "a clinical activity": (item("session", whole | {"activities": ["psychotherapy"]}), "outside-the-peer-role"),
        "a goal of nobody": (item("session", whole | {"goal_ids": [str(uuid.uuid4())]}), "unknown-goal"),
        "a person of nobody": (item("session", whole | {"participant_id": str(uuid.uuid4())}), "not-found"),
        "a change without what": (item("session-change", change(whole), expected=1), "invalid-request"),
        "a change without a version": (item("session-change", change(whole), about=about), "invalid-request"),
        "a change of nothing": (item("session-change", change(whole), about=about, expected=1), "not-found"),
        "a session about something": (session | {"about": about}, "invalid-request"),
        "a time of no day": (session | {"recorded_at": "yesterday"}, "invalid-request"),
        "a dependency that is no id": (session | {"depends_on": ["x"]}, "invalid-request"),
        "waiting for itself": (session | {"depends_on": [session["id"]]}, "dependency-cycle"),
        "a body of fifty depths": (item("session", whole | {"note": nested(400)}), "invalid-request"),
        "a number beyond numbers": (item("session", whole | {"note": {"summary": 10**40}}), "invalid-request"),
    }


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"note": inner}
    return inner


async def test_bad_items_stop_nothing_and_leave_one_audit_entry_each(practice: Any) -> None:
    person = await practice.enrol()
    bad = broken(practice, person)
    items = {what: one | {"id": str(uuid.uuid4())} for what, (one, _) in bad.items() if what != "waiting for itself"}
    items["waiting for itself"] = bad["waiting for itself"][0]
    good = [item("session", practice.session(person)) for _ in range(len(items))]

    answered = await send(practice.peer, *[one for pair in zip(items.values(), good, strict=True) for one in pair])

    assert dict(zip(items, zip(statuses(answered[::2]), problems(answered[::2]), strict=True), strict=True)) == {
        what: ("refused", bad[what][1]) for what in items
    }
    assert statuses(answered[1::2]) == ["done"] * len(good)
    assert await practice.rows_left() == dict.fromkeys(("sessions", "answers", "events", "audited"), len(good))
    refused = await audited(practice, "POST /v1/sync", "refused")
    assert {row["detail"]["item_id"] for row in refused} == {one["id"] for one in items.values()}
    assert sorted(row["reason_code"] for row in refused) == sorted(code for _, code in bad.values())


async def test_a_refusal_points_into_the_items_body(practice: Any) -> None:
    person = await practice.enrol()
    future = practice.session(person, started_at="2126-03-03T09:00Z", ended_at="2126-03-03T10:00Z")

    [times, outcome] = await send(
        practice.peer, item("session", future), item("session", practice.session(person, outcome="cured"))
    )

    assert times["problem"]["errors"][0]["pointer"] == "/ended_at"
    assert outcome["problem"]["errors"][0]["pointer"] == "/outcome"
    assert UUID(times["problem"]["request_id"])


async def test_a_circle_is_refused_for_its_members_and_held_for_those_who_wait_for_it(practice: Any) -> None:
    person = await practice.enrol()
    one, other, waiting, free = (item("session", practice.session(person)) for _ in range(4))
    one["depends_on"], other["depends_on"], waiting["depends_on"] = [other["id"]], [one["id"]], [other["id"]]

    answered = await send(practice.peer, one, waiting, other, free)

    assert statuses(answered) == ["refused", "later", "refused", "done"]
    assert problems(answered) == ["dependency-cycle", "waits-for-another", "dependency-cycle", None]
    assert answered[1]["problem"]["waits_for"] == other["id"]


# Waiting


async def test_what_depends_on_a_bad_item_is_held_and_done_once_that_is_put_right(practice: Any) -> None:
    person = await practice.enrol()
    bad = item("session", practice.session(person, outcome="cured"))
    added = item("addendum", {"reason": "r", "words": "canary"}, about=bad["id"], depends_on=[bad["id"]])
    neighbour = item("session", practice.session(person))

    first = await send(practice.peer, added, bad, neighbour)
    right = bad | {"body": practice.session(person, sign=True)}
    second = await send(practice.peer, added, right)

    assert (statuses(first), problems(first)) == (
        ["later", "refused", "done"], ["waits-for-another", "invalid-request", None]
    )  # fmt: skip
    assert statuses(second) == ["done", "done"]


async def test_a_session_before_its_person_waits_until_the_person_has_come(practice: Any) -> None:
    person, intake_id = await practice.enrol(), str(uuid.uuid4())
    stranger = str(uuid.uuid4())
    unknown = item("session", practice.session(person, participant_id=stranger), depends_on=[intake_id])
    known = item("session", practice.session(person), depends_on=[intake_id])
    alone = item("session", practice.session(person, participant_id=stranger))

    answered = await send(practice.peer, unknown, known, alone)

    assert statuses(answered) == ["later", "done", "refused"]
    assert problems(answered) == ["not-here-yet", None, "not-found"]


async def test_a_held_session_is_done_once_its_person_is_here(practice: Any) -> None:
    coming = type(await practice.enrol())()  # their facts are told after the first sending
    session = item("session", practice.session(coming), depends_on=[str(uuid.uuid4())])
    before = await send(practice.peer, session)
    await practice._enrol(coming, practice.peer)
    for table, id in (("assignment", coming.assignment_id), ("episode", coming.episode_id), ("goal", coming.goal_id)):
        await practice.heard(table, [id])

    after = await send(practice.peer, session)

    assert (statuses(before), statuses(after)) == (["later"], ["done"])


# A month later


async def grow_old(practice: Any, *tables: tuple[str, str]) -> None:
    """Let a month go by: old keys are gone."""
    agency = practice.peer.agency_id
    async with practice.platform.admin.begin() as connection:
        for table, column in (("idempotency", "created_at"), *tables):
            await connection.exec_driver_sql(
                f"update session_logging.{table} set {column} = {column} - interval '31 days' "
                f"where agency_id = '{agency}'"
            )
        await connection.exec_driver_sql("select session_logging.keep_days()")
    left = "select count(*) from session_logging.idempotency where agency_id = :agency"
    assert await practice.platform.value(left, agency=agency) == 0


async def test_a_month_old_batch_is_known_whatever_its_kinds(practice: Any) -> None:
    person = await practice.enrol()
    session = item("session", practice.session(person))
    changed = item(
        "session-change", change(session["body"], outcome="partial"), about=session["id"], expected=1,
        depends_on=[session["id"]],
    )  # fmt: skip
    signed = item("signature", {}, about=session["id"], expected=2, depends_on=[changed["id"]])
    added = item("addendum", {"reason": "r", "words": "w"}, about=session["id"], depends_on=[signed["id"]])
    batch = [session, changed, signed, added]
    first = await send(practice.peer, *batch)
    await grow_old(practice)

    again = await send(practice.peer, *batch)
    other_words = await send(practice.peer, session | {"body": practice.session(person, outcome="no_show")})

    assert (statuses(first), statuses(again)) == (["done"] * 4, ["duplicate"] * 4)
    assert [(one["record_id"], one["version"]) for one in again] == [
        (one["record_id"], one["version"]) for one in first
    ]
    assert (statuses(other_words), problems(other_words)) == (["refused"], ["idempotency-key-reused"])
    assert (await practice.rows_left())["sessions"] == 1


async def test_what_was_posted_a_month_ago_is_known_by_the_id_that_the_client_made(practice: Any) -> None:
    person, session_id = await practice.enrol(), str(uuid.uuid4())
    posted = item("session", practice.session(person, id=session_id))
    assert (await practice.peer.post(SESSIONS, posted["body"], key=posted["id"])).status_code == 201
    colleague = await add_staff(practice.administrator, "peer", "supervisor")
    await practice.heard("staff", [colleague.staff_id])
    young = await send(practice.peer, item("session", practice.session(person, id=session_id)))
    await grow_old(practice, ("peer_session", "recorded_at"))

    again = await send(practice.peer, posted)
    by_another = await send(colleague, item("session", practice.session(person, id=session_id)))

    assert (statuses(young), problems(young)) == (["refused"], ["already-recorded"])  # another key, a day too soon
    assert [(one["status"], one["record_id"], one["version"]) for one in again] == [("duplicate", session_id, 1)]
    assert (statuses(by_another), problems(by_another)) == (["refused"], ["already-recorded"])
    assert (await practice.rows_left())["sessions"] == 1


# Who may, and how much


async def test_only_those_who_work_with_people_send(shared: Any, colleagues: Any) -> None:
    batch = {"items": [item("session", {})]}

    answers = [await caller.post(SYNC, batch) for caller in (shared.administrator, colleagues.auditor)]
    nobody = await shared.peer.http.post(SYNC, json=batch)

    assert [answer.status_code for answer in (*answers, nobody)] == [403, 403, 401]


async def test_a_stranger_sends_nothing_here(shared: Any, platform: Platform, http: httpx.AsyncClient) -> None:
    person = await shared.enrol()
    session = item("session", shared.session(person))
    await send(shared.peer, session)
    stranger = await add_staff(await open_agency(http, platform), "peer", "supervisor")

    answered = await send(
        stranger, session, item("addendum", {"reason": "r", "words": "w"}, about=session["id"]),
        item("session-change", change(session["body"]), about=session["id"], expected=1),
    )  # fmt: skip

    assert (statuses(answered), problems(answered)) == (["refused"] * 3, ["not-found"] * 3)


@pytest.mark.parametrize(
    ("items", "status", "pointer"),
    [
        ([], 422, "/items"),
        ([{"id": str(UUID(int=n)), "kind": "x"} for n in range(201)], 422, "/items"),
        ([{"kind": "session"}], 422, "/items/0/id"),
        ([{"id": "x"}], 422, "/items/0/id"),
        (["x"], 422, "/items/0"),
    ],
    ids=["none", "201", "no id", "no uuid", "no object"],
)
async def test_a_batch_that_cannot_be_answered_item_by_item_is_refused(
    shared: Any, items: list[Any], status: int, pointer: str
) -> None:
    answer = await shared.peer.post(SYNC, {"items": items})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (status, pointer)


async def test_half_a_megabyte_is_the_most(shared: Any) -> None:
    person = await shared.enrol()
    long = shared.session(person, note={"summary": "x" * 8000, "response": "x" * 8000})
    items = [item("session", long) for _ in range(40)]

    answer = await shared.peer.post(SYNC, {"items": items})

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


async def test_nothing_personal_is_left_where_others_look(practice: Any, platform: Platform) -> None:
    person = await practice.enrol()
    body = practice.session(person)
    session = item("session", body)
    bad = item("session", practice.session(person, outcome="canary-outcome"))
    stale = item("session-change", change(body, outcome="partial"), about=session["id"], expected=9)

    answered = await send(practice.peer, session, bad, stale | {"depends_on": [session["id"]]})

    assert statuses(answered) == ["done", "refused", "conflict"]
    assert "canary" in str(answered[2]["theirs"])  # the caller's own words, in the answer only
    for table in ("outbox", "ledger", "audit_pending", "audit", "idempotency", "synced"):
        row = f"select count(*) from session_logging.{table} t where t::text like '%canary%'"
        assert await platform.value(row) == 0


async def test_the_phones_clock_is_kept_beside_ours(practice: Any) -> None:
    person = await practice.enrol()
    wrong = item("session", practice.session(person), recorded_at="2031-01-01T00:00:00Z")

    await send(practice.peer, wrong)

    [row] = await practice.platform.fetch("select * from session_logging.synced where id = :id", id=UUID(wrong["id"]))
    assert row["made_at"] == datetime(2031, 1, 1, tzinfo=UTC)
    assert abs(row["answered_at"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert abs((await practice.row(UUID(wrong["id"])))["recorded_at"] - datetime.now(UTC)) < timedelta(minutes=1)


# Many in one transaction


async def test_good_items_share_transactions_and_a_bad_one_costs_its_neighbours_nothing(practice: Any) -> None:
    person = await practice.enrol()
    items = [item("session", practice.session(person)) for _ in range(60)]
    items[40]["body"]["goal_ids"] = [str(uuid.uuid4())]

    answered = await send(practice.peer, *items)

    assert statuses(answered) == [*["done"] * 40, "refused", *["done"] * 19]
    at = [(await practice.row(UUID(one["id"])))["recorded_at"] for one in items if one is not items[40]]
    assert len(set(at[:25])) == 1  # the first 25 together
    assert len(set(at[25:49])) == 24  # those around the bad one each by itself
    assert len(set(at[49:])) == 1


async def test_sessions_signed_together_are_flagged_as_if_they_had_come_one_by_one(practice: Any) -> None:
    await practice.credential()
    one, other = await practice.enrol_many(2)
    times = {"started_at": "2026-03-03T10:00:00Z", "ended_at": "2026-03-03T10:45:00Z", "sign": True}
    bodies = [practice.session(one, **times), practice.session(other, **times), practice.session(one, **times)]
    by_post = [await practice.peer.created(SESSIONS, body) for body in bodies]
    other_day = {"started_at": "2026-03-04T10:00:00Z", "ended_at": "2026-03-04T10:45:00Z"}

    answered = await send(practice.peer, *[item("session", body | other_day) for body in bodies])

    posted = [await practice.row(session_id) for session_id in by_post]
    synced = [await practice.row(UUID(session["record_id"])) for session in answered]
    alike = ("flags", "units", "missing_elements", "credential_at_signing", "status", "review", "version")
    assert [[row[name] for name in alike] for row in synced] == [[row[name] for name in alike] for row in posted]
    assert len({row["recorded_at"] for row in synced}) == 1


async def audited(practice: Any, action: str, outcome: str) -> list[Any]:
    """Return the agency's audit rows of one action, wherever the sealer has put them."""
    rows: list[Any] = await practice.platform.fetch(
        "select * from (select agency_id, action, outcome, reason_code, subject_id, detail "
        "from session_logging.audit_pending union all select agency_id, action, outcome, reason_code, subject_id, "
        "detail from session_logging.audit) a where agency_id = :agency and action = :action and outcome = :outcome",
        agency=practice.peer.agency_id, action=action, outcome=outcome,
    )  # fmt: skip
    return rows
