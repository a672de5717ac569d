"""The machine of a consent: which move is allowed from where, tried without a database and through HTTP."""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from intake.rules.consent_states import (
    MOVES,
    ConsentEvent,
    ConsentStanding,
    ConsentState,
    RecipientState,
    may,
    may_recipient,
    standing,
)

INTAKE = "/api/intake/v1"
TODAY = date(2026, 3, 1)
FIRST, LAST = TODAY, TODAY + timedelta(days=3650)
ENDED = {"discarded", "declined", "revoked", "superseded", "void"}
# By hand: what may happen to a consent, and the state that is stored after it.
ALLOWED = {
    "draft": {"rewrite": "draft", "present": "presented", "discard": "discarded"},
    "presented": {"sign": "signed", "decline": "declined"},
    "not_yet": {
        "revoke_written": "revoked",
        "request_revocation": "signed",
        "revoke_recipient": "signed",
        "suspend": "suspended",
        "suspend_recipient": "signed",
        "lift_recipient": "signed",
        "void": "void",
        "supersede": "superseded",
        "expire": "signed",
        "become_revocable": "signed",
    },
    "active": {
        "revoke_written": "revoked",
        "request_revocation": "signed",
        "revoke_recipient": "signed",
        "suspend": "suspended",
        "suspend_recipient": "signed",
        "lift_recipient": "signed",
        "void": "void",
        "supersede": "superseded",
        "expire": "signed",
        "become_revocable": "signed",
    },
    "suspended": {
        "revoke_written": "revoked",
        "request_revocation": "suspended",
        "lift": "signed",
        "void": "void",
        "expire": "suspended",
        "become_revocable": "suspended",
    },
    "expired": {"revoke_written": "revoked", "request_revocation": "signed", "void": "void"},
    "revoked": {"find_false": "revoked"},
    "superseded": {"find_false": "superseded"},
    "void": {},
    "declined": {},
    "discarded": {},
}


def test_every_pair_of_standing_and_event_is_decided_as_written_here() -> None:
    decided = {
        stands.value: {
            event.value: target.value for event in ConsentEvent if (target := may(stands, event)) is not None
        }
        for stands in ConsentStanding
    }
    assert decided == ALLOWED


@pytest.mark.parametrize(
    ("state", "starts_on", "expires_on", "over", "expected"),
    [
        ("signed", None, None, False, "active"),
        ("signed", TODAY, TODAY, False, "active"),
        ("signed", date(2026, 3, 2), None, False, "not_yet"),
        ("signed", None, date(2026, 2, 28), False, "expired"),
        ("signed", date(2026, 3, 2), None, True, "expired"),
        ("signed", None, date(2026, 12, 31), True, "expired"),
        ("suspended", None, date(2026, 2, 28), True, "suspended"),
        ("revoked", None, date(2026, 2, 28), False, "revoked"),
        ("draft", date(2026, 3, 2), None, True, "draft"),
        ("presented", None, None, False, "presented"),
    ],
)
def test_the_clock_says_whether_a_signed_consent_is_active(
    state: str, starts_on: date | None, expires_on: date | None, *, over: bool, expected: str
) -> None:
    stands = standing(ConsentState(state), starts_on=starts_on, expires_on=expires_on, over=over, on=TODAY)
    assert stands == expected


@pytest.mark.parametrize("state", RecipientState)
def test_a_recipient_that_was_revoked_never_comes_back(state: RecipientState) -> None:
    targets = {event.value: target.value for event in ConsentEvent if (target := may_recipient(state, event))}
    assert (
        targets
        == {
            "active": {"revoke_recipient": "revoked", "suspend_recipient": "suspended"},
            "suspended": {"revoke_recipient": "revoked", "lift_recipient": "active"},
            "revoked": {},
        }[state]
    )


SIGNED = (ConsentEvent.PRESENT, ConsentEvent.SIGN)
WAYS = ((), SIGNED, (*SIGNED, ConsentEvent.SUSPEND), (*SIGNED, ConsentEvent.EXPIRE))


class Consents(RuleBasedStateMachine):
    """One consent to which anything is tried, while days go by."""

    reached: ClassVar[Counter[tuple[str, str]]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.state, self.day, self.over = ConsentState.DRAFT, FIRST, False
        self.starts_on: date | None = None
        self.expires_on: date | None = None
        self.signed = False
        self.ended: ConsentState | None = None

    @property
    def stands(self) -> ConsentStanding:
        return standing(self.state, starts_on=self.starts_on, expires_on=self.expires_on, over=self.over, on=self.day)

    @initialize(
        begins=st.sampled_from([None, 0, 10, 300]),
        lasts=st.sampled_from([None, 0, 10, 300]),
        way=st.sampled_from(WAYS),
    )
    def drawn_up(self, begins: int | None, lasts: int | None, way: tuple[ConsentEvent, ...]) -> None:
        self.starts_on = None if begins is None else self.day + timedelta(days=begins)
        self.expires_on = None if lasts is None else (self.starts_on or self.day) + timedelta(days=lasts)
        for event in way:  # most consents are soon signed, and what follows is what needs trying
            self.happens(event)

    @rule()
    def what_was_tried_least_happens(self) -> None:
        allowed = sorted(ALLOWED[self.stands.value], key=lambda event: Consents.reached[self.stands.value, event])
        if allowed:
            self.happens(ConsentEvent(allowed[0]))

    @rule(event=st.sampled_from(ConsentEvent))
    def anything_is_tried(self, event: ConsentEvent) -> None:
        self.happens(event)

    def happens(self, event: ConsentEvent) -> None:
        before, target = self.stands, may(self.stands, event)
        assert (target.value if target else None) == ALLOWED[before.value].get(event.value)
        if target is None:
            return
        Consents.reached[before.value, event.value] += 1
        self.state = target
        self.over = self.over or event is ConsentEvent.EXPIRE

    @rule(days=st.integers(1, 15))
    def time_goes_by(self, days: int) -> None:
        self.day = min(LAST, self.day + timedelta(days=days))

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        assert self.ended in (None, self.state)
        self.ended = self.state if self.state.value in ENDED else None

    @invariant()
    def what_was_signed_is_never_a_draft_again(self) -> None:
        assert not (self.signed and self.state.value in {"draft", "presented", "discarded", "declined"})
        self.signed = self.signed or self.state is ConsentState.SIGNED

    @invariant()
    def nothing_is_active_outside_its_days(self) -> None:
        if self.stands is ConsentStanding.ACTIVE:
            assert self.starts_on is None or self.starts_on <= self.day
            assert self.expires_on is None or self.day <= self.expires_on
            assert not self.over


def test_no_forbidden_move_is_reachable_and_every_allowed_one_is() -> None:
    Consents.reached.clear()

    run_state_machine_as_test(
        Consents, settings=settings(max_examples=200, stateful_step_count=30, deadline=None, derandomize=True)
    )

    assert Consents.reached.keys() == {(stands.value, event.value) for stands, event in MOVES}


NAMED: dict[str, Any] = {
    "consent_type": "named_recipients",
    "name_as_signed": "Maura Canary-O'Brien",
    "disclosers": ["Riverbend Recovery"],
    "categories": ["substance_use_disorder"],
    "recipients": [{"name": "County Housing", "covered_entity": False}, {"name": "Mercy", "covered_entity": False}],
    "purposes": ["housing"],
    "how_to_revoke": "In writing to the front desk",
    "expiry": {"kind": "event", "event": "The lease is signed"},
}
JUSTICE: dict[str, Any] = NAMED | {
    "consent_type": "criminal_justice",
    "recipients": [{"name": name, "covered_entity": False, "monitoring_duty": "Probation"} for name in ("Lee", "Kim")],
    "purposes": ["criminal_justice"],
    "legal_matter": {"name": "Case 26-CR-17"},
    "revocable_from": {"event": "The sentence is served"},
}
OFFICERS = {"lift", "lift_recipient", "void"}
# The moves that only a consent under 42 CFR 2.35 can make.
FOR_JUSTICE = {"request_revocation", "become_revocable"}
TRIED = [event.value for event in ConsentEvent if event.value not in {"draw_up", "find_false", "supersede"}]


@dataclass
class Walk:
    """One consent on its way through HTTP."""

    clinic: Any
    participant_id: UUID
    consent_id: UUID

    @property
    def path(self) -> str:
        return f"{INTAKE}/consents/{self.consent_id}"

    async def read(self) -> dict[str, Any]:
        answer = await self.clinic.supervisor.get(self.path)
        assert answer.status_code == 200, answer.text
        return {name: value for name, value in answer.json().items() if name != "applied"}  # the others' own doing

    async def attempt(self, event: str, terms: dict[str, Any] = NAMED) -> Any:
        """Try an event and return the answer."""
        shown = await self.read()
        caller = self.clinic.privacy_officer if event in OFFICERS else self.clinic.administrator
        part, body = body_of(event, shown, terms)
        if event == "request_revocation":
            return await caller.post(f"{self.path}/{part}", body)
        return await caller.put(f"{self.path}/{part}", body, version=shown["version"])

    async def done(self, *events: str, terms: dict[str, Any] = NAMED) -> None:
        for event in events:
            answer = await self.attempt(event, terms)
            assert answer.status_code in (200, 201), (event, answer.text)

    async def supersede(self, terms: dict[str, Any] = NAMED) -> Any:
        """Sign a new version; return the answer to its signature."""
        new_id = await self.clinic.administrator.created(f"{self.path}/replacements", terms)
        new = Walk(self.clinic, self.participant_id, new_id)
        await new.done("present")
        return await new.attempt("sign")


def body_of(event: str, shown: dict[str, Any], terms: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the part of the path and the body that an event is asked for with."""
    instant = datetime.fromisoformat(shown["signed_at"] or shown["recorded_at"])
    happened_on = instant.astimezone(ZoneInfo("America/Chicago")).date().isoformat()
    signature = {"signer": "Maura", "method": "typed", "typed_name": "maura"}
    return {
        "rewrite": ("draft", terms),
        "present": ("presentation", {"language": "es"}),
        "discard": ("discard", {}),
        "decline": ("refusal", {"words": "Not today"}),
        "sign": ("signature", signature | {"words_sha256": shown["words_sha256"] or "0" * 64}),
        "revoke_written": ("revocation", {}),
        "request_revocation": ("revocation-requests", {}),
        "revoke_recipient": ("recipients/1/revocation", {}),
        "suspend": ("suspension", {"reason": "doubt"}),
        "suspend_recipient": ("suspension", {"reason": "doubt", "recipient_place": 0}),
        "lift": ("lift", {"words": "It was settled"}),
        "lift_recipient": ("lift", {"words": "It was settled", "recipient_place": 0}),
        "void": ("void", {"words": "The signature was somebody else's"}),
        "expire": ("event", {"happened_on": happened_on}),
        "become_revocable": ("event", {"which": "revocable_from", "happened_on": happened_on}),
    }[event]


async def walk_to(clinic: Any, stands: str, terms: dict[str, Any] = NAMED) -> Walk:
    """Return a consent that stands so, brought there by the shortest way."""
    if stands == "not_yet":
        terms = terms | {"starts_on": "2190-01-01"}
    participant_id = await clinic.enrol()
    body = terms | {"participant_id": str(participant_id)}
    walk = Walk(clinic, participant_id, await clinic.administrator.created(f"{INTAKE}/consent-drafts", body))
    signed = ("present", "sign")
    ways: dict[str, tuple[str, ...]] = {
        "draft": (),
        "presented": ("present",),
        "discarded": ("discard",),
        "declined": ("present", "decline"),
        "expired": (*signed, "expire"),
        "suspended": (*signed, "suspend"),
        "revoked": (*signed, "revoke_written"),
        "void": (*signed, "void"),
    }
    await walk.done(*ways.get(stands, signed))
    if stands == "superseded":
        assert (await walk.supersede(terms)).status_code == 200
    assert (await walk.read())["status"] == stands
    return walk


@pytest.mark.parametrize("stands", ALLOWED)
async def test_what_may_not_happen_has_its_own_refusal_and_changes_nothing(clinic: Any, stands: str) -> None:
    walk = await walk_to(clinic, stands)
    allowed = ALLOWED[stands].keys() | ({"void"} if "find_false" in ALLOWED[stands] else set())
    before = await walk.read()

    for event in TRIED:
        if event in allowed:
            continue
        answer = await walk.attempt(event)

        there, what = stands.replace("_", "-"), event.replace("_", "-")
        assert (answer.status_code, answer.json()["type"]) == (409, f"/problems/consent-{there}-no-{what}")

    assert await walk.read() == before


ALLOWED_PAIRS = [(stands, event) for stands, events in ALLOWED.items() for event in events]


@pytest.mark.parametrize(("stands", "event"), ALLOWED_PAIRS)
async def test_what_may_happen_happens(clinic: Any, stands: str, event: str) -> None:
    walk = await walk_to(clinic, stands, JUSTICE if event in FOR_JUSTICE else NAMED)
    if event == "lift_recipient":
        await walk.done("suspend_recipient")
    before = await walk.read()

    answer = await (
        walk.supersede() if event == "supersede" else walk.attempt("void" if event == "find_false" else event)
    )

    assert answer.status_code in (200, 201), answer.text
    after = await walk.read()
    assert after["moves"][0]["event"] == event
    assert after["moves"][0]["to_state"] == ALLOWED[stands][event]
    assert after["version"] == before["version"] + 1
    assert len(after["moves"]) == after["version"]


@pytest.mark.parametrize("seed", range(6))
async def test_a_walk_at_random_never_leaves_the_table(clinic: Any, seed: int) -> None:
    dice = random.Random(seed)
    walk = await walk_to(clinic, "draft")

    for _ in range(25):
        before = await walk.read()
        event = dice.choice(TRIED)
        answer = await walk.attempt(event)
        after = await walk.read()

        if answer.status_code in (200, 201):
            told = after["moves"][0]["event"]
            assert may(ConsentStanding(before["status"]), ConsentEvent(told)) == after["moves"][0]["to_state"]
            assert after["version"] == before["version"] + 1
        else:
            assert answer.status_code == 409, answer.text
            assert after == before
