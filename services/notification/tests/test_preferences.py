"""Preferences over HTTP: each chooses ways, hours and days for themselves, within what safety allows."""

from typing import Any

import pytest

from handrail.testing import Platform, add_staff
from notification.queries.preferences import channels_for, hours_for
from notification.rules.messages import Channel, Purpose
from notification.rules.wishes import Hours

PREFERENCES = "/api/notification/v1/preferences"
CHOICE = {
    "channels": {"people": ["push", "email"], "notes": [], "safety": ["sms"]},
    "quiet_from": "19:00",
    "quiet_to": "08:00",
    "weekdays": [4, 0, 1, 2, 3],
}


async def test_what_is_usual_stands_until_somebody_chooses(workplace: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")

    read = (await peer.get(PREFERENCES)).json()

    assert read["version"] == 0
    assert read["channels"]["people"] == ["email"]
    assert read["channels"]["safety"] == ["sms", "push", "email"]
    assert (read["quiet_from"], read["quiet_to"], read["weekdays"]) == (None, None, [0, 1, 2, 3, 4, 5, 6])


async def test_a_choice_decides_by_which_ways_somebody_hears(workplace: Any, other_worker: Any) -> None:
    peer, other = [await add_staff(workplace.administrator, "peer") for _ in range(2)]

    changed = await peer.put(PREFERENCES, CHOICE, version=0)

    assert (changed.status_code, changed.json()["version"]) == (200, 1)
    read = (await peer.get(PREFERENCES)).json()
    assert read["channels"]["people"] == ["push", "email"]
    assert read["weekdays"] == [0, 1, 2, 3, 4]
    who = [peer.staff_id, other.staff_id]
    async with other_worker.transaction(workplace.agency_id) as db:
        assigned = await channels_for(db, who, "assignment", Purpose.WORK)
        returned = await channels_for(db, who, "note-returned", Purpose.WORK)
        paged = await channels_for(db, who, "safety-page", Purpose.SAFETY)
        hours = await hours_for(db, who)
    assert assigned == {peer.staff_id: [Channel.PUSH, Channel.EMAIL], other.staff_id: [Channel.EMAIL]}
    assert returned == {peer.staff_id: [Channel.INBOX], other.staff_id: [Channel.EMAIL]}
    assert paged[peer.staff_id] == [Channel.SMS, Channel.PUSH, Channel.EMAIL]
    assert (hours[peer.staff_id].weekdays, hours[other.staff_id]) == ((0, 1, 2, 3, 4), Hours())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channels": {"safety": []}}, "safety-cannot-be-silent"),
        ({"channels": {"people": ["inbox"]}}, "inbox-is-no-choice"),
        ({"quiet_to": None}, "quiet-hours-half"),
        ({"quiet_from": "08:00"}, "quiet-hours-all-day"),
        ({"quiet_from": "25:00"}, "invalid-request"),
        ({"weekdays": []}, "invalid-request"),
        ({"weekdays": [7]}, "invalid-request"),
        ({"weekdays": [1, 1]}, "invalid-request"),
        ({"channels": {"people": ["email", "email"]}}, "invalid-request"),
        ({"channels": {"gossip": ["email"]}}, "invalid-request"),
        ({"channels": {"people": ["pigeon"]}}, "invalid-request"),
        ({"more": 1}, "invalid-request"),
    ],
)
async def test_a_choice_that_makes_no_sense_is_refused_and_changes_nothing(
    workplace: Any, platform: Platform, change: dict[str, Any], code: str
) -> None:
    peer = await add_staff(workplace.administrator, "peer")

    answer = await peer.put(PREFERENCES, CHOICE | change, version=0)

    assert answer.status_code == 422
    assert code in ("invalid-request", answer.json()["type"].rpartition("/")[2])
    kept = await platform.value("select count(*) from notification.preference where staff_id = :id", id=peer.staff_id)
    assert kept == 0


async def test_a_stale_choice_is_refused(workplace: Any) -> None:
    peer = await add_staff(workplace.administrator, "peer")
    await peer.put(PREFERENCES, CHOICE, version=0)

    stale = await peer.put(PREFERENCES, CHOICE, version=0)
    blind = await peer.put(PREFERENCES, CHOICE)

    assert (stale.status_code, blind.status_code) == (412, 428)


async def test_auditors_are_told_nothing_and_choose_nothing(workplace: Any) -> None:
    auditor = await add_staff(workplace.administrator, "auditor")

    assert (await auditor.get(PREFERENCES)).status_code == 403
    assert (await auditor.put(PREFERENCES, CHOICE, version=0)).status_code == 403
