"""The inbox over HTTP: everything one was told, whatever else carried it, and what of it is new."""

from typing import Any
from uuid import uuid4

from handrail.testing import Platform, add_staff, open_agency

INBOX = "/api/notification/v1/inbox"


async def test_what_somebody_was_told_stands_in_their_inbox_until_they_read_it(
    workplace: Any, bus: Any, platform: Platform
) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    for _ in range(3):
        await bus.assign(workplace.agency_id, peer.staff_id)
    await workplace.until(peer.staff_id, "sent", "sent", "sent")
    version = "select string_agg(version::text, ' ' order by id) from notification.message where recipient_id = :id"
    before = await platform.value(version, id=peer.staff_id)

    first = (await peer.get(INBOX, limit=2)).json()
    read = await peer.put(f"{INBOX}/{first['items'][0]['id']}/read", None)
    again = await peer.put(f"{INBOX}/{first['items'][0]['id']}/read", None)
    rest = (await peer.get(INBOX, limit=2, next=first["next"])).json()
    unread = (await peer.get(INBOX, unread=True)).json()

    assert first["unread"] == 3
    assert {one["template"] for one in first["items"]} == {"assignment"}
    assert (read.json(), again.json()) == ({"unread": 2}, {"unread": 2})
    assert (len(rest["items"]), rest["next"], rest["unread"]) == (1, None, 2)
    assert first["items"][0]["id"] not in [one["id"] for one in unread["items"]]
    assert await platform.value(version, id=peer.staff_id) == before  # what sends it is not disturbed


async def test_nobody_reads_the_inbox_of_another(workplace: Any, bus: Any, platform: Platform, http: Any) -> None:
    peer, other = [await add_staff(workplace.administrator, "peer") for _ in range(2)]
    await bus.assign(workplace.agency_id, peer.staff_id)
    await workplace.until(peer.staff_id, "sent")
    [entry] = (await peer.get(INBOX)).json()["items"]
    stranger = await open_agency(http, platform)

    for caller in (other, workplace.administrator, stranger):
        assert (await caller.put(f"{INBOX}/{entry['id']}/read", None)).status_code == 404
        assert entry["id"] not in (await caller.get(INBOX)).text
    assert (await peer.put(f"{INBOX}/{uuid4()}/read", None)).status_code == 404


async def test_auditors_have_no_inbox(workplace: Any) -> None:
    auditor = await add_staff(workplace.administrator, "auditor")

    assert (await auditor.get(INBOX)).status_code == 403


async def test_a_code_and_what_was_taken_back_are_not_in_the_inbox(
    workplace: Any, bus: Any, platform: Platform
) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    await peer.created("/api/notification/v1/devices/numbers", {"number": "+12025550177"})

    assert (await peer.get(INBOX)).json() == {"unread": 0, "items": [], "next": None}
