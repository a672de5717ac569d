"""Safe contact, locator and attempts: when which channel may be used, and all of it through HTTP."""

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handrail.testing import add_staff
from intake.rules.contacts import (
    US_ZONES,
    Channel,
    ChannelKind,
    ContactRefusal,
    ContactState,
    SafeContactTerms,
    channel_key,
    contact_state,
    may_contact,
    reconfirm_due,
)

INTAKE = "/api/intake/v1"
INVALID = "/problems/invalid-request"
NUMBER, OTHER = "(312) 555-0142", "312 555 0143"
SOON = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
TABLES = ("safe_contact", "locator", "reachability", "channel_lock", "attempt")
SAFE: dict[str, Any] = {
    "channels": [
        {"kind": "sms", "value": NUMBER, "label": "my own"},
        {"kind": "phone", "value": OTHER},
        {"kind": "mail", "value": "PO box 7"},
    ],
    "may_text": True,
    "may_leave_voicemail": False,
    "may_say_who_calls": False,
    "who_may_answer": [{"name": "Nuala Canary", "relation": "sister", "may_be_told": True}],
    "code_name_caller": "the library",
    "code_name_person": "Mo",
    "safe_hours": [{"days": ["monday", "tuesday"], "from": "09:00", "to": "17:30"}],
    "zone": "America/Denver",
    "language": "es",
    "shared_device": True,
    "mail_to": "PO box 7",
    "never_contact": [{"what": "the Canary household"}],
    "note": "Never after her shift",
}
BOUNCE: dict[str, Any] = {"version": 1, "channel": 0, "what": "bounced"}
BUSY: dict[str, Any] = {"channel": "phone", "outcome": "busy"}
LOCATOR: dict[str, Any] = {
    "entries": [
        {
            "kind": "person",
            "name": "Nuala Canary",
            "relation": "sister",
            "how": OTHER,
            "may_be_said": "that Mo is asked to call",
            "permission_given_on": "2026-01-05",
        },
        {"kind": "place", "name": "Canary Street shelter", "how": "evenings"},
    ]
}
PERSONAL = ("Canary", "555", "library", "shift", "PO box", "shelter")
PHONE = Channel(kind=ChannelKind.PHONE, value=NUMBER)
SMS = Channel(kind=ChannelKind.SMS, value=NUMBER)
SECONDS = st.integers(min_value=1_175_000_000, max_value=2_115_000_000)  # 2007, with today's changes of clock, to 2037
INSTANTS = SECONDS.map(lambda second: datetime.fromtimestamp(second, UTC))


def terms(**said: Any) -> SafeContactTerms:
    return SafeContactTerms.model_validate(said)


def at(local: str, zone: str = "America/Chicago") -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("clock", "reason"),
    [
        ("07:59:59", ContactRefusal.QUIET_HOURS),
        ("08:00", None),
        ("20:59:59", None),
        ("21:00", ContactRefusal.QUIET_HOURS),
        ("00:00", ContactRefusal.QUIET_HOURS),
    ],
)
def test_a_person_is_left_in_peace_from_nine_to_eight(clock: str, reason: ContactRefusal | None) -> None:
    verdict = may_contact(terms(zone="America/Chicago"), PHONE, at(f"2026-03-04 {clock}"))
    assert (verdict.allowed, verdict.reason) == (reason is None, reason)


@pytest.mark.parametrize(
    ("utc", "allowed"),
    [
        ("2026-01-15 17:59", False),  # 7:59 in Honolulu
        ("2026-01-15 18:00", True),
        ("2026-01-16 01:59", True),  # 20:59 in New York
        ("2026-01-16 02:00", False),
        ("2026-07-15 17:59", False),
        ("2026-07-16 00:59", True),
        ("2026-07-16 01:00", False),  # 21:00 in New York, an hour earlier in summer
    ],
)
def test_in_an_unknown_zone_it_must_be_day_everywhere(utc: str, allowed: bool) -> None:
    assert may_contact(terms(), PHONE, at(utc, "UTC")).allowed is allowed


@pytest.mark.parametrize(
    ("local", "allowed"),
    [
        ("2026-03-02 08:59", False),  # a Monday
        ("2026-03-02 09:00", True),
        ("2026-03-02 17:29", True),
        ("2026-03-02 17:30", False),
        ("2026-03-04 12:00", False),  # a Wednesday
        ("2026-03-03 22:30", True),  # Tuesday night
        ("2026-03-04 01:59", True),  # still Tuesday's night
        ("2026-03-04 02:00", False),
        ("2026-03-03 01:00", False),  # Monday's night was not named
    ],
)
def test_the_persons_own_hours_take_the_place_of_the_usual_ones(local: str, allowed: bool) -> None:
    said = terms(
        zone="America/Chicago",
        safe_hours=[
            {"days": ["monday"], "from": "09:00", "to": "17:30"},
            {"days": ["tuesday"], "from": "22:00", "to": "02:00"},
        ],
    )
    verdict = may_contact(said, PHONE, at(local))
    assert (verdict.allowed, verdict.reason) == (allowed, None if allowed else ContactRefusal.OUTSIDE_SAFE_HOURS)


@pytest.mark.parametrize(
    ("said", "channel", "reason"),
    [
        ({}, SMS, ContactRefusal.NO_TEXTING),
        ({"may_text": True}, SMS, None),
        ({"never_contact": [{"what": "+1 312-555-0142"}]}, PHONE, ContactRefusal.NEVER_CONTACT),
        ({"never_contact": [{"what": "+1 312-555-0143"}]}, PHONE, None),
        ({"never_contact": [{"what": "SMS"}], "may_text": True}, SMS, ContactRefusal.NEVER_CONTACT),
        (
            {"never_contact": [{"what": "my  MOTHER"}]},
            Channel(kind=ChannelKind.THROUGH_PERSON, value="My mother"),
            ContactRefusal.NEVER_CONTACT,
        ),
        ({"never_contact": [{"what": "in person"}]}, Channel(kind=ChannelKind.IN_PERSON), ContactRefusal.NEVER_CONTACT),
    ],
)
def test_what_a_person_rules_out_is_out(said: dict[str, Any], channel: Channel, reason: ContactRefusal | None) -> None:
    verdict = may_contact(terms(zone="America/Chicago", **said), channel, at("2026-03-04 12:00"))
    assert verdict.reason is reason


def test_a_locked_channel_is_out_and_never_outweighs_never() -> None:
    noon = at("2026-03-04 12:00")
    never = terms(zone="America/Chicago", never_contact=[{"what": NUMBER}])
    assert may_contact(terms(zone="America/Chicago"), PHONE, noon, locked=True).reason is ContactRefusal.LOCKED
    assert may_contact(never, PHONE, noon, locked=True).reason is ContactRefusal.NEVER_CONTACT


def test_a_letter_knows_no_hours() -> None:
    letter = Channel(kind=ChannelKind.MAIL, value="PO box 7")
    assert may_contact(terms(zone="America/Chicago"), letter, at("2026-03-04 03:00")).allowed


def test_a_text_and_a_call_to_one_number_are_one_channel() -> None:
    assert channel_key(SMS) == channel_key(Channel(kind=ChannelKind.PHONE, value="1-312-555-0142"))
    assert channel_key(Channel(kind=ChannelKind.PHONE, value=OTHER)) != channel_key(PHONE)


def test_a_safe_contact_is_confirmed_after_ninety_days_or_a_bounce() -> None:
    confirmed = date(2026, 1, 5)
    assert reconfirm_due(confirmed, []) == date(2026, 4, 5)
    assert reconfirm_due(confirmed, [date(2026, 2, 1), date(2026, 1, 20)]) == date(2026, 1, 20)
    assert contact_state(date(2026, 4, 5), date(2026, 4, 4)) is ContactState.CURRENT
    assert contact_state(date(2026, 4, 5), date(2026, 4, 5)) is ContactState.RECONFIRM
    assert contact_state(None, confirmed) is ContactState.NONE


@given(INSTANTS, st.sampled_from(US_ZONES))
def test_nobody_is_called_at_night_in_any_zone_on_any_day(instant: datetime, zone: str) -> None:
    allowed = may_contact(terms(zone=zone), PHONE, instant).allowed
    minute = instant.astimezone(ZoneInfo(zone)).hour * 60 + instant.astimezone(ZoneInfo(zone)).minute
    assert allowed == (480 <= minute < 1260)


@given(INSTANTS, st.sampled_from(US_ZONES))
def test_what_an_unknown_zone_allows_is_allowed_in_each(instant: datetime, zone: str) -> None:
    if may_contact(terms(), PHONE, instant).allowed:
        assert may_contact(terms(zone=zone), PHONE, instant).allowed


@given(st.dates(min_value=date(2007, 3, 1), max_value=date(2037, 1, 1)), st.sampled_from(US_ZONES))
def test_every_day_has_thirteen_hours_to_call_also_when_the_clock_changes(day: date, zone: str) -> None:
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    after = day + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    quarters = [midnight + timedelta(minutes=15 * n) for n in range(int((end - midnight) / timedelta(minutes=15)))]
    assert sum(may_contact(terms(zone=zone), PHONE, one).allowed for one in quarters) == 52


@pytest.mark.parametrize(("day", "minutes"), [("2026-03-08", 60), ("2026-11-01", 180), ("2026-03-09", 120)])
def test_hours_of_the_night_follow_the_clock_on_the_wall(day: str, minutes: int) -> None:
    said = terms(zone="America/Denver", safe_hours=[{"days": ["sunday", "monday"], "from": "01:00", "to": "03:00"}])
    noon = at(f"{day} 12:00", "America/Denver").astimezone(UTC)
    night = [noon - timedelta(minutes=n) for n in range(1, 13 * 60 + 1)]
    assert sum(may_contact(said, PHONE, one).allowed for one in night) == minutes


def person(participant_id: UUID, what: str = "safe-contact") -> str:
    return f"{INTAKE}/participants/{participant_id}/{what}"


async def rows(clinic: Any) -> dict[str, int]:
    sql = "select count(*) from intake.{} where agency_id = :a"
    counted = {
        table: await clinic.platform.value(sql.format(table), a=clinic.administrator.agency_id) for table in TABLES
    }
    return counted | {"events": await clinic.told()}


async def advised(clinic: Any, participant_id: UUID, when: str) -> list[str | None]:
    answer = await clinic.peer.get(person(participant_id, "safe-contact/advice"), at=when)
    assert answer.status_code == 200, answer.text
    return [None if one["allowed"] else one["reason"] for one in answer.json()["channels"]]


async def test_a_safe_contact_is_kept_exactly_and_every_version_stays(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = person(participant_id)

    nothing = await clinic.peer.get(path)
    blind = await clinic.peer.put(path, SAFE)
    first = await clinic.peer.put(path, SAFE, version=0)
    stale = await clinic.peer.put(path, SAFE, version=0)
    second = await clinic.peer.put(path, SAFE | {"may_text": False}, version=1)
    shown = await clinic.peer.get(path)
    versions = await clinic.peer.get(f"{path}/versions", limit=1)
    before = await clinic.peer.get(f"{path}/versions", limit=1, next=versions.json()["next"])

    assert (nothing.json()["state"], nothing.json()["version"], nothing.headers["etag"]) == ("none", 0, '"0"')
    assert [one.status_code for one in (blind, first, stale, second)] == [428, 200, 412, 200]
    assert (first.headers["etag"], second.headers["etag"], shown.headers["etag"]) == ('"1"', '"2"', '"2"')
    assert shown.json()["state"] == "current"
    assert shown.json()["terms"] | {"may_text": True} == SAFE | {
        "channels": [{"label": None} | one for one in SAFE["channels"]]
    }
    assert [one["version"] for one in versions.json()["items"] + before.json()["items"]] == [2, 1]
    assert before.json()["items"][0]["terms"]["may_text"] is True
    assert before.json()["next"] is None


async def test_two_first_versions_at_once_leave_one(clinic: Any) -> None:
    path = person(await clinic.enrol())
    answers = await asyncio.gather(*[clinic.supervisor.put(path, SAFE, version=0) for _ in range(4)])
    assert sorted(one.status_code for one in answers) == [200, 412, 412, 412]


async def test_advice_says_which_channels_may_be_used_and_names_none(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    await clinic.peer.put(person(participant_id), SAFE, version=0)

    in_hours = await advised(clinic, participant_id, "2026-03-02T17:00:00Z")  # Monday, 10:00 in Denver
    at_night = await advised(clinic, participant_id, "2026-03-04T17:00:00Z")
    answer = await clinic.peer.get(person(participant_id, "safe-contact/advice"))

    assert in_hours == [None, None, None]
    assert at_night == ["outside_safe_hours", "outside_safe_hours", None]
    assert not any(word in answer.text for word in PERSONAL)
    assert (answer.json()["may_leave_voicemail"], answer.json()["shared_device"]) == (False, True)


async def test_a_bounce_locks_the_channel_until_it_is_confirmed(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, monday = person(participant_id), "2026-03-02T17:00:00Z"
    await clinic.peer.put(path, SAFE, version=0)
    bounce = {"version": 1, "channel": 0, "what": "bounced"}

    told = await clinic.peer.post(f"{path}/bounces", bounce)
    again = await clinic.peer.post(f"{path}/bounces", bounce)
    locked = (await clinic.peer.get(path)).json()
    advice = await advised(clinic, participant_id, monday)
    await clinic.peer.put(path, SAFE, version=1)  # writing it down anew is not asking
    still = await advised(clinic, participant_id, monday)
    old = await clinic.peer.post(f"{path}/confirmations", {"version": 1})
    early = await clinic.peer.post(f"{path}/confirmations", {"version": 2, "confirmed_at": "2026-01-06T12:00:00Z"})
    too_early = await advised(clinic, participant_id, monday)
    confirmed = await clinic.peer.post(f"{path}/confirmations", {"version": 2})

    assert [one.status_code for one in (told, again, old, early, confirmed)] == [201, 201, 412, 201, 201]
    assert (locked["state"], [one["place"] for one in locked["locked"]]) == ("reconfirm", [0])
    assert locked["reconfirm_due_on"] <= datetime.now(UTC).date().isoformat()
    assert advice == still == too_early == ["locked", None, None]
    assert await advised(clinic, participant_id, monday) == [None, None, None]
    assert (await clinic.peer.get(path)).json()["state"] == "current"


async def test_only_what_was_confirmed_is_unlocked(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = person(participant_id)
    await clinic.peer.put(path, SAFE, version=0)
    for place in (0, 1):
        await clinic.peer.post(f"{path}/bounces", {"version": 1, "channel": place, "what": "wrong_number"})

    await clinic.peer.post(f"{path}/confirmations", {"version": 1, "channels": [1]})

    assert await advised(clinic, participant_id, "2026-03-02T17:00:00Z") == ["locked", None, None]
    assert (await clinic.peer.get(path)).json()["state"] == "reconfirm"


async def test_a_wrong_number_in_the_log_locks_the_channel(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    await clinic.peer.put(person(participant_id), SAFE, version=0)

    await clinic.peer.created(
        person(participant_id, "attempts"), {"channel": "phone", "outcome": "wrong_number", "note": "A stranger, 555"}
    )

    assert await advised(clinic, participant_id, "2026-03-02T17:00:00Z") == [None, "locked", None]


async def test_a_wrong_number_of_several_asks_which(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    two = {"channels": [{"kind": "phone", "value": NUMBER}, {"kind": "phone", "value": OTHER}]}
    await clinic.peer.put(person(participant_id), two, version=0)
    attempt = {"channel": "phone", "outcome": "disconnected"}

    unclear = await clinic.peer.post(person(participant_id, "attempts"), attempt)
    named = {"safe_contact_version": 1, "place": 1}
    clear = await clinic.peer.post(person(participant_id, "attempts"), attempt | named)

    assert (unclear.status_code, unclear.json()["type"]) == (422, "/problems/which-channel")
    assert clear.status_code == 201
    assert [one["place"] for one in (await clinic.peer.get(person(participant_id))).json()["locked"]] == [1]


async def test_the_list_shows_who_must_be_asked_again_within_reach(clinic: Any) -> None:
    peer = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    confirmed = ["2026-01-05T12:00:00Z", "2026-01-07T12:00:00Z", "2026-01-06T12:00:00Z", None]
    people = []
    for when in confirmed:
        participant_id = await clinic.enrol()
        await clinic.assign(participant_id, await clinic.open(participant_id), peer)
        await peer.put(person(participant_id), SAFE | {"confirmed_at": when}, version=0)
        people.append(str(participant_id))

    first = (await peer.get(f"{INTAKE}/safe-contact-due", limit=2)).json()
    second = (await peer.get(f"{INTAKE}/safe-contact-due", limit=2, next=first["next"])).json()
    elsewhere = (await clinic.other_peer.get(f"{INTAKE}/safe-contact-due", limit=100)).json()

    assert [one["participant_id"] for one in first["items"] + second["items"]] == [people[0], people[2], people[1]]
    assert [one["reconfirm_due_on"] for one in first["items"]] == ["2026-04-05", "2026-04-06"]
    assert second["next"] is None
    assert not set(people) & {one["participant_id"] for one in elsewhere["items"]}


async def test_a_locator_is_kept_confirmed_and_refreshed_by_who_was_reached(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path, log = person(participant_id, "locator"), person(participant_id, "attempts")

    nothing = await clinic.peer.get(path)
    unwritten = await clinic.peer.post(log, {"channel": "phone", "outcome": "reached", "locator_confirmed": True})
    written = await clinic.peer.put(path, LOCATOR | {"confirmed_at": "2026-01-05T12:00:00Z"}, version=0)
    old = (await clinic.peer.get(path)).json()
    await clinic.peer.created(f"{path}/confirmations", {"version": 1, "confirmed_at": "2026-02-05T12:00:00Z"})
    confirmed = (await clinic.peer.get(path)).json()["confirmed_at"]
    await clinic.peer.created(log, {"channel": "phone", "outcome": "reached"})
    unsaid = (await clinic.peer.get(path)).json()["confirmed_at"]
    await clinic.peer.created(log, {"channel": "phone", "outcome": "reached", "locator_confirmed": True})
    await clinic.peer.created(f"{path}/confirmations", {"version": 1, "confirmed_at": "2026-01-06T12:00:00Z"})
    reached = (await clinic.peer.get(path)).json()

    assert (nothing.json()["version"], nothing.json()["terms"], nothing.headers["etag"]) == (0, None, '"0"')
    assert (unwritten.status_code, unwritten.json()["type"]) == (422, "/problems/no-locator")
    assert written.status_code == 200
    assert old["terms"]["entries"][0] == LOCATOR["entries"][0]
    assert old["age_days"] > 300
    assert confirmed == unsaid == "2026-02-05T12:00:00Z"
    assert reached["age_days"] == 0, "an older confirmation never takes a newer one's place"


async def test_the_log_turns_its_pages_the_newest_first(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    log = person(participant_id, "attempts")
    for day, outcome in ((6, "no_answer"), (8, "reached"), (7, "left_message_with")):
        body = {"at": f"2026-01-0{day}T15:00:00Z", "channel": "phone", "outcome": outcome, "note": f"note {day}"}
        await clinic.peer.created(log, body)

    first = (await clinic.peer.get(log, limit=2)).json()
    second = (await clinic.peer.get(log, limit=2, next=first["next"])).json()

    assert [one["outcome"] for one in first["items"] + second["items"]] == ["reached", "left_message_with", "no_answer"]
    assert [one["note"] for one in first["items"]] == ["note 8", "note 7"]
    assert second["next"] is None


async def test_what_a_merged_record_rules_out_is_ruled_out_for_the_person(clinic: Any) -> None:
    merged_id, _ = await clinic.assigned()
    survivor_id, _ = await clinic.assigned()
    await clinic.peer.put(person(merged_id), SAFE | {"never_contact": [{"what": NUMBER}]}, version=0)
    await clinic.peer.post(person(merged_id, "safe-contact/bounces"), BOUNCE | {"channel": 1})
    await clinic.peer.put(person(survivor_id), SAFE, version=0)
    await clinic.peer.created(person(merged_id, "attempts"), BUSY)

    await merge(clinic, survivor_id, merged_id)
    shown = (await clinic.peer.get(person(survivor_id))).json()
    refused = await clinic.peer.put(person(merged_id), SAFE, version=1)
    tried = (await clinic.peer.get(person(survivor_id, "attempts"))).json()["items"]

    assert await advised(clinic, survivor_id, "2026-03-02T17:00:00Z") == ["never_contact", "locked", None]
    assert shown["merged_with"] == [str(merged_id)]
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/merged-into")
    assert [one["participant_id"] for one in tried] == [str(merged_id)]


async def merge(clinic: Any, survivor_id: UUID, merged_id: UUID) -> None:
    body = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    await clinic.supervisor.created(f"{INTAKE}/merges", body)


async def test_nobody_elses_person_can_be_reached(clinic: Any, stranger: Any, nobody: UUID) -> None:
    participant_id, _ = await clinic.assigned()
    await clinic.peer.put(person(participant_id), SAFE, version=0)
    reads = ("safe-contact", "safe-contact/versions", "safe-contact/advice", "locator", "attempts")
    writes = {
        "safe-contact/confirmations": {"version": 1},
        "safe-contact/bounces": {"version": 1, "channel": 0, "what": "bounced"},
        "locator/confirmations": {"version": 1},
        "attempts": {"channel": "phone", "outcome": "busy"},
    }
    before = await rows(clinic)

    for caller, whom in ((clinic.other_peer, participant_id), (stranger, participant_id), (clinic.peer, nobody)):
        answers = [await caller.get(person(whom, path)) for path in reads]
        answers += [await caller.post(person(whom, path), body) for path, body in writes.items()]
        answers += [await caller.put(person(whom, "safe-contact"), SAFE, version=1)]
        answers += [await caller.put(person(whom, "locator"), LOCATOR, version=0)]
        assert {one.status_code for one in answers} == {404}
    officer = await clinic.privacy_officer.put(person(participant_id), SAFE, version=1)
    assert (officer.status_code, await rows(clinic)) == (403, before)


BAD: list[tuple[str, str, dict[str, Any], int | None, int, str]] = [
    ("put", "safe-contact", {"channels": [{"kind": "fax", "value": "1"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"channels": [{"kind": "phone"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"channels": [{"kind": "sms", "value": "none"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"channels": [{"kind": "email", "value": "nobody"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"channels": [{"kind": "in_person"}] * 11}, 1, 422, INVALID),
    ("put", "safe-contact", {"zone": "Mars/Olympus"}, 1, 422, INVALID),
    ("put", "safe-contact", {"reason": "why"}, 1, 422, INVALID),
    ("put", "safe-contact", {"safe_hours": [{"days": [], "from": "08:00", "to": "09:00"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"safe_hours": [{"days": ["monday"], "from": "24:00", "to": "09:00"}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"safe_hours": [{"days": ["monday"], "from": 8, "to": 9}]}, 1, 422, INVALID),
    ("put", "safe-contact", {"code_name_person": "Mo\u202e"}, 1, 422, INVALID),
    ("put", "safe-contact", {"confirmed_at": SOON}, 1, 422, "/problems/in-the-future"),
    ("put", "safe-contact", SAFE, 7, 412, "/problems/stale-version"),
    ("post", "safe-contact/confirmations", {}, None, 422, INVALID),
    ("post", "safe-contact/confirmations", {"version": 7}, None, 412, "/problems/stale-version"),
    ("post", "safe-contact/confirmations", {"version": 1, "channels": [3]}, None, 422, "/problems/no-such-channel"),
    ("post", "safe-contact/confirmations", {"version": 1, "channels": [1, 1]}, None, 422, INVALID),
    ("post", "safe-contact/confirmations", {"version": 1, "confirmed_at": SOON}, None, 422, "/problems/in-the-future"),
    (
        "post",
        "safe-contact/bounces",
        {"version": 1, "channel": 3, "what": "bounced"},
        None,
        422,
        "/problems/no-such-channel",
    ),
    ("post", "safe-contact/bounces", BOUNCE | {"channel": -1}, None, 422, INVALID),
    ("post", "safe-contact/bounces", BOUNCE | {"what": "lost"}, None, 422, INVALID),
    ("put", "locator", {}, 0, 422, INVALID),
    ("put", "locator", {"entries": [{"kind": "person", "name": " "}]}, 0, 422, INVALID),
    ("put", "locator", LOCATOR, 3, 412, "/problems/stale-version"),
    (
        "put",
        "locator",
        {"entries": [{"kind": "place", "name": "Library", "permission_given_on": "2199-01-01"}]},
        0,
        422,
        "/problems/in-the-future",
    ),
    ("post", "locator/confirmations", {"version": 1}, None, 404, "/problems/not-found"),
    ("post", "attempts", {"channel": "phone", "outcome": "shrug"}, None, 422, INVALID),
    ("post", "attempts", {"channel": "phone", "outcome": "busy", "at": SOON}, None, 422, "/problems/in-the-future"),
    ("post", "attempts", {"channel": "phone", "outcome": "busy", "locator_confirmed": True}, None, 422, INVALID),
    ("post", "attempts", {"channel": "phone", "outcome": "busy", "place": 0}, None, 422, INVALID),
    (
        "post",
        "attempts",
        BUSY | {"point_id": str(uuid4())},
        None,
        404,
        "/problems/not-found",
    ),
    (
        "post",
        "attempts",
        {"channel": "phone", "outcome": "wrong_number", "safe_contact_version": 1, "place": 0},
        None,
        422,
        "/problems/another-kind",
    ),
]


@pytest.mark.parametrize(("method", "path", "body", "version", "status", "kind"), BAD)
async def test_bad_input_leaves_nothing_but_its_audit_entry(
    clinic: Any, method: str, path: str, body: dict[str, Any], version: int | None, status: int, kind: str
) -> None:
    participant_id, _ = await clinic.assigned()
    await clinic.peer.put(person(participant_id), SAFE, version=0)
    before, audited = await rows(clinic), await clinic.refusals()

    if method == "put":
        answer = await clinic.peer.put(person(participant_id, path), body, version)
    else:
        answer = await clinic.peer.post(person(participant_id, path), body)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert (await rows(clinic), await clinic.refusals()) == (before, audited + 1)


@pytest.mark.parametrize("path", ["safe-contact/versions", "attempts"])
async def test_a_made_up_place_in_a_list_is_refused(clinic: Any, path: str) -> None:
    participant_id, _ = await clinic.assigned()
    for made_up in ("nonsense", "WyJ4IiwgIjBkZjY3ZGM4LWIwYTItNDYzOC05YTNlLWE3Yjc4ZjdlZDZlMiJd"):
        answer = await clinic.peer.get(person(participant_id, path), next=made_up)
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/bad-cursor")


async def test_nothing_personal_is_told_logged_or_kept_open(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = person(participant_id)
    await clinic.peer.put(path, SAFE, version=0)
    await clinic.peer.put(person(participant_id, "locator"), LOCATOR, version=0)
    await clinic.peer.post(f"{path}/bounces", {"version": 1, "channel": 0, "what": "bounced"})
    await clinic.peer.post(
        person(participant_id, "attempts"), {"channel": "sms", "outcome": "wrong_number", "note": "Canary 555"}
    )
    await clinic.peer.get(path)

    kept = [await clinic.platform.fetch(f"select row_to_json(t)::text as said from intake.{one} t") for one in TABLES]
    for table in ("idempotency", "audit_pending", "audit", "outbox"):
        kept.append(await clinic.platform.fetch(f"select row_to_json(t)::text as said from intake.{table} t"))

    said = "\n".join(row["said"] for found in kept for row in found)
    bodies = await clinic.platform.fetch("select convert_from(body, 'UTF8') as body from intake.idempotency")
    for word in ("library", "Nuala", "555-0142", "shelter", "Canary 555"):
        assert word not in said
        assert not any(word in row["body"] for row in bodies)
    assert not any(json.loads(event["payload"])["data"].get("terms") for event in await clinic.events())
