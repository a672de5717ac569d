"""Workforce through its HTTP API: agencies, programs, staff, credentials, supervisors."""

import uuid

import httpx
import pytest

from handrail.testing import Caller, Platform, add_staff, open_agency

W = "/api/workforce/v1"
PROGRAM = {"name": "Outreach", "opened_on": "2026-01-01"}


async def test_an_opened_agency_reaches_the_ledger(platform: Platform, administrator: Caller) -> None:
    question = "select count(*) from workforce.ledger where agency_id = :agency and type like '%agency-activated%'"

    await platform.eventually(question, 1, agency=administrator.agency_id)


async def test_only_the_operator_opens_agencies(platform: Platform, http: httpx.AsyncClient) -> None:
    body = {
        "agency_id": str(uuid.uuid4()),
        "name": "Nobody's",
        "zone": "America/Chicago",
        "administrator_name": "N",
        "administrator_email": "n@nobody.test",
    }

    wrong = await http.post(f"{W}/agencies", json=body, headers={"Authorization": "Bearer not-the-operator"})
    without = await http.post(f"{W}/agencies", json=body)

    assert [wrong.status_code, without.status_code] == [401, 401]
    count = "select count(*) from workforce.agency where agency_id = cast(:id as uuid)"
    assert await platform.value(count, id=body["agency_id"]) == 0


async def test_an_agency_is_opened_once(platform: Platform, http: httpx.AsyncClient) -> None:
    first = await open_agency(http, platform)
    body = {
        "agency_id": str(first.agency_id),
        "name": "Again",
        "zone": "America/Chicago",
        "administrator_name": "N",
        "administrator_email": "again@nobody.test",
    }
    headers = {"Authorization": f"Bearer {platform.secrets['OPERATOR_TOKEN']}"}

    again = await http.post(f"{W}/agencies", json=body, headers=headers)

    assert (again.status_code, again.json()["type"]) == (409, "/problems/agency-exists")


async def test_an_idempotent_repeat_answers_alike(administrator: Caller) -> None:
    first = await administrator.post(f"{W}/programs", PROGRAM, key="the-same-key")
    second = await administrator.post(f"{W}/programs", PROGRAM, key="the-same-key")
    other = await administrator.post(f"{W}/programs", PROGRAM | {"name": "Groups"}, key="the-same-key")

    assert first.status_code == 201
    assert (second.status_code, second.content) == (201, first.content)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")
    assert len((await administrator.get(f"{W}/programs")).json()["items"]) == 1


async def test_a_peer_may_not_open_programs(administrator: Caller) -> None:
    peer = await add_staff(administrator, "peer")

    answer = await peer.post(f"{W}/programs", PROGRAM)

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")


async def test_without_a_token_nothing_answers(http: httpx.AsyncClient) -> None:
    answer = await http.get(f"{W}/staff")

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["O'Brien", "Muñoz", "李", "Prince", "Ng'ang'a-Smith", "X Æ A-12"])
async def test_names_are_kept_as_given(administrator: Caller, name: str) -> None:
    body = {"name": name, "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"], "employed_from": "2026-01-01"}
    staff_id = await administrator.created(f"{W}/staff", body)

    read = await administrator.get(f"{W}/staff/{staff_id}")

    assert read.json()["name"] == name
    assert read.headers["etag"] == '"1"'


async def test_an_email_address_signs_in_one_person_only(administrator: Caller) -> None:
    body = {"name": "A", "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"], "employed_from": "2026-01-01"}
    await administrator.created(f"{W}/staff", body)

    again = await administrator.post(f"{W}/staff", body | {"email": body["email"].upper()})

    assert (again.status_code, again.json()["type"]) == (409, "/problems/email-in-use")


async def test_staff_pages_follow_each_other(administrator: Caller) -> None:
    for number in range(3):
        body = {"name": f"S{number}", "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"]}
        await administrator.created(f"{W}/staff", body | {"employed_from": "2026-01-01"})

    first = (await administrator.get(f"{W}/staff", limit=3)).json()
    rest = (await administrator.get(f"{W}/staff", limit=3, next=first["next"])).json()
    broken = await administrator.get(f"{W}/staff", next="not-a-cursor")

    assert [member["name"] for member in first["items"] + rest["items"]] == ["Ada Okafor", "S0", "S1", "S2"]
    assert rest["next"] is None
    assert (broken.status_code, broken.json()["type"]) == (422, "/problems/bad-cursor")


async def test_another_agencys_staff_answer_like_nobody(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    stranger = await open_agency(http, platform)

    theirs = await stranger.get(f"{W}/staff/{administrator.staff_id}")
    nobodys = await stranger.get(f"{W}/staff/{uuid.uuid4()}")

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.json() | {"request_id": ""} == nobodys.json() | {"request_id": ""}


async def test_departure_needs_the_version_that_was_seen(administrator: Caller) -> None:
    body = {"name": "S", "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"], "employed_from": "2026-01-01"}
    staff_id = await administrator.created(f"{W}/staff", body)
    path = f"{W}/staff/{staff_id}/departure"

    without = await administrator.put(path, {"last_day": "2026-06-30"})
    early = await administrator.put(path, {"last_day": "2025-12-31"}, version=1)
    good = await administrator.put(path, {"last_day": "2026-06-30"}, version=1)
    stale = await administrator.put(path, {"last_day": "2026-07-31"}, version=1)

    assert [without.status_code, early.status_code, good.status_code, stale.status_code] == [428, 422, 200, 412]
    assert good.headers["etag"] == '"2"'


async def test_the_last_administrator_stays(administrator: Caller) -> None:
    path, today = f"{W}/staff/{administrator.staff_id}/departure", {"last_day": "2099-01-01"}

    alone = await administrator.put(path, today, version=1)
    await add_staff(administrator, "administrator")
    accompanied = await administrator.put(path, today, version=1)

    assert (alone.status_code, alone.json()["type"]) == (409, "/problems/last-administrator")
    assert accompanied.status_code == 200


async def test_a_new_supervisor_ends_the_one_before(platform: Platform, administrator: Caller) -> None:
    people = {}
    for name, role in {"peer": "peer", "first": "supervisor", "second": "supervisor"}.items():
        body = {"name": name, "email": f"{uuid.uuid4().hex}@a.test", "roles": [role], "employed_from": "2026-01-01"}
        people[name] = str(await administrator.created(f"{W}/staff", body))

    async def supervise(by: str, since: str) -> int:
        body = {"staff_id": people["peer"], "supervisor_id": people[by], "valid_from": since}
        return (await administrator.post(f"{W}/supervisor-assignments", body)).status_code

    assert await supervise("first", "2026-01-01") == 201
    assert await supervise("second", "2026-03-01") == 201
    assert await supervise("first", "2026-02-01") == 409
    assert await supervise("peer", "2026-04-01") == 422
    rows = await platform.fetch(
        "select valid_from::text, valid_to::text from workforce.supervisor_assignment "
        "where agency_id = :agency order by valid_from",
        agency=administrator.agency_id,
    )
    assert [tuple(row.values()) for row in rows] == [("2026-01-01", "2026-02-28"), ("2026-03-01", None)]


async def test_a_credential_needs_a_known_person_and_days_in_order(administrator: Caller) -> None:
    body = {
        "staff_id": str(administrator.staff_id),
        "credential_type": "certified_peer_specialist",
        "specialty": "substance_use",
        "issuer": "State board",
        "valid_from": "2026-01-01",
        "valid_to": "2027-12-31",
    }

    good = await administrator.post(f"{W}/credentials", body)
    unknown = await administrator.post(f"{W}/credentials", body | {"staff_id": str(uuid.uuid4())})
    backwards = await administrator.post(f"{W}/credentials", body | {"valid_to": "2025-12-31"})

    assert [good.status_code, unknown.status_code, backwards.status_code] == [201, 404, 422]


BAD_STAFF = [
    ({"employed_from": "2026-02-30"}, "/employed_from"),
    ({"employed_from": 0}, "/employed_from"),
    ({"employed_from": "1700000000"}, "/employed_from"),
    ({"employed_from": "2026-01-01T00:00:00Z"}, "/employed_from"),
    ({"name": "\ufeff\u200b"}, "/name"),
    ({"name": "\u3164"}, "/name"),
    ({"name": "A\nB"}, "/name"),
    ({"employed_to": "2025-01-01"}, "/employed_to"),
    ({"name": "A\x00B"}, "/name"),
    ({"name": "A\u202eB"}, "/name"),
    ({"name": "x" * 201}, "/name"),
    ({"name": "   "}, "/name"),
    ({"email": "not-an-address"}, "/email"),
    ({"roles": []}, "/roles"),
    ({"roles": ["king"]}, "/roles/0"),
    ({"roles": ["service"]}, "/roles"),
    ({"salary": 1}, "/salary"),
]


@pytest.mark.parametrize(("change", "pointer"), BAD_STAFF)
async def test_what_cannot_be_is_refused_and_leaves_one_audit_entry(
    platform: Platform, administrator: Caller, change: dict[str, object], pointer: str
) -> None:
    body = {"name": "A", "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"], "employed_from": "2026-01-01"}

    answer = await administrator.post(f"{W}/staff", body | change)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    count = "select count(*) from workforce.staff where agency_id = :agency"
    assert await platform.value(count, agency=administrator.agency_id) == 1
    audit = "select count(*) from workforce.audit where agency_id = :agency and outcome = 'refused'"
    await platform.eventually(audit, 1, agency=administrator.agency_id)
