"""What administrators read of deliveries: counts that follow from the rows, and each try with its provider's answer."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from handrail.testing import Caller, Platform, add_staff

REPORT, MESSAGES = "/api/notification/v1/delivery-report", "/api/notification/v1/messages"
DUE = datetime(2026, 3, 10, 15, tzinfo=UTC)
PERIOD = {"from": "2026-03-10", "to": "2026-03-10"}
# template, channel, state, seconds until sent, error, held by, the provider's word
ROWS: list[tuple[str, str | None, str, int | None, str | None, str | None, str | None]] = [
    ("appointment-reminder", "sms", "sent", 2, None, None, "delivered"),
    ("appointment-reminder", "sms", "sent", 4, None, None, "sent"),
    ("appointment-reminder", "sms", "sent", 12, None, None, None),
    ("appointment-reminder", "sms", "failed", None, "recipient-stopped", None, None),
    ("appointment-reminder", None, "queued", None, None, "quiet-hours", None),
    ("appointment-reminder", None, "queued", None, None, "quiet-hours", None),
    ("appointment-reminder", None, "cancelled", None, "too-late", None, None),
    ("appointment-reminder", "sms", "unknown", None, "outcome-unknown", None, None),
    ("assignment", "email", "sent", 1, None, None, None),
]


@pytest_asyncio.fixture
async def kept(own_workplace: Any, platform: Platform) -> list[UUID]:
    """An agency whose rows are these and no others."""
    ids = [uuid4() for _ in ROWS]
    async with platform.admin.begin() as connection:
        for message_id, (template, channel, state, seconds, error, held, said) in zip(ids, ROWS, strict=True):
            tried = channel is not None
            values = {
                "agency": own_workplace.agency_id,
                "id": message_id,
                "template": template,
                "to": uuid4(),
                "channel": channel,
                "state": state,
                "due": DUE,
                "sent": None if seconds is None else DUE + timedelta(seconds=seconds),
                "error": error,
                "held": held,
                "attempts": int(tried),
            }
            await connection.execute(
                text(
                    "insert into notification.message (agency_id, id, template, recipient_id, occasion, channel, state,"
                    " created_at, not_before, sent_at, last_error, held_by, attempts, tries_left, version) values"
                    " (:agency, :id, :template, :to, 'x', :channel, :state, :due, :due, :sent, :error, :held,"
                    " :attempts, 5, 1)"
                ),
                values,
            )
            if tried:
                await connection.execute(
                    text(
                        "insert into notification.delivery_attempt (agency_id, message_id, number, started_at,"
                        " ended_at, outcome, channel, provider_id, provider_status, provider_at)"
                        " values (:agency, :id, 1, :due,"
                        " :due, :state, :channel, 'SM1', :said, :due)"
                    ),
                    {name: values[name] for name in ("agency", "id", "due", "state", "channel")} | {"said": said},
                )
    return ids


async def test_every_message_is_counted_once_as_it_stands(own_workplace: Any, kept: list[UUID]) -> None:
    report = (await own_workplace.administrator.get(REPORT, **PERIOD)).json()

    lines = {(one["kind"], one["channel"]): one for one in report["lines"]}
    texts = lines["appointment-reminder", "sms"]
    counts = ("messages", "sent", "delivered", "waiting", "unknown", "failed", "cancelled")
    assert [texts[name] for name in counts] == [5, 3, 1, 0, 1, 1, 0]
    # Of 2, 4 and 12 seconds: the middle one; the 95th percentile lies nine tenths of the way from 4 to 12.
    assert (texts["median_seconds"], texts["p95_seconds"]) == (4.0, pytest.approx(11.2))
    assert [lines["appointment-reminder", None][name] for name in counts] == [3, 0, 0, 2, 0, 0, 1]
    assert [lines["assignment", "email"][name] for name in counts] == [1, 1, 0, 0, 0, 0, 0]
    assert sum(one["messages"] for one in report["lines"]) == len(ROWS)
    assert {(one["state"], one["code"]): one["messages"] for one in report["reasons"]} == {
        ("queued", "quiet-hours"): 2,
        ("cancelled", "too-late"): 1,
        ("failed", "recipient-stopped"): 1,
        ("unknown", "outcome-unknown"): 1,
    }


async def test_another_day_and_another_agency_hold_nothing(
    own_workplace: Any, kept: list[UUID], workplace: Any
) -> None:
    for asked in ({"from": "2026-03-09", "to": "2026-03-09"}, {"from": "2026-03-11", "to": "2026-03-12"}):
        assert (await own_workplace.administrator.get(REPORT, **asked)).json()["lines"] == []
    assert (await workplace.administrator.get(REPORT, **PERIOD)).json()["lines"] == []
    assert (await workplace.administrator.get(f"{MESSAGES}/{kept[0]}")).status_code == 404


async def test_a_message_shows_every_try_and_what_its_provider_said(own_workplace: Any, kept: list[UUID]) -> None:
    read = (await own_workplace.administrator.get(f"{MESSAGES}/{kept[0]}")).json()

    (tried,) = read["tries"]
    assert (tried["number"], tried["outcome"], tried["provider_id"]) == (1, "sent", "SM1")
    assert tried["provider_status"] == "delivered"


@pytest.mark.parametrize(
    "asked", [{"from": "2026-03-10", "to": "2026-03-09"}, {"from": "2024-01-01", "to": "2026-01-01"}]
)
async def test_a_period_that_is_none_is_refused(administrator: Caller, asked: dict[str, str]) -> None:
    refused = await administrator.get(REPORT, **asked)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/bad-period")


async def test_a_peer_reads_no_report_and_a_browser_learns_that_pushes_are_not_set_up(workplace: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    assert (await peer.get(REPORT, **PERIOD)).status_code == 403
    missing = await peer.get("/api/notification/v1/push-key")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/push-not-set-up")
