"""The demo's second act, today: six referrals, one of them followed to a plan that an auditor accepts."""

import gzip
import importlib.resources
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console

from handrail.demo.agency import Agency, Caller, sign_in_staff
from handrail.demo.papers import papers
from handrail.demo.people import ZONE

INTAKE = "/api/intake/v1"
BARC_10 = ((3, 3, 4, 2, 3, 4, 2, 4, 3, 4), (5, 4, 5, 4, 5, 5, 4, 5, 5, 6))  # at the start, and three weeks later
GOALS = (
    ("health", "Sleep through the night without using", "Three nights in a row"),
    ("home", "A place of my own where it is quiet", "A lease with my name on it"),
    ("purpose", "Work I can be proud of", "A first week of work"),
    ("community", "People to call on a bad day", "Two names I would call"),
)
# How each peer lives and works, as they say it themselves: pathways, languages, working hours.
PEERS = (
    (["twelve_step"], ["en"], ("09:00", "17:00")),
    (["medication_supported", "justice_involved"], ["en", "es"], ("12:00", "20:00")),
    (["secular_mutual_aid"], ["en"], ("09:00", "17:00")),
)
ROOM = 200  # the quarter's import gave each of them some eighty people


@dataclass(frozen=True)
class Journey:
    """Who goes through it, and with whom."""

    agency: Agency
    supervisor: Caller
    participant_id: str
    episode_id: str
    opened_on: date


async def journey(console: Console, agency: Agency) -> None:
    """From a FHIR bundle to a matched peer, a grant's clock, a plan in four dimensions and a meeting to go to."""
    supervisor = await sign_in_staff(agency, agency.supervisor)
    referrals = await _referrals(console, agency)
    going = await _taken_on(agency, supervisor, referrals[0])
    peer_id = await _matched(console, going)
    peer = await sign_in_staff(agency, peer_id)
    await _clock(console, going, peer)
    await _safe_contact(peer, going)
    await _scores(console, going, peer)
    plan_id = await _plan(console, going, peer)
    await _meetings(console, going, peer, plan_id)
    await papers(console, peer, going.participant_id)


def _today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def bundles() -> list[bytes]:
    """Return the six made-up patients of the demo as FHIR R4 bundles."""
    folder = importlib.resources.files("handrail.demo") / "data" / "fhir"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".json.gz")), key=lambda file: file.name)
    return [gzip.decompress(file.read_bytes()) for file in files]


async def _referrals(console: Console, agency: Agency) -> list[str]:
    """Put in every bundle; show what was taken of one, and what its referrer sees."""
    path = f"{INTAKE}/fhir/referral?program_id={agency.programs[0]}"
    answers = [await agency.administrator.post(path, json.loads(bundle)) for bundle in bundles()]
    left_out = sum(sum(answer["left_out"].values()) for answer in answers)
    link = await agency.administrator.get(f"{INTAKE}/referrals/{answers[0]['id']}/follow-link")
    seen = (await agency.http.get(link["path"])).json()
    console.print(
        f"Referrals: {len(answers)} FHIR bundles taken in, {left_out:,} clinical resources left out; "
        f"a referrer without an account sees no more than {json.dumps(seen['status'])}."
    )
    return [str(answer["id"]) for answer in answers]


async def _taken_on(agency: Agency, supervisor: Caller, referral_id: str) -> Journey:
    opened_on = _today()
    body = {"episode": {"program_id": agency.programs[0], "opened_on": opened_on.isoformat()}}
    taken = await supervisor.post(f"{INTAKE}/referrals/{referral_id}/enrolments", body)
    await supervisor.post(f"{INTAKE}/episodes/{taken['episode_id']}/acknowledgement", {})
    return Journey(agency, supervisor, taken["participant_id"], taken["episode_id"], opened_on)


async def _matched(console: Console, going: Journey) -> str:
    """Have peers say how they live and work; let the person wait with wishes; choose the best match."""
    for staff_id, (pathways, languages, hours) in zip(going.agency.peers, PEERS, strict=False):
        peer = await sign_in_staff(going.agency, staff_id)
        schedule = [{"day": day, "from": hours[0], "to": hours[1]} for day in range(5)]
        said = {"pathways": pathways, "languages": languages, "schedule": schedule}
        made = await peer.put(f"{INTAKE}/peer-profiles/{staff_id}", said, 0)
        room = {"caseload_limit": ROOM}
        await going.supervisor.put(f"{INTAKE}/peer-profiles/{staff_id}", room, made["version"])
    waiting = {
        "participant_id": going.participant_id,
        "episode_id": going.episode_id,
        "program_id": going.agency.programs[0],
        "wishes": {"languages": ["es"], "pathways": ["medication_supported"]},
        "urgency": "soon",
        "since": going.opened_on.isoformat(),
    }
    place = await going.supervisor.post(f"{INTAKE}/waiting", waiting)
    match = await going.supervisor.post(f"{INTAKE}/matches", {"waiting_id": place["id"]})
    best = match["candidates"][0]
    choice = {"staff_id": best["staff_id"], "valid_from": going.opened_on.isoformat()}
    await going.supervisor.put(f"{INTAKE}/matches/{match['id']}/choice", choice, match["version"])
    why = ", ".join(reason["code"] for reason in best["reasons"] if reason["standing"] == "met")
    console.print(
        f"Match: {len(match['candidates'])} candidates, {len(match['excluded'])} ruled out; "
        f"the best has {best['score']} of {match['score_most']} points ({why})."
    )
    return str(best["staff_id"])


async def _clock(console: Console, going: Journey, peer: Caller) -> None:
    """Put the episode under a grant; record its baseline; show what is due next and when."""
    grant = {
        "name": "State opioid response",
        "number": "TI-000000",
        "tool": "suprt",
        "starts_on": "2025-10-01",
        "program_ids": going.agency.programs,
    }
    grant_id = (await going.agency.administrator.post(f"{INTAKE}/grants", grant))["id"]
    funding = {"grant_id": grant_id, "first_service_on": going.opened_on.isoformat()}
    await peer.post(f"{INTAKE}/episodes/{going.episode_id}/fundings", funding)
    [baseline] = (await peer.get(f"{INTAKE}/episodes/{going.episode_id}/federal-points"))["items"]
    done = {"collected_on": going.opened_on.isoformat(), "client_part": "declined"}
    await peer.put(f"{INTAKE}/federal-points/{baseline['id']}", done, baseline["version"])
    following = (await peer.get(f"{INTAKE}/episodes/{going.episode_id}/federal-points"))["items"]
    due = next(point for point in following if point["point"] == "reassessment")
    console.print(
        f"SUPRT: baseline done though the person declined their own part; reassessment due {due['due_on']}, "
        f"window {due['opens_on']} to {due['closes_on']}."
    )


async def _safe_contact(peer: Caller, going: Journey) -> None:
    terms = {
        "channels": [{"kind": "sms", "value": "+1 312 555 0142"}],
        "may_text": True,
        "code_name_caller": "Sam from the library",
        "safe_hours": [{"days": ["monday", "tuesday"], "from": "10:00", "to": "16:00"}],
        "zone": ZONE,
        "shared_device": True,
    }
    await peer.put(f"{INTAKE}/participants/{going.participant_id}/safe-contact", terms, 0)


async def _scores(console: Console, going: Journey, peer: Caller) -> None:
    """Record recovery capital twice, and show the change to look at together."""
    for answers in BARC_10:
        items = {f"q{place}": value for place, value in enumerate(answers, 1)}
        body = {"episode_id": going.episode_id, "instrument": "barc-10", "items": items, "given_by": "self"}
        await peer.post(f"{INTAKE}/answers", body | {"collected_on": going.opened_on.isoformat()})
    trend = await peer.get(f"{INTAKE}/participants/{going.participant_id}/trend?instrument=barc-10")
    first, latest = trend["baseline"], trend["latest"]
    console.print(f"BARC-10: {first['score']:g} at first, {latest['score']:g} now. {trend['words'].get('en', '')}")


async def _plan(console: Console, going: Journey, peer: Caller) -> str:
    """Agree a plan in four dimensions with strengths and tasks, and ask what an auditor would miss."""
    today = going.opened_on.isoformat()
    body = {
        "episode_id": going.episode_id,
        "strengths": ["I show up", "My sister believes in me"],
        "goals": [
            {
                "dimension": dimension,
                "stated_by": "participant",
                "words": words,
                "measure": measure,
                "by_when": (going.opened_on + timedelta(days=60)).isoformat(),
                "active_from": today,
                "tasks": [{"words": "One step this week, together", "done_by": "together"}],
            }
            for dimension, words, measure in GOALS
        ],
        "agreement": {
            "method": "documented",
            "witnessed_by": "Peer specialist",
            "words": "Yes, that is my plan.",
        },
    }
    plan = await peer.post(f"{INTAKE}/plans", body)
    points = (await peer.get(f"{INTAKE}/plans/{plan['id']}/standing"))["points"]
    met = sum(point["met"] for point in points)
    missing = ", ".join(point["point"] for point in points if not point["met"]) or "nothing"
    console.print(
        f"Plan: goals in four dimensions; {met} of {len(points)} things a reviewer looks for; missing: {missing}."
    )
    return str(plan["id"])


async def _meetings(console: Console, going: Journey, peer: Caller, plan_id: str) -> None:
    """Put in two real lists of meetings; find one this evening nearby; note a warm invitation on the plan."""
    folder = importlib.resources.files("handrail.demo") / "data"
    for name, kind, zone in (("aa-san-jose", "AA", "America/Los_Angeles"), ("al-anon", "ALANON", "America/New_York")):
        feed = {"name": name, "kind": kind, "zone": zone}
        made = await going.agency.administrator.post(f"{INTAKE}/meeting-feeds", feed)
        listed = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        path = f"{INTAKE}/meeting-snapshots?feed_id={made['id']}"
        taken = await going.agency.administrator.post(path, listed)
        console.print(
            f"Meetings: {taken['meetings']} of {taken['rows']} rows of {name} listed, {taken['repeated']} twice in it."
        )
    found = await peer.get(f"{INTAKE}/meetings?kind=AA&near=37.3382,-121.8863&within_km=10&limit=5")
    invited = {"meeting_id": found["items"][0]["id"], "kind": "AA", "invited_on": _today().isoformat(), "how": "told"}
    await peer.post(f"{INTAKE}/plans/{plan_id}/invitations", invited)
