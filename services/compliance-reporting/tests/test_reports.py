"""Reports through HTTP: finished, frozen, read in every form, and seen by nobody else."""

import csv
import hashlib
import io
import re
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import text

from common.contracts.codes import SessionStatus
from common.sheets import safe
from handrail.testing import Caller, Platform, add_staff, open_agency

REPORTS = "/api/compliance-reporting/v1/reports"
QUARTER = {"period_start": "2026-01-01", "period_end": "2026-03-31"}


async def _report(caller: Caller, **period: str) -> dict[str, Any]:
    report_id = await caller.created(REPORTS, QUARTER | period)
    answer = await caller.get(f"{REPORTS}/{report_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _measure(report: dict[str, Any], measure_id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in report["results"]["measures"] if one["measure_id"] == measure_id)
    return found


async def _some_work(books: Any) -> None:
    """Three sessions: one complete and on time, one late, one unsigned; and a disclosure on a consent."""
    books.program()
    books.staff()
    books.credential()
    books.session("2026-01-06T10:00", participant_id=books.participant())
    books.session("2026-01-06T11:00", participant_id=books.participant(), signed_at=books.at("2026-01-09T00:00"))
    books.session("2026-01-06T12:00", status=SessionStatus.DRAFT, signed_at=None)
    books.disclosure(books.at("2026-02-01T09:00"))
    await books.apply()


async def test_a_report_counts_what_was_told(administrator: Caller, own_books: Any, platform: Platform) -> None:
    await _some_work(own_books)

    report = await _report(administrator)

    figures = {
        one["measure_id"]: (one["numerator"], one["denominator"], one["percent"], one["verdict"])
        for one in report["results"]["measures"]
    }
    assert figures["M01"] == (3, 3, 100.0, "PASS")
    assert figures["M12"] == (1, 1, 100.0, "PASS")
    assert figures["M16"] == (2, 3, 66.7, "WARN")
    assert figures["M17"] == (1, 3, 33.3, "WARN")
    assert figures["M22"] == (3, 3, 100.0, "PASS")
    assert figures["M13"] == (0, 0, None, "NA")
    assert report["results"]["headline"] == {"passed": 2, "judged": 2, "percent": 100.0}
    assert (report["zone"], report["version"], report["rule_versions"]["M17"]) == ("America/Chicago", 1, "1")
    if report["heard_to"] is None:  # until each of the three services was checked
        assert report["lag_seconds"] is None
    else:
        lag = datetime.fromisoformat(report["as_of"]) - datetime.fromisoformat(report["heard_to"])
        assert report["lag_seconds"] == max(0, lag.total_seconds())
    completed = await platform.fetch(
        "select type, aggregate_id from compliance_reporting.outbox where agency_id = :a "
        "union all select type, aggregate_id from compliance_reporting.ledger where agency_id = :a",
        a=administrator.agency_id,
    )
    assert [(row["type"], str(row["aggregate_id"])) for row in completed] == [
        ("handrail.compliance-reporting.report-completed.v1", report["id"])
    ]


async def test_the_record_hash_is_that_of_the_canonical_results(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)

    report = await _report(administrator)

    canonical = orjson.dumps(report["results"], option=orjson.OPT_SORT_KEYS)
    assert report["record_hash"] == hashlib.sha256(canonical).hexdigest()


async def test_percentages_follow_from_numerator_and_denominator(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)

    report = await _report(administrator)

    for one in report["results"]["measures"]:
        for figure in (one, *one["by_program"]):
            assert 0 <= figure["numerator"] <= figure["denominator"]
            if figure["denominator"] == 0:
                assert figure["percent"] is None
            else:
                assert abs(figure["percent"] - 100 * figure["numerator"] / figure["denominator"]) <= 0.05
        if one["by_program"]:
            assert sum(program["denominator"] for program in one["by_program"]) >= one["denominator"]


async def test_a_finished_report_stays_as_it_was(
    administrator: Caller, own_books: Any, platform: Platform, publish: Any
) -> None:
    await _some_work(own_books)
    before = await _report(administrator)

    own_books.session("2026-01-07T10:00")
    late = own_books.pending[-1][1]
    await publish(late)
    await platform.eventually(
        "select count(*) from compliance_reporting.fact_session where id = :id", 1, id=late.subject
    )

    again = (await administrator.get(f"{REPORTS}/{before['id']}")).json()
    units = (await administrator.get(f"{REPORTS}/{before['id']}/measures/M16/units")).json()
    newer = await _report(administrator)
    assert again == before
    assert len(units["items"]) == 3
    assert _measure(newer, "M16")["denominator"] == 4


async def _units(caller: Caller, report_id: str, measure_id: str, part: str, limit: int = 100) -> list[str]:
    ids: list[str] = []
    params: dict[str, Any] = {"part": part, "limit": limit}
    while True:
        answer = await caller.get(f"{REPORTS}/{report_id}/measures/{measure_id}/units", **params)
        assert answer.status_code == 200, answer.text
        ids += answer.json()["items"]
        if (following := answer.json()["next"]) is None:
            return ids
        params["next"] = following


async def test_the_ids_behind_a_figure_are_as_many_as_the_figure(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)
    person, other = uuid4(), own_books.program(uuid4())
    own_books.session("2026-02-01T10:00", participant_id=person)
    own_books.session("2026-02-02T10:00", participant_id=person, program_id=other, activities=[])
    own_books.session("2026-02-03T10:00", program_id=uuid4())
    await own_books.apply()

    report = await _report(administrator)

    for one in report["results"]["measures"]:
        parts = {
            part: await _units(administrator, report["id"], one["measure_id"], part, limit=2)
            for part in ("numerator", "denominator", "missed", "unevaluable")
        }
        assert len(parts["numerator"]) == one["numerator"], one["measure_id"]
        assert len(parts["denominator"]) == one["denominator"], one["measure_id"]
        assert len(parts["unevaluable"]) == one["unevaluable"], one["measure_id"]
        assert sorted(parts["numerator"] + parts["missed"]) == parts["denominator"], one["measure_id"]
        assert len(set(parts["denominator"] + parts["unevaluable"])) == one["denominator"] + one["unevaluable"]


async def test_csv_and_page_say_the_same_as_the_json(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)
    report = await _report(administrator)

    sheet = await administrator.get(f"{REPORTS}/{report['id']}/csv")
    page = await administrator.get(f"{REPORTS}/{report['id']}/html")

    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    rows = [row for row in csv.DictReader(io.StringIO(sheet.text)) if row["figure"] == "measure"]
    assert len(rows) == len(report["results"]["measures"])
    for row, one in zip(rows, report["results"]["measures"], strict=True):
        percent = "" if one["percent"] is None else f"{one['percent']:.1f}"
        assert (row["measure_id"], row["verdict"], row["authority"]) == (
            one["measure_id"],
            one["verdict"],
            one["authority"],
        )
        assert (int(row["numerator"]), int(row["denominator"])) == (one["numerator"], one["denominator"])
        assert row["percent"] == percent
        article = _article(page.text, one["measure_id"])
        assert f"{one['numerator']} of {one['denominator']}" in article
        assert percent == "" or f"{percent} %" in article
        assert one["goal_words"] in article


def _article(page: str, measure_id: str) -> str:
    found = re.search(rf'<article class="measure" aria-labelledby="{measure_id}">.*?</article>', page, re.DOTALL)
    assert found, measure_id
    return found.group()


async def test_the_page_needs_nothing_from_outside(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)
    report = await _report(administrator)

    page = await administrator.get(f"{REPORTS}/{report['id']}/html")

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<svg" in page.text
    assert not re.search(r"<script|<link|<img|\bsrc=|\bstyle=|\bon\w+=|url\(|@import", page.text)
    assert set(re.findall(r"https?://[^\"'\s<]+", page.text)) <= {"http://www.w3.org/2000/svg"}
    assert page.text.index("What binds") < page.text.index("Guidance and defaults")
    assert "Facts lag behind by" in page.text
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))


async def test_readers_outside_see_no_small_counts(administrator: Caller, own_books: Any) -> None:
    await _some_work(own_books)
    report = await _report(administrator)

    sheet = await administrator.get(f"{REPORTS}/{report['id']}/csv", audience="external")
    page = await administrator.get(f"{REPORTS}/{report['id']}/html", audience="external")

    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert all(row["program_id"] == "" for row in rows)
    for row in rows:
        for cell in (row["numerator"], row["denominator"], row["unevaluable"], row["value"]):
            assert cell in ("", "0", "<11", "suppressed"), row
    assert "3 of 3" not in page.text
    assert "&lt;11 of &lt;11" in page.text


async def test_reports_are_listed_newest_first_page_by_page(administrator: Caller, own_books: Any) -> None:
    await own_books.apply()
    made = [str(await administrator.created(REPORTS, QUARTER)) for _ in range(3)]

    first = (await administrator.get(REPORTS, limit=2)).json()
    second = (await administrator.get(REPORTS, limit=2, next=first["next"])).json()

    assert [one["id"] for one in first["items"] + second["items"]] == made[::-1]
    assert second["next"] is None


async def test_the_same_key_makes_one_report(administrator: Caller, own_books: Any) -> None:
    await own_books.apply()

    first = await administrator.post(REPORTS, QUARTER, key="one-report-please")
    second = await administrator.post(REPORTS, QUARTER, key="one-report-please")
    other = await administrator.post(REPORTS, QUARTER | {"period_end": "2026-03-30"}, key="one-report-please")

    assert (first.status_code, second.status_code, second.content) == (201, 201, first.content)
    assert first.headers["location"] == f"{REPORTS}/{first.json()['id']}"
    assert other.json()["type"] == "/problems/idempotency-key-reused"
    assert len((await administrator.get(REPORTS)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (QUARTER | {"period_end": "2025-12-31"}, "period-ends-before-it-starts"),
        (QUARTER | {"period_end": "2027-02-05"}, "period-too-long"),
        (QUARTER | {"period_end": "2026-02-30"}, "invalid-request"),
        (QUARTER | {"period_end": "0001-01-01"}, "invalid-request"),
        (QUARTER | {"zone": "UTC"}, "invalid-request"),
        ({"period_start": "2026-01-01"}, "invalid-request"),
    ],
)
async def test_impossible_periods_leave_nothing(
    administrator: Caller, platform: Platform, body: Any, problem: str
) -> None:
    answer = await administrator.post(REPORTS, body)

    assert (answer.status_code, answer.json()["type"]) == (422, f"/problems/{problem}")
    for table in ("report", "report_unit", "outbox"):
        left = f"select count(*) from compliance_reporting.{table} where agency_id = :a"
        assert await platform.value(left, a=administrator.agency_id) == 0


async def test_another_agencys_report_answers_like_none(
    http: httpx.AsyncClient, platform: Platform, administrator: Caller, own_books: Any
) -> None:
    await own_books.apply()
    report_id = await administrator.created(REPORTS, QUARTER)
    stranger = await open_agency(http, platform)

    for path in ("", "/csv", "/html", "/measures/M16/units"):
        theirs = await stranger.get(f"{REPORTS}/{report_id}{path}")
        nobodys = await stranger.get(f"{REPORTS}/{uuid4()}{path}")

        assert (theirs.status_code, theirs.json()["type"]) == (404, "/problems/not-found")
        assert (nobodys.status_code, nobodys.json()["type"]) == (404, "/problems/not-found")
    assert (await stranger.get(REPORTS)).json()["items"] == []


async def test_an_unknown_measure_or_part_is_refused(administrator: Caller, own_books: Any) -> None:
    await own_books.apply()
    report_id = await administrator.created(REPORTS, QUARTER)

    unknown = await administrator.get(f"{REPORTS}/{report_id}/measures/M99/units")
    part = await administrator.get(f"{REPORTS}/{report_id}/measures/M16/units", part="everything")
    cursor = await administrator.get(f"{REPORTS}/{report_id}/measures/M16/units", next="???")

    assert (unknown.status_code, part.status_code, cursor.status_code) == (404, 422, 422)


async def test_auditors_read_and_peers_and_strangers_do_not(
    http: httpx.AsyncClient, administrator: Caller, own_books: Any
) -> None:
    await own_books.apply()
    auditor, peer = await add_staff(administrator, "auditor"), await add_staff(administrator, "peer")

    report_id = await auditor.created(REPORTS, QUARTER)

    assert (await auditor.get(f"{REPORTS}/{report_id}/html")).status_code == 200
    for path in ("", f"/{report_id}", f"/{report_id}/csv", f"/{report_id}/html", f"/{report_id}/measures/M16/units"):
        assert (await peer.get(f"{REPORTS}{path}")).status_code == 403
        assert (await http.get(f"{REPORTS}{path}")).status_code == 401
    assert (await peer.post(REPORTS, QUARTER)).status_code == 403


async def test_looking_behind_a_figure_leaves_its_audit_row(
    administrator: Caller, own_books: Any, platform: Platform
) -> None:
    await own_books.apply()
    report_id = await administrator.created(REPORTS, QUARTER)

    await administrator.get(f"{REPORTS}/{report_id}/measures/M16/units", part="missed")

    await platform.eventually(
        "select detail::text from compliance_reporting.audit where agency_id = :a and action = 'report.units'",
        '{"part": "missed", "measure": "M16"}',
        a=administrator.agency_id,
    )


async def test_before_the_agencys_settings_arrived_there_is_no_report(
    http: httpx.AsyncClient, platform: Platform, administrator: Caller, own_books: Any
) -> None:
    async with platform.admin.begin() as connection:
        await connection.execute(
            text("delete from compliance_reporting.fact_agency where agency_id = :a"), {"a": administrator.agency_id}
        )

    answer = await administrator.post(REPORTS, QUARTER)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/agency-not-heard-of")


def test_cells_never_start_a_formula() -> None:
    assert [safe(cell) for cell in ("=1+1", "+1", "@A1", "-A1", "\t=1", "-12.5", "12", "<11", "")] == [
        "'=1+1", "'+1", "'@A1", "'-A1", "'\t=1", "-12.5", "12", "<11", "",
    ]  # fmt: skip


async def test_notes_are_told_overdue_once_each(own_books: Any, platform: Platform) -> None:
    own_books.program()
    draft = {"status": SessionStatus.DRAFT, "signed_at": None}
    overdue = own_books.session("2026-01-06T10:00", **draft)
    own_books.session("2026-01-06T11:00", **draft, imported=True)
    own_books.session("2026-01-06T12:00", **draft, outcome="no_show")
    own_books.session("2026-01-06T13:00", status=SessionStatus.VOIDED, signed_at=None)
    own_books.session("2026-01-06T14:00")
    own_books.session("2026-01-06T15:00", **draft, program_id=uuid4())
    own_books.session(own_books.at(f"{date.today()}T00:00"), 0, **draft)  # noqa: DTZ011 - not due yet today

    first, second = await own_books.tell_overdue_notes(), await own_books.tell_overdue_notes()

    assert (first, second) == (1, 0)
    await platform.eventually(
        "select payload::jsonb -> 'data' ->> 'due_at' from compliance_reporting.ledger "
        "where aggregate_id = :id and aggregate_seq = 1",
        "2026-01-09T06:00:00Z",
        id=overdue,
    )
