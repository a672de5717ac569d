"""Two records of one person: found while the second is written, told only to those who may see both."""

import asyncio
import json
import unicodedata
from collections.abc import AsyncGenerator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from common.database import Scope, transaction
from common.runtime import Runtime, running
from handrail.platform import settings_of
from intake.app import SERVICE
from intake.commands.duplicates import WAYS, find
from intake.commands.participants import Identity, digests
from intake.commands.recording import recording
from intake.commands.reindexing import reindex
from intake.rules.duplicates import DuplicateReason, strongest_first
from intake.rules.names import name_parts, sounding_parts

INTAKE = "/api/intake/v1"
KEY = b"k" * 32
NAMES = st.lists(
    st.text(st.sampled_from("abcdefghijklmnopqrstuvwxyzéñüçłđ李김"), min_size=1, max_size=8), min_size=1, max_size=4
)
DAYS = st.dates(date(1900, 1, 1), date(2026, 1, 1))


def met(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Return the reasons for which two people meet in the blind indexes."""
    mine, theirs = digests(KEY, Identity.model_validate(one)), digests(KEY, Identity.model_validate(other))
    return {
        str(reason)
        for column, ways in WAYS.items()
        for there, reason in ways
        if mine[column] is not None and mine[column] == theirs[there]
    }


@given(NAMES, DAYS, st.randoms(use_true_random=False))
def test_a_name_meets_itself_in_any_case_accent_spacing_and_order(parts: list[str], born: date, random: Any) -> None:
    shuffled = random.sample(parts, len(parts))
    bare = "".join(c for c in unicodedata.normalize("NFKD", "  ".join(shuffled)) if not unicodedata.combining(c))
    other = unicodedata.normalize("NFC", bare).upper()

    reasons = met({"name": " ".join(parts), "birth_date": str(born)}, {"name": f" {other} ", "birth_date": str(born)})

    assert {"name_and_birth_date", "sounding_name_and_birth_date"} <= reasons


@given(NAMES, DAYS, DAYS)
def test_another_birth_date_meets_nobody(parts: list[str], born: date, other: date) -> None:
    name = " ".join(parts)
    reasons = met({"name": name, "birth_date": str(born)}, {"name": name, "birth_date": str(other)})
    assert bool(reasons) == (born == other)


@given(NAMES)
def test_a_name_without_a_birth_date_meets_nobody(parts: list[str]) -> None:
    assert met({"name": " ".join(parts)}, {"name": " ".join(parts)}) == set()


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("Jon Smith", "John Smyth", "sounding_name_and_birth_date"),
        ("Smyth, John", "Jon Smith", "sounding_name_and_birth_date"),
        ("Catherine Gonzalez", "Katherine Gonzales", "sounding_name_and_birth_date"),
        ("Stephen O'Neil", "Steven ONeill", "sounding_name_and_birth_date"),
        ("María", "Maria", "name_and_birth_date"),
        ("Nguyễn Văn An", "nguyen van an", "name_and_birth_date"),
        ("Đặng", "Dang", "name_and_birth_date"),
        ("Łukasz Ørsted", "Lukasz Orsted", "name_and_birth_date"),
        ("O'Brien", "OBrien", "name_and_birth_date"),
        ("O\u2019Brien", "o'brien", "name_and_birth_date"),
        ("Ana Ruiz-Peña", "RUIZ PENA  ana", "name_and_birth_date"),
        ("J.R. Lee", "Lee JR", "name_and_birth_date"),
        ("Straße", "STRASSE", "name_and_birth_date"),
        ("李", "李", "name_and_birth_date"),
        ("李", "王", None),
        ("李小龍", "李小龙", None),
        ("Jon Smith", "Jon Schmidt", None),
        ("Maria", "Marta", None),
        ("Ana Ruiz", "Ana", None),
    ],
)
def test_how_names_meet(one: str, other: str, reason: str | None) -> None:
    reasons = met({"name": one, "birth_date": "1990-02-03"}, {"name": other, "birth_date": "1990-02-03"})
    assert strongest_first(reasons)[:1] == ([DuplicateReason(reason)] if reason else [])


def test_other_ways_to_meet() -> None:
    born = {"birth_date": "1990-02-03"}
    assert met({"name": "A", "phone": "+1 (312) 555-0100"}, {"name": "B", "phone": "312.555.0100"}) == {"phone"}
    assert met({"name": "A", "email": "A.b@C.test"}, {"name": "B", "email": "a.B@c.TEST"}) == {"email"}
    assert met({"alias": "Sunny"} | born, {"alias": "sunny"} | born) == {"alias_and_birth_date"}
    assert met({"alias": "Sunny"} | born, {"name": "Sunny"} | born) == {"alias_and_birth_date"}
    assert met({"alias": "Sunny"}, {"alias": "Sunny"}) == set()


@given(st.text(max_size=40))
def test_every_name_has_parts_and_sounds(name: str) -> None:
    assert len(name_parts(name)) == len(sounding_parts(name)) >= 1


def test_reasons_are_told_strongest_first() -> None:
    assert strongest_first(["email", "sounding_name_and_birth_date", "name_and_birth_date"]) == [
        DuplicateReason.NAME_AND_BIRTH_DATE,
        DuplicateReason.EMAIL,
    ]


def born(mark: str) -> str:
    """Return a birth date that few tests share."""
    return f"19{int(mark[:4], 16) % 90 + 10:02}-{int(mark[4:6], 16) % 12 + 1:02}-{int(mark[6:8], 16) % 28 + 1:02}"


@pytest.fixture
def mark() -> str:
    return uuid4().hex


def letters(mark: str) -> str:
    return mark.translate(str.maketrans("0123456789", "ghijklmnop"))


async def enrolled(caller: Any, **identity: Any) -> tuple[str, list[dict[str, Any]]]:
    answer = await caller.post(f"{INTAKE}/participants", identity)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"], answer.json()["possible_duplicates"]


async def pair_of(clinic: Any, *ids: str) -> Any:
    first, second = sorted(UUID(one) for one in ids)
    rows = await clinic.platform.fetch(
        "select * from intake.duplicate_candidate where first_id = :f and second_id = :s", f=first, s=second
    )
    return rows[0] if rows else None


async def test_an_enrolment_is_warned_of_who_may_be_the_same_person(clinic: Any, mark: str) -> None:
    name, day = f"Jon {letters(mark)}", born(mark)
    first, nothing = await enrolled(clinic.administrator, name=name, birth_date=day, email=f"{mark}@example.test")

    _, sounding = await enrolled(clinic.supervisor, name=f"{letters(mark)}, John", birth_date=day)
    _, strongest = await enrolled(clinic.administrator, name=name.upper(), birth_date=day, email=f"{mark}@EXAMPLE.test")
    _, other_day = await enrolled(clinic.administrator, name=name, birth_date="1901-01-01")

    assert nothing == []
    assert sounding == [{"id": first, "reasons": ["sounding_name_and_birth_date"]}]
    assert {"id": first, "reasons": ["name_and_birth_date", "email"]} in strongest
    assert other_day == []


async def test_a_match_out_of_reach_answers_as_if_there_were_none(clinic: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    participant_id = str(await clinic.enrol(**body))
    episode_id = await clinic.open(UUID(participant_id))

    second, hidden = await enrolled(clinic.peer, **body)
    checked = (await clinic.peer.post(f"{INTAKE}/duplicate-checks", body)).json()
    await clinic.assign(UUID(participant_id), episode_id)
    third, shown = await enrolled(clinic.peer, **body)
    elsewhere = (await clinic.other_peer.post(f"{INTAKE}/duplicate-checks", body)).json()

    assert (hidden, checked, elsewhere) == ([], {"possible_duplicates": []}, {"possible_duplicates": []})
    assert shown == [{"id": participant_id, "reasons": ["name_and_birth_date"]}]
    for pair in ((participant_id, second), (participant_id, third), (second, third)):
        assert (await pair_of(clinic, *pair))["state"] == "proposed"


async def test_another_agency_is_never_met(clinic: Any, stranger: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark), "phone": "312-555-0188"}
    await clinic.enrol(**body)

    _, found = await enrolled(stranger, **body)

    assert found == []


async def test_a_check_enrols_nobody_and_is_audited(clinic: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    participant_id = str(await clinic.enrol(**body))
    before = await clinic.rows()

    answer = await clinic.supervisor.post(f"{INTAKE}/duplicate-checks", body)

    assert answer.json() == {"possible_duplicates": [{"id": participant_id, "reasons": ["name_and_birth_date"]}]}
    assert await clinic.rows() == before
    sql = (
        "select count(*) from (select action, detail from intake.audit union all select action, detail "
        "from intake.audit_pending) a where action = 'duplicate.check' and detail::text like :id"
    )
    assert await clinic.platform.value(sql, id=f"%{participant_id}%") == 1


async def test_a_duplicate_shows_when_the_birth_date_comes_later(clinic: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    first, _ = await enrolled(clinic.administrator, **body)
    second, nothing = await enrolled(clinic.administrator, name=letters(mark))

    answer = await clinic.administrator.put(f"{INTAKE}/participants/{second}", body, version=1)

    assert nothing == []
    assert answer.json()["possible_duplicates"] == [{"id": first, "reasons": ["name_and_birth_date"]}]


async def test_two_enrolments_at_the_same_moment_do_not_miss_each_other(clinic: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark), "phone": f"773{int(mark[:6], 16):08}"[:10]}

    found = await asyncio.gather(*[enrolled(clinic.administrator, **body) for _ in range(5)])

    warned = {frozenset((mine, one["id"])) for mine, others in found for one in others}
    assert len(warned) == 10  # every pair of the five was seen by one of the two
    sql = "select count(*) from intake.duplicate_candidate where first_id = any(:ids) and second_id = any(:ids)"
    assert await clinic.platform.value(sql, ids=[UUID(mine) for mine, _ in found]) == 10


async def test_a_dismissed_pair_is_never_proposed_again(clinic: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    first, _ = await enrolled(clinic.administrator, **body)
    second, _ = await enrolled(clinic.administrator, **body)
    pair = await pair_of(clinic, first, second)
    path = f"{INTAKE}/duplicates/{pair['id']}/dismissal"

    peer = await clinic.peer.put(path, {"reason": "different_people"}, version=1)
    stale = await clinic.supervisor.put(path, {"reason": "different_people"}, version=2)
    dismissed = await clinic.supervisor.put(path, {"reason": "different_people"}, version=1)
    again = await clinic.supervisor.put(path, {"reason": "different_people"}, version=2)
    described = await clinic.administrator.put(f"{INTAKE}/participants/{second}", body | {"sex": "male"}, version=1)

    assert [one.status_code for one in (peer, stale, dismissed, again)] == [403, 412, 200, 409]
    assert described.json()["possible_duplicates"] == []
    assert (await pair_of(clinic, first, second))["state"] == "dismissed"


async def listed(caller: Any, state: str = "proposed") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    page: dict[str, Any] = {"next": None}
    while True:
        params = {"limit": 3, "state": state} | ({"next": page["next"]} if page["next"] else {})
        page = (await caller.get(f"{INTAKE}/duplicates", **params)).json()
        found += page["items"]
        if page["next"] is None:
            return found


async def test_supervisors_see_every_pair_page_by_page(clinic: Any, stranger: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    ids = {(await enrolled(clinic.peer, **body))[0] for _ in range(3)}

    pairs = [one for one in await listed(clinic.supervisor) if set(one["participant_ids"]) <= ids]

    assert len(pairs) == 3
    assert all((one["state"], one["reasons"]) == ("proposed", ["name_and_birth_date"]) for one in pairs)
    assert "name" not in json.dumps([list(one) for one in pairs])
    assert await listed(stranger) == []
    refused = await asyncio.gather(
        clinic.peer.get(f"{INTAKE}/duplicates"), clinic.privacy_officer.get(f"{INTAKE}/duplicates")
    )
    assert [one.status_code for one in refused] == [403, 403]


async def test_another_agencys_pair_is_no_pair(clinic: Any, stranger: Any, mark: str) -> None:
    body = {"name": letters(mark), "birth_date": born(mark)}
    ids = [(await enrolled(clinic.administrator, **body))[0] for _ in range(2)]
    pair = await pair_of(clinic, *ids)

    answer = await stranger.put(f"{INTAKE}/duplicates/{pair['id']}/dismissal", {"reason": "other"}, version=1)

    assert answer.status_code == 404
    assert (await pair_of(clinic, *ids))["state"] == "proposed"


@pytest_asyncio.fixture(scope="session")
async def worker(clinic: Any) -> AsyncGenerator[Runtime]:
    async with running(SERVICE, settings(clinic, "worker")) as runtime:
        yield runtime


def settings(clinic: Any, role: str) -> Any:
    (entry,) = [one for one in clinic.platform.services if one.service.name == "intake"]
    return settings_of(entry, role, clinic.platform.addresses, clinic.platform.secrets)


async def test_people_of_before_are_indexed_in_batches_and_then_met(clinic: Any, worker: Runtime, mark: str) -> None:
    body = {"name": letters(mark), "alias": f"a {mark}", "birth_date": born(mark)}
    ids = [(await enrolled(clinic.administrator, **body))[0] for _ in range(3)]
    columns = "name_birth_index, sound_birth_index, alias_birth_index, pairable"
    sql = f"select id, {columns} from intake.participant where id = any(:ids) order by id"
    before = await clinic.platform.fetch(sql, ids=[UUID(one) for one in ids])
    async with clinic.platform.admin.begin() as connection:
        blank = "name_birth_index = null, sound_birth_index = null, alias_birth_index = null, pairable = false"
        await connection.execute(
            text(f"update intake.participant set {blank} where id = any(:ids)"),
            {"ids": [UUID(one) for one in ids]},
        )

    filled: list[int] = []
    while not filled or filled[-1]:
        async with transaction(
            worker.engine, worker.tables, Scope(clinic.administrator.agency_id, None, uuid4())
        ) as db:
            filled.append(await reindex(db, worker.keys, 2))

    assert filled == [2, 1, 0]
    assert await clinic.platform.fetch(sql, ids=[UUID(one) for one in ids]) == before


async def test_the_check_looks_at_indexes_only_however_many_people_there_are(clinic: Any, mark: str) -> None:
    agency_id, body = clinic.administrator.agency_id, {"name": letters(mark), "birth_date": born(mark)}
    await clinic.enrol(**body | {"alias": "x", "phone": "312-555-0166", "email": f"{mark}@example.test"})
    async with clinic.platform.admin.begin() as connection:
        await connection.execute(text(CROWD), {"agency": uuid4()})
        await connection.execute(text("analyze intake.participant"))
    scope = Scope(agency_id, None, uuid4())
    async with (
        running(SERVICE, settings(clinic, "api")) as runtime,
        transaction(runtime.engine, runtime.tables, scope) as db,
    ):
        key = await runtime.keys.index_key(db, agency_id)
        wanted = digests(key, Identity(**body, alias="x", phone="312-555-0166", email=f"{mark}@example.test"))
        asked: list[Any] = []
        event.listen(runtime.engine.sync_engine, "before_cursor_execute", lambda *seen: asked.append(seen[2:4]))
        await find(db, None, await recording(db), wanted)
        statement, values = asked[-1]
        plan = "\n".join((await (await db.connection()).exec_driver_sql(f"explain {statement}", values)).scalars())

    assert plan.count("Index") >= len(WAYS)
    assert "Seq Scan on participant" not in plan, plan


CROWD = """
insert into intake.participant (agency_id, id, identity, sex, name_birth_index, sound_birth_index, alias_birth_index,
  phone_index, email_index, enrolled_at, recorded_at, version, pairable)
select :agency, gen_random_uuid(), '', 'unknown', a, b, c, d, e, now(), now(), 1, true
from (select decode(md5(n::text), 'hex') a, decode(md5('b' || n), 'hex') b, decode(md5('c' || n), 'hex') c,
      decode(md5('d' || n), 'hex') d, decode(md5('e' || n), 'hex') e from generate_series(1, 20000) n) people
"""
