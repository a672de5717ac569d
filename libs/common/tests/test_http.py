"""Writes over HTTP: committed before they are answered, done once, changed only by who saw the newest."""

import asyncio
import uuid
from typing import Any

import pytest

from common.contracts.codes import Role
from common.database import Scope, transaction

QUIET = {"thing": 0, "outbox": 0, "ledger": 0, "idempotency": 0}


def effects(left: dict[str, int]) -> dict[str, int]:
    return {table: left[table] for table in QUIET}


async def test_a_write_is_committed_before_its_answer(echo: Any) -> None:
    answer = await echo.make("Coffee hour")

    # The answer is here, so another connection must see everything at once, without waiting.
    assert answer.status_code == 201
    assert effects(await echo.left()) == {"thing": 1, "outbox": 1, "ledger": 0, "idempotency": 1}
    assert answer.headers["location"] == f"/v1/things/{answer.json()['id']}"


async def test_a_constraint_that_fails_at_commit_answers_conflict_and_stores_nothing(echo: Any) -> None:
    assert (await echo.make("Coffee hour")).status_code == 201
    before = effects(await echo.left())

    answer = await echo.make("Coffee hour")  # the deferred constraint speaks at commit only

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
    assert effects(await echo.left()) == before


async def test_a_commit_that_breaks_answers_500_and_stores_nothing(echo: Any) -> None:
    await echo.ground.run(
        "create or replace function echo.break_it() returns trigger language plpgsql as "
        "$f$ begin raise exception 'Maria Gonzales'; end $f$"
    )
    await echo.ground.run(
        "create constraint trigger breaks after insert on echo.thing deferrable initially deferred "
        "for each row execute function echo.break_it()"
    )
    try:
        answer = await echo.make("Coffee hour")
    finally:
        await echo.ground.run("drop trigger breaks on echo.thing")

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")
    assert "Maria" not in answer.text
    assert effects(await echo.left()) == QUIET


async def test_sixteen_repeats_at_once_have_one_effect_and_one_answer(echo: Any) -> None:
    answers = await asyncio.gather(*(echo.make("Walk", key="the-one-key") for _ in range(16)))

    busy = [one for one in answers if one.status_code != 201]
    assert {one.json()["type"] for one in busy} <= {"/problems/request-in-progress"}
    assert len({one.content for one in answers if one.status_code == 201}) == 1
    assert effects(await echo.left()) == {"thing": 1, "outbox": 1, "ledger": 0, "idempotency": 1}
    again = await echo.make("Walk", key="the-one-key")
    assert (again.status_code, again.content) == (201, next(a for a in answers if a.status_code == 201).content)


async def test_another_actors_same_key_is_another_request(echo: Any) -> None:
    mine = await echo.make("Walk", key="a-common-key")
    theirs = await echo.make("Talk", key="a-common-key", token=echo.token(staff_id=uuid.uuid4()))
    elsewhere = await echo.make("Walk", key="a-common-key", token=echo.token(agency_id=uuid.uuid4()))

    assert [one.status_code for one in (mine, theirs, elsewhere)] == [201, 201, 201]
    assert len({one.json()["id"] for one in (mine, theirs, elsewhere)}) == 3


async def test_the_same_key_on_another_path_or_with_another_body_is_refused(echo: Any) -> None:
    await echo.make("Walk", key="a-common-key")

    other_body = await echo.make("Talk", key="a-common-key")
    other_path = await echo.http.post("/v1/imports", json={"title": "Walk"}, headers=echo.headers("a-common-key"))

    assert other_body.json()["type"] == other_path.json()["type"] == "/problems/idempotency-key-reused"
    assert (other_body.status_code, other_path.status_code) == (422, 422)


async def test_a_refused_request_leaves_its_key_free(echo: Any) -> None:
    await echo.make("Walk")
    assert (await echo.make("Walk", key="try-again-key")).status_code == 409

    answer = await echo.make("Talk", key="try-again-key")

    assert answer.status_code == 201


@pytest.mark.parametrize(("key", "problem"), [(None, "idempotency-key-missing"), ("short", "invalid-request")])
async def test_a_write_without_a_proper_key_is_refused(echo: Any, key: str | None, problem: str) -> None:
    headers = {"Authorization": f"Bearer {echo.token()}"} | ({"Idempotency-Key": key} if key else {})
    answer = await echo.http.post("/v1/things", json={"title": "Walk"}, headers=headers)
    assert answer.json()["type"] == f"/problems/{problem}"


async def test_an_update_needs_the_newest_version_and_answers_the_next(echo: Any) -> None:
    thing = (await echo.make("Walk")).json()["id"]
    path, title = f"/v1/things/{thing}", {"title": "Long walk"}
    seen = (await echo.http.get(path, headers=echo.headers())).headers["etag"]

    changed = await echo.http.put(path, json=title, headers=echo.headers(If_Match=seen))
    stale = await echo.http.put(path, json=title, headers=echo.headers(If_Match=seen))
    blind = await echo.http.put(path, json=title, headers=echo.headers())

    assert (seen, changed.status_code, changed.headers["etag"]) == ('"1"', 200, '"2"')
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    assert (blind.status_code, blind.json()["type"]) == (428, "/problems/if-match-missing")


async def test_two_updates_at_once_from_one_version_let_one_through(echo: Any) -> None:
    path = f"/v1/things/{(await echo.make('Walk')).json()['id']}"

    async def rename(title: str) -> int:
        answer = await echo.http.put(path, json={"title": title}, headers=echo.headers(If_Match='"1"'))
        return int(answer.status_code)

    assert sorted(await asyncio.gather(*(rename(f"Walk {n}") for n in range(4)))) == [200, 412, 412, 412]


@pytest.mark.parametrize("tag", ["*", '"x"', "²", '"-1"', '"99999999999"', '"2147483648"'])
async def test_a_malformed_version_is_refused(echo: Any, tag: str) -> None:
    path = f"/v1/things/{(await echo.make('Walk')).json()['id']}"
    headers = {**echo.headers(), "If-Match": tag.encode("latin-1")}

    answer = await echo.http.put(path, json={"title": "Talk"}, headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/if-match-malformed")


async def test_a_read_leaves_one_audit_row(echo: Any) -> None:
    thing = (await echo.make("Walk")).json()["id"]
    before = (await echo.left())["audit_pending"]

    await echo.http.get(f"/v1/things/{thing}", headers=echo.headers())

    assert (await echo.left())["audit_pending"] == before + 1


async def test_another_agencys_id_answers_exactly_like_a_missing_one(echo: Any) -> None:
    theirs = (await echo.make("Walk", token=echo.token(agency_id=uuid.uuid4()))).json()["id"]

    for method, extra in (("get", {}), ("put", {"json": {"title": "Mine"}})):
        foreign = await echo.http.request(method, f"/v1/things/{theirs}", headers=echo.headers(If_Match='"1"'), **extra)
        missing = await echo.http.request(
            method, f"/v1/things/{uuid.uuid4()}", headers=echo.headers(If_Match='"1"'), **extra
        )

        assert foreign.status_code == missing.status_code == 404
        assert without_request_id(foreign) == without_request_id(missing)


def without_request_id(answer: Any) -> tuple[dict[str, Any], dict[str, str]]:
    body = {name: value for name, value in answer.json().items() if name != "request_id"}
    return body, {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}


async def test_callbacks_for_after_the_commit_stay_silent_when_it_fails(echo: Any) -> None:
    called: list[int] = []
    scope = Scope(echo.agency_id, None, uuid.uuid4())
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is left by it
        async with transaction(echo.runtime.engine, echo.runtime.tables, scope) as db:
            db.after_commit.append(lambda: called.append(1))
            raise ZeroDivisionError

    assert called == []


async def test_a_peer_may_not_do_what_is_for_administrators(echo: Any) -> None:
    answer = await echo.http.post(
        "/v1/imports", json={"title": "Walk"}, headers=echo.headers(token=echo.token(Role.PEER))
    )
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed")
