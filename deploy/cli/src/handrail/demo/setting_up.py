"""Setting the demo's agency up: programs, staff, what they learned and who supervises them, with gaps to be noticed.

The center follows Texas and an IC&RC board, telephone support a contract with North Carolina; outreach chose no pack.
"""

import uuid
from datetime import date, timedelta
from typing import Any

from handrail.demo.agency import PEERS_OF_PROGRAM, PROGRAMS, Agency, Caller, sign_in_staff

WORKFORCE = "/api/workforce/v1"
HIRED = "2025-01-01"
# One peer's credential ends in the middle of the quarter: the report must notice.
CREDENTIAL_ENDS = {4: date(2026, 8, 31)}
CHOSEN = (("SAMHSA-NMS-2023", "TX", "ICRC-PR"), ("SAMHSA-NMS-2023", "NC"), ())
# Hours of core training by peer, each in advocacy, mentoring, recovery and ethics. Peer 2 is short of ethics, peer 3 of
# hours; telephone support asks for 40 of whatever topic.
CORE = ((10, 10, 10, 16), (12, 12, 12, 18), (12, 12, 12, 10), (10, 10, 10, 9), (10, 10, 10, 10))
TOPICS = ("advocacy", "mentoring_education", "recovery_wellness", "ethics")
WORKED = ((510, 25), (500, 24), (499, 40))  # hours under supervision, and of supervision received elsewhere
# Who renews when, with how many hours of continuing education in general and in ethics.
RENEWALS = {0: (date(2026, 8, 15), 14, 6), 1: (date(2026, 9, 10), 16, 4), 3: (date(2026, 7, 20), 0, 0)}
ETHICS_SIGNED = {0: "2026-02-02", 1: "2026-03-16", 2: "2025-09-30", 3: "2025-09-29", 5: "2026-05-04"}
LIVED_EXPERIENCE = (0, 1, 2, 3, 4)
ASSESSED = {0: 12, 1: 11, 3: 12}  # how many of the twelve categories
STAGES = {0: "initial", 1: "full", 2: "full"}
MONDAYS = [date(2026, 6, 15) + timedelta(weeks=week) for week in range(16)]
SUPERVISOR_CERTIFIED = "2026-07-06"
LAST_YEAR_ENDS = date(2027, 12, 31)
BOARD = "State certification board"


async def set_up(agency: Agency) -> None:
    """Open three programs; add six peers and a supervisor (the administrator is the eighth), with credentials."""
    administrator = agency.administrator
    for place, name in enumerate(PROGRAMS):
        body = {"name": name, "credential_required": place != 2, "opened_on": HIRED}
        body |= {"required_specialty": "substance_use"} if place != 2 else {}
        agency.programs.append((await administrator.post(f"{WORKFORCE}/programs", body))["id"])
    agency.supervisor = await _add_staff(agency, "Imani Clarke", ["supervisor"], peer_worker_since="2018-04-01")
    for place in range(6):
        peer = await _add_staff(agency, f"Peer {place + 1}", ["peer"])
        agency.peers.append(peer)
        credential = _credential(peer, "certified_peer_specialist", HIRED, CREDENTIAL_ENDS.get(place, LAST_YEAR_ENDS))
        await administrator.post(f"{WORKFORCE}/credentials", credential | _renewal(place))
        supervised = {"staff_id": peer, "supervisor_id": agency.supervisor, "valid_from": HIRED}
        await administrator.post(f"{WORKFORCE}/supervisor-assignments", supervised)
    await _prepare(agency)


async def _add_staff(agency: Agency, name: str, roles: list[str], **more: str) -> str:
    email = f"{name.lower().replace(' ', '-')}-{uuid.uuid4().hex[:6]}@riverbend.example"
    body = {"name": name, "email": email, "roles": roles, "employed_from": HIRED} | more
    staff_id = str((await agency.administrator.post(f"{WORKFORCE}/staff", body))["id"])
    agency.emails[staff_id] = email
    return staff_id


def _credential(staff_id: str, credential_type: str, valid_from: str, valid_to: date) -> dict[str, Any]:
    return {
        "staff_id": staff_id,
        "credential_type": credential_type,
        "specialty": "substance_use",
        "issuer": BOARD,
        "valid_from": valid_from,
        "valid_to": valid_to.isoformat(),
    }


def _renewal(place: int) -> dict[str, Any]:
    """Return what a peer's certificate says beyond its validity: Texas's stage, and when it is to be renewed."""
    found: dict[str, Any] = {"stage": STAGES[place]} if place in STAGES else {}
    if place in RENEWALS:
        found |= {"renewal_on": RENEWALS[place][0].isoformat(), "cycle_from": HIRED}
    return found


async def _prepare(agency: Agency) -> None:
    """Record packs, placements, learning, declarations and a quarter of supervision through the API."""
    administrator = agency.administrator
    await _choose(agency)
    await administrator.post(f"{WORKFORCE}/training-imports", {"trainings": _trainings(agency)})
    for place, (worked, supervised) in enumerate(WORKED):
        for kind, hours in (("supervised_work", worked), ("supervision_received", supervised)):
            entry = {"kind": kind, "hours": hours, "from_on": "2024-01-01", "to_on": "2024-12-31"}
            await administrator.post(f"{WORKFORCE}/work-hours", entry | {"staff_id": agency.peers[place]})
    signed = [(place, "code_of_ethics", day) for place, day in ETHICS_SIGNED.items()]
    for place, kind, day in signed + [(place, "lived_experience", HIRED) for place in LIVED_EXPERIENCE]:
        paper = {"staff_id": agency.peers[place], "kind": kind, "text_version": "2025-01", "signed_on": day}
        await administrator.post(f"{WORKFORCE}/paper-attestations", paper)
    await _supervise(agency, await sign_in_staff(agency, agency.supervisor))


async def _choose(agency: Agency) -> None:
    for program, packs, places in zip(agency.programs, CHOSEN, PEERS_OF_PROGRAM, strict=True):
        for pack in packs:
            body = {"pack_id": pack, "valid_from": HIRED}
            await agency.administrator.post(f"{WORKFORCE}/programs/{program}/packs", body)
        for place in places:
            body = {"program_id": program, "role": "peer", "valid_from": HIRED}
            await agency.administrator.post(f"{WORKFORCE}/staff/{agency.peers[place]}/placements", body)


def _trainings(agency: Agency) -> list[dict[str, Any]]:
    rows = [
        (place, "core", topic, hours, "2024-11-30")
        for place, of_peer in enumerate(CORE)
        for topic, hours in zip(TOPICS, of_peer, strict=True)
    ]
    for place, (_, general, ethics) in RENEWALS.items():
        rows += [(place, "continuing", "advocacy", general, "2025-10-01")] if general else []
        rows += [(place, "continuing", "ethics", ethics, "2026-06-30")] if ethics else []
    told = {"title": "Peer recovery training", "provider": BOARD}
    names = ("kind", "topic", "hours", "completed_on")
    return [told | {"staff_id": agency.peers[place]} | dict(zip(names, rest, strict=True)) for place, *rest in rows]


async def _supervise(agency: Agency, supervisor: Caller) -> None:
    """Hold a supervision each Monday: with peer 1 weekly but once, with the others monthly, with peer 5 too briefly."""
    credential = _credential(agency.supervisor, "certified_peer_supervisor", SUPERVISOR_CERTIFIED, LAST_YEAR_ENDS)
    await agency.administrator.post(f"{WORKFORCE}/credentials", credential)
    for week, monday in enumerate(MONDAYS):
        workers = ([] if week == 9 else [0]) + ([1, 2, 3] if week % 4 == 0 else []) + ([4] if week % 4 == 1 else [])
        if workers:
            held: dict[str, Any] = {
                "held_on": monday.isoformat(),
                "mode": "face_to_face",
                "topics": ["ethics_and_boundaries"],
            }
            held |= {"minutes": 20 if week % 4 == 1 else 60, "staff_ids": [agency.peers[place] for place in workers]}
            await supervisor.post(f"{WORKFORCE}/supervisions", held)
    for place, categories in ASSESSED.items():
        seen: list[dict[str, Any]] = [{"code": f"CC-{category}.1", "level": 3} for category in range(1, categories + 1)]
        body = {"staff_id": agency.peers[place], "method": "observation", "assessed_on": "2026-07-01", "seen": seen}
        await supervisor.post(f"{WORKFORCE}/competency-assessments", body)
