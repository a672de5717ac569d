"""Files of referrals: what is one, which lines are refused alone, and that a kill in the middle repeats nothing."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.testing import Caller
from intake.rules.referral_files import COLUMNS, MOST_ROWS, NotThisFile, NotThisLine, column_of, read_file, referral_of

INTAKE = "/api/intake/v1"
IMPORTS = f"{INTAKE}/referral-imports"
HEADER = "external_id,name,birth_date,phone,referred_on"
TABLES = ("referral_import", "referral_import_part", "referral", "referral_step")


def refused(content: bytes) -> tuple[str, int]:
    with pytest.raises(NotThisFile) as caught:
        read_file(content)
    return caught.value.code, caught.value.line


# What is a file.


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"name,referred_on\nAna,2026-01-05\n", [(2, ["Ana", "2026-01-05"])]),
        (b"name,referred_on\nAna,2026-01-05", [(2, ["Ana", "2026-01-05"])]),
        (b"\xef\xbb\xbfname,referred_on\r\nAna,2026-01-05\r\n", [(2, ["Ana", "2026-01-05"])]),
        (b"name,referred_on\rAna,2026-01-05\r", [(2, ["Ana", "2026-01-05"])]),
        (b"name,referred_on\n\n  ,\nAna,2026-01-05\n\n", [(4, ["Ana", "2026-01-05"])]),
        (b'name,referred_on\n"O""Brien, Ana",2026-01-05\n', [(2, ['O"Brien, Ana', "2026-01-05"])]),
        (
            b'name,reason,referred_on\nAna,"two\r\nlines",2026-01-05\nEva,,2026-01-06\n',
            [(2, ["Ana", "two\r\nlines", "2026-01-05"]), (4, ["Eva", "", "2026-01-06"])],
        ),
        ("name,referred_on\nZoë Muñoz 李,2026-01-05\n".encode(), [(2, ["Zoë Muñoz 李", "2026-01-05"])]),
        (b"\n\nname,referred_on\nAna,2026-01-05\n", [(4, ["Ana", "2026-01-05"])]),
        (b"name,referred_on\nAna\n", [(2, ["Ana"])]),
    ],
)
def test_a_file_is_read_with_the_number_of_each_line(content: bytes, lines: list[tuple[int, list[str]]]) -> None:
    assert read_file(content).lines == lines


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("Name,REFERRED_ON", ["name", "referred_on"]),
        (" name , Referred on ", ["name", "referred_on"]),
        ('"alias","referred_on","ANSWER: Wants-Peer"', ["alias", "referred_on", "answer:Wants-Peer"]),
        (",".join(COLUMNS), list(COLUMNS)),
    ],
)
def test_columns_are_known_however_they_are_written(header: str, columns: list[str]) -> None:
    assert read_file(f"{header}\nx\n".encode()).columns == columns


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"", "file-empty", 1),
        (b"\n \n", "file-empty", 1),
        (b"name,referred_on\n", "file-empty", 1),
        (b"name,referred_on\nJos\xe9,2026-01-05\n", "not-utf-8", 2),
        ("name,referred_on\nAna,2026-01-05\n".encode("utf-16"), "not-utf-8", 1),
        (b"name,referred_on\nAna,2026-01-05\nEva\x00,2026-01-05\n", "not-csv", 3),
        (b'name,referred_on\nAna,2026-01-05\n"Eva,2026-01-05\n', "not-csv", 3),
        (b'name,referred_on\n"Ana"x,2026-01-05\n', "not-csv", 2),
        (b"%PDF-1.7\n%\n1 0 obj\n", "header-missing", 1),
        (b"<html><body>Sign in</body></html>", "header-missing", 1),
        (b'{"name": "Ana"}', "header-missing", 1),
        (b"name;referred_on\nAna;2026-01-05\n", "header-missing", 1),
        (b"Ana,2026-01-05\nEva,2026-01-05\n", "header-missing", 1),
        (b"name,referred_on,shoe_size\nAna,2026-01-05,9\n", "unknown-column", 1),
        (b"name,referred_on,answer:two words\nAna,2026-01-05,yes\n", "unknown-column", 1),
        (b"name,referred_on,\nAna,2026-01-05,\n", "unknown-column", 1),
        (b"name,referred_on,Name\nAna,2026-01-05,Eva\n", "column-twice", 1),
        (b"name,phone\nAna,312-555-0100\n", "column-missing", 1),
        (b"phone,referred_on\n312-555-0100,2026-01-05\n", "column-missing", 1),
        (b"name,referred_on\n" + b"Ana,2026-01-05\n" * (MOST_ROWS + 1), "too-many-rows", MOST_ROWS + 2),
    ],
)
def test_what_is_no_file_is_refused_whole_with_its_line(content: bytes, code: str, line: int) -> None:
    assert refused(content) == (code, line)


def test_the_most_rows_are_taken() -> None:
    assert len(read_file(b"name,referred_on\n" + b"Ana,2026-01-05\n" * MOST_ROWS).lines) == MOST_ROWS


def test_a_cell_beyond_any_measure_is_refused() -> None:
    assert refused(b"name,referred_on\nAna," + b"x" * 200_000 + b"\n") == ("not-csv", 2)


@given(st.binary(max_size=400))
def test_whatever_is_sent_is_read_or_refused_with_a_line(content: bytes) -> None:
    try:
        lines = [number for number, _ in read_file(content).lines]
    except NotThisFile as one:
        lines = [one.line]
    assert min(lines) >= 1


TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)


@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_a_file_that_a_spreadsheet_writes_is_read_back(cells: list[tuple[str, str]]) -> None:
    written = "".join(f'"{a.replace(chr(34), chr(34) * 2)}","{b.replace(chr(34), chr(34) * 2)}"\r\n' for a, b in cells)
    kept = [list(pair) for pair in cells if any(cell.strip() for cell in pair)]
    if kept:
        assert [row for _, row in read_file(f"name,referred_on\r\n{written}".encode()).lines] == kept


def test_a_line_becomes_a_referral() -> None:
    columns = ["name", "source_phone", "contact_name", "payer", "kind", "answer:housed", "answer:vet", "area", "reason"]
    cells = [" Ana ", "312", "Eva", "Canary", "Self", "YES", "", "Cook", ""]

    assert referral_of(columns, cells) == {
        "person": {"name": "Ana"},
        "source": {"phone": "312"},
        "contacts": [{"name": "Eva"}],
        "coverage": [{"payer": "Canary"}],
        "kind": "self",
        "answers": {"questions": {"housed": True}, "area": "Cook"},
    }


@pytest.mark.parametrize(
    ("columns", "cells", "code", "column"),
    [
        (["name", "phone"], ["Ana"], "wrong-width", None),
        (["name", "phone"], ["Ana", "1", "2"], "wrong-width", None),
        (["name", "answer:housed"], ["Ana", "perhaps"], "invalid", "answer:housed"),
        (["name", "reason"], ["Ana", "x" * 8001], "too-long", "reason"),
    ],
)
def test_a_line_that_says_nothing_sensible_names_its_column(
    columns: list[str], cells: list[str], code: str, column: str | None
) -> None:
    with pytest.raises(NotThisLine) as caught:
        referral_of(columns, cells)
    assert (caught.value.code, caught.value.column) == (code, column)


@pytest.mark.parametrize(
    ("place", "column"),
    [
        (("person", "birth_date"), "birth_date"),
        (("contacts", 0, "name"), "contact_name"),
        (("source", "email"), "source_email"),
        (("answers", "questions", "housed"), "answer:housed"),
        (("person",), None),
        ((), None),
    ],
)
def test_what_is_wrong_is_found_in_its_column(place: tuple[object, ...], column: str | None) -> None:
    assert column_of(place) == column


# Sending one.


async def send(caller: Caller, text: str | bytes, key: str | None = None, **params: str) -> Any:
    content = text.encode() if isinstance(text, str) else text
    headers = caller.headers({"Content-Type": "text/csv", "Idempotency-Key": key or str(uuid4())})
    params = {"source_system": "county-ehr"} | params
    return await caller.http.post(IMPORTS, content=content, params=params, headers=headers)


async def finished(clinic: Any, answer: Any) -> dict[str, Any]:
    assert answer.status_code == 202, answer.text
    sql = "select finished_at is not null from intake.referral_import where id = :id"
    await clinic.platform.eventually(sql, True, seconds=60, id=answer.json()["id"])
    shown = await clinic.supervisor.get(f"{IMPORTS}/{answer.json()['id']}")
    progress: dict[str, Any] = shown.json()
    return progress


def counted(progress: dict[str, Any]) -> tuple[str, int, int, int, int, int]:
    names = ("state", "rows", "done", "recorded", "repeated", "refused")
    state, rows, done, recorded, repeated, refused = (progress[name] for name in names)
    return state, rows, done, recorded, repeated, refused


def file_of(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


async def rows(clinic: Any) -> dict[str, int]:
    counts = {
        table: await clinic.platform.value(
            f"select count(*) from intake.{table} where agency_id = :a", a=clinic.administrator.agency_id
        )
        for table in TABLES
    }
    return counts | {"events": await clinic.told()}


async def test_a_file_is_taken_in_and_its_referrals_are_like_any_other(clinic: Any) -> None:
    mark = uuid4().hex
    text = file_of(f"{mark}-1,Ana {mark},1990-06-01,312-555-0101,2026-01-05", f"{mark}-2,李,,,2026-01-06")

    answer = await send(clinic.supervisor, "\ufeff" + text.replace("\n", "\r\n"), program_id=str(clinic.program_id))
    progress = await finished(clinic, answer)

    assert counted(progress) == ("finished", 2, 2, 2, 0, 0)
    (first, second) = await clinic.platform.fetch(
        "select id, import_line from intake.referral where import_id = :i order by import_line", i=progress["id"]
    )
    shown = (await clinic.supervisor.get(f"{INTAKE}/referrals/{first['id']}")).json()
    assert (first["import_line"], second["import_line"], shown["name"]) == (2, 3, f"Ana {mark}")
    assert (shown["recorded_by"], shown["source_system"]) == (str(clinic.supervisor.staff_id), "county-ehr")
    assert (shown["said"]["source"], shown["program_id"]) == ({"organization": "county-ehr"}, str(clinic.program_id))
    (event,) = await clinic.events(first["id"])
    told = json.loads(event["payload"])["data"]
    assert (told["imported"], told["referred_on"], mark in event["payload"]) == (True, "2026-01-05", False)
    left = await clinic.platform.value(
        "select count(*) from intake.referral_import_part where import_id = :i", i=progress["id"]
    )
    assert left == 0


async def test_bad_lines_are_refused_alone_with_line_column_and_sentence(clinic: Any) -> None:
    mark = uuid4().hex
    text = file_of(
        f"{mark}-1,Ana,1990-06-01,,2026-01-05",
        f"{mark}-2,Canary-Bad,1990-02-30,,2026-01-05",
        f"{mark}-3,,,,2026-01-05",
        f"{mark}-4,Canary-Bad,,,2199-01-05",
        f"{mark}-5,Canary-Bad,,2026-01-05",
        f"{mark}-1,Canary-Bad,,,2026-01-05",
        "canary bad id,Canary-Bad,,,2026-01-05",
        f'{mark}-8,"Eva\nCanary-Bad",,,2026-01-05',
        f"{mark}-9,Canary-Bad,,,",
        f"{mark}-10,Last,,,2026-01-05",
    )

    progress = await finished(clinic, await send(clinic.supervisor, text))
    first = (await clinic.supervisor.get(f"{IMPORTS}/{progress['id']}/refusals", limit=5)).json()
    second = (await clinic.supervisor.get(f"{IMPORTS}/{progress['id']}/refusals", limit=5, next=first["next"])).json()

    found = first["items"] + second["items"]
    assert counted(progress) == ("finished", 10, 10, 2, 0, 8)
    assert [(one["line"], one["column"], one["code"]) for one in found] == [
        (3, "birth_date", "invalid"),
        (4, None, "invalid"),
        (5, "referred_on", "in-the-future"),
        (6, None, "wrong-width"),
        (7, "external_id", "row-twice"),
        (8, "external_id", "invalid"),
        (9, "name", "invalid"),
        (11, "referred_on", "invalid"),
    ]
    assert second["next"] is None
    assert "anary" not in json.dumps(found)
    assert "give a name or an alias" in found[1]["detail"]


async def test_the_same_file_again_writes_nothing_twice(clinic: Any) -> None:
    mark = uuid4().hex
    text = file_of(*(f"{mark}-{place},Ana,,,2026-01-05" for place in range(3)))
    key = str(uuid4())

    first = await send(clinic.supervisor, text, key)
    again = await send(clinic.supervisor, text, key)
    progress = await finished(clinic, first)
    anew = await finished(clinic, await send(clinic.supervisor, text))
    elsewhere = await finished(clinic, await send(clinic.supervisor, text, source_system="another-ehr"))
    other = await send(clinic.supervisor, text + f"{mark}-9,Eva,,,2026-01-05\n", key)

    assert (again.content, again.headers["location"]) == (first.content, f"{IMPORTS}/{progress['id']}")
    assert counted(progress) == ("finished", 3, 3, 3, 0, 0)
    assert counted(anew) == ("finished", 3, 3, 0, 3, 0)
    assert counted(elsewhere) == ("finished", 3, 3, 3, 0, 0)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_json_carries_a_file_too(clinic: Any) -> None:
    body = {"csv": file_of(f"{uuid4().hex},Ana,,,2026-01-05")}
    answer = await clinic.supervisor.post(f"{IMPORTS}?source_system=county-ehr", body)
    assert counted(await finished(clinic, answer)) == ("finished", 1, 1, 1, 0, 0)


async def test_every_line_is_checked_for_duplicates(clinic: Any) -> None:
    mark, phone = uuid4().hex, f"872-{uuid4().int % 1000:03}-{uuid4().int % 10000:04}"
    known = await clinic.enrol(name=f"Zoë {mark}", birth_date="1980-05-06", phone=phone)
    text = file_of(
        f"{mark}-1,zoe {mark},1980-05-06,,2026-01-05",
        f"{mark}-2,Somebody Else,,{phone.replace('-', '')},2026-01-05",
        f"{mark}-3,zoe {mark},1980-05-07,,2026-01-05",
    )

    progress = await finished(clinic, await send(clinic.supervisor, text))

    matches = await clinic.platform.fetch(
        "select possible_ids from intake.referral where import_id = :i order by import_line", i=progress["id"]
    )
    assert progress["possible_duplicates"] == 2
    assert [row["possible_ids"] for row in matches] == [[known], [known], []]


async def test_a_line_may_want_a_program_and_answer_its_questions(clinic: Any) -> None:
    program_id = await clinic.administrator.created(
        "/api/workforce/v1/programs", {"name": "Canary Lines", "opened_on": "2025-01-01"}
    )
    await clinic.platform.eventually("select count(*) from intake.program where id = :p", 1, p=program_id)
    rule = {"kind": "question", "question": "housed", "text": "Housed?", "wanted": False}
    await clinic.supervisor.put(f"{INTAKE}/programs/{program_id}/eligibility", {"rules": [rule]}, 0)
    text = (
        "name,referred_on,program_id,answer:housed\n"
        f"Ana,2026-01-05,{program_id},no\nEva,2026-01-05,{program_id},yes\n"
        f"Ida,2026-01-05,{program_id},\nUma,2026-01-05,{uuid4()},\n"
    )

    progress = await finished(clinic, await send(clinic.supervisor, text))

    said = await clinic.platform.fetch(
        "select eligibility from intake.referral where import_id = :i order by import_line", i=progress["id"]
    )
    assert [row["eligibility"] for row in said] == ["eligible", "not_eligible", "unknown"]
    (item,) = (await clinic.supervisor.get(f"{IMPORTS}/{progress['id']}/refusals")).json()["items"]
    assert (item["line"], item["column"], item["code"]) == (5, "program_id", "not-found")


async def test_a_kill_in_the_middle_goes_on_where_it_was(clinic: Any) -> None:
    """The last part is held up by a lock, and the worker's connection is cut while it waits for it."""
    mark = uuid4().hex
    text = file_of(*(f"{mark}-{place},Ana {place},,,2026-01-05" for place in range(1200)))
    async with clinic.platform.admin.connect() as blocker:
        await blocker.exec_driver_sql("lock table intake.referral_step in share mode")
        answer = await send(clinic.supervisor, text)
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and usename = 'intake_worker' "
            "and query like 'INSERT INTO intake.referral_step%'"
        )
        await clinic.platform.eventually(waiting, 1, seconds=30)
        killed = await clinic.platform.value(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where wait_event_type = 'Lock' "
            "and usename = 'intake_worker'"
        )
        await blocker.rollback()

    progress = await finished(clinic, answer)

    assert killed >= 1
    assert counted(progress) == ("finished", 1200, 1200, 1200, 0, 0)
    written = (
        "select (count(*), count(distinct import_line), count(distinct external_index))::text "
        "from intake.referral where import_id = :i"
    )
    assert await clinic.platform.value(written, i=progress["id"]) == "(1200,1200,1200)"


async def test_a_file_that_never_gets_to_its_end_is_given_up_and_holds_up_no_other(clinic: Any) -> None:
    answer = await send(clinic.supervisor, file_of(f"{uuid4().hex},Ana,,,2026-01-05"), source_system="broken")
    await finished(clinic, answer)
    broken = uuid4()
    async with clinic.platform.admin.begin() as connection:
        await connection.exec_driver_sql(
            "insert into intake.referral_import select agency_id, $1, source_system, program_id, 1, 0, 0, 0, 0, 0, "
            "requested_by, requested_at - interval '1 day', null, null, false, 0 from intake.referral_import "
            "where id = $2",
            (broken, UUID(answer.json()["id"])),
        )
        await connection.exec_driver_sql(
            "insert into intake.referral_import_part values ($1, $2, 0, $3)",
            (clinic.administrator.agency_id, broken, b"nothing that anybody sealed"),
        )

    progress = await finished(clinic, await send(clinic.supervisor, file_of(f"{uuid4().hex},Eva,,,2026-01-05")))

    assert progress["state"] == "finished"
    shown = (await clinic.supervisor.get(f"{IMPORTS}/{broken}")).json()
    assert (shown["state"], shown["done"]) == ("stopped", 0)


# Who may, and what is no file.


async def test_only_who_oversees_imports_and_another_agency_sees_nothing(clinic: Any, stranger: Caller) -> None:
    progress = await finished(clinic, await send(clinic.supervisor, file_of(f"{uuid4().hex},Ana,,,2026-01-05")))
    path = f"{IMPORTS}/{progress['id']}"

    assert (await send(clinic.peer, file_of("x,Ana,,,2026-01-05"))).status_code == 403
    for one in (path, f"{path}/refusals"):
        assert (await clinic.peer.get(one)).status_code == 403
        assert (await stranger.get(one)).status_code == 404
    assert (await clinic.supervisor.get(f"{IMPORTS}/{uuid4()}/refusals")).status_code == 404


@pytest.mark.parametrize(
    ("text", "params", "status", "kind", "line"),
    [
        (b"", {}, 422, "file-empty", 1),
        (b"name,referred_on\nJos\xe9,2026-01-05\n", {}, 422, "not-utf-8", 2),
        (b'name,referred_on\nAna,2026-01-05\n"Eva,2026-01-05', {}, 422, "not-csv", 3),
        (b"Ana,2026-01-05\n", {}, 422, "header-missing", 1),
        (b"name,name,referred_on\nAna,Ana,2026-01-05\n", {}, 422, "column-twice", 1),
        (b"name,referred_on\nAna,2026-01-05\n", {"source_system": "two words"}, 422, "invalid-request", None),
        (b"name,referred_on\nAna,2026-01-05\n", {"program_id": str(uuid4())}, 404, "not-found", None),
        (b"x" * 16_777_217, {}, 413, "body-too-large", None),
    ],
)
async def test_what_is_no_file_leaves_nothing_but_its_audit_entry(
    clinic: Any, text: bytes, params: dict[str, str], status: int, kind: str, line: int | None
) -> None:
    before, audited = await asyncio.gather(rows(clinic), clinic.refusals())

    answer = await send(clinic.supervisor, text, **params)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}"), answer.text
    if line is not None:
        assert answer.json()["errors"][0]["pointer"] == f"/lines/{line}"
        assert answer.json()["detail"].startswith(f"Line {line}: ")
    assert await asyncio.gather(rows(clinic), clinic.refusals()) == [before, audited + 1]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"not json", "/problems/malformed-json"),
        (b"", "/problems/invalid-request"),
        (b"{}", "/problems/invalid-request"),
        (b'{"csv": 5}', "/problems/invalid-request"),
        (b'{"csv": "name,referred_on", "extra": 1}', "/problems/invalid-request"),
    ],
)
async def test_json_that_carries_no_file_is_refused(clinic: Any, content: bytes, kind: str) -> None:
    headers = clinic.supervisor.headers({"Content-Type": "application/json", "Idempotency-Key": str(uuid4())})
    answer = await clinic.supervisor.http.post(
        IMPORTS, content=content, params={"source_system": "county-ehr"}, headers=headers
    )
    assert (answer.status_code in (400, 422), answer.json()["type"]) == (True, kind)


async def test_a_file_needs_a_key_and_a_source(clinic: Any) -> None:
    headers = clinic.supervisor.headers({"Content-Type": "text/csv"})
    text = file_of("x,Ana,,,2026-01-05").encode()

    keyless = await clinic.supervisor.http.post(IMPORTS, content=text, params={"source_system": "x"}, headers=headers)
    sourceless = await clinic.supervisor.http.post(
        IMPORTS, content=text, headers=headers | {"Idempotency-Key": str(uuid4())}
    )
    pdf = await clinic.supervisor.http.post(
        IMPORTS, content=text, headers=headers | {"Content-Type": "application/pdf"}
    )

    assert [one.status_code for one in (keyless, sourceless, pdf)] == [400, 422, 415]
