"""What one person's standing is on one day, by packs and by default, with expected values counted by hand."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.contracts.workforce_codes import (
    AttestationKind,
    CertificateStage,
    SupervisionMode,
    TrainingKind,
    TrainingTopic,
    WorkHoursKind,
)
from common.months import add_months
from common.packs import PACKS, Authority, Parameter, rule_on
from common.packs.model import Confidence
from workforce.rules.attestations import Declared
from workforce.rules.credentials import KnownCredential, Since
from workforce.rules.standing import Asked, Learnt, Line, Needs, Person, State, Stood, last_day_within, rule_in
from workforce.rules.standing_supervision import stretches
from workforce.rules.standing_words import SOURCES, TEXTS, certainty, lines_of
from workforce.rules.supervision import HeldSupervision

ONE = UUID(int=1)
DAY = date(2026, 6, 15)
PEER = frozenset({"peer"})
EVER = date(2020, 1, 1)
days = st.dates(date(2000, 1, 1), date(2040, 12, 31))


def peer(*packs: str, **more: Any) -> Person:
    said: dict[str, Any] = {"roles": PEER, "employed_from": EVER, "stood": [Stood(one, EVER, None) for one in packs]}
    return Person(**said | more)


def line(person: Person, asked: Asked, day: date = DAY) -> Line:
    (found,) = (one for one in lines_of(person, day) if one.asked is asked)
    return found


def credential(**more: Any) -> KnownCredential:
    said: dict[str, Any] = {
        "credential_id": ONE,
        "credential_type": CredentialType.CERTIFIED_PEER_SPECIALIST,
        "specialty": Specialty.SUBSTANCE_USE,
        "stage": None,
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2027, 12, 31),
        "cycle_from": None,
        "renewal_on": None,
        "statuses": (Since(CredentialStatus.ACTIVE, date(2026, 1, 1)),),
    }
    return KnownCredential(**said | more)


def held(on: date, minutes: int = 60, mode: SupervisionMode = SupervisionMode.FACE_TO_FACE) -> HeldSupervision:
    return HeldSupervision(ONE, ONE, on, minutes, mode)


def learnt(kind: TrainingKind, hours: str, on: date, topic: TrainingTopic = TrainingTopic.ETHICS) -> Learnt:
    return Learnt(kind, topic, Decimal(hours), on)


# --- words and sources


def test_everything_asked_is_said_in_two_languages_and_has_a_source() -> None:
    with_a_rule = {
        *(Asked.CORE_TRAINING, Asked.CORE_TOPICS, Asked.WORK_HOURS, Asked.SUPERVISION_HOURS),
        *(Asked.CONTINUING_EDUCATION, Asked.CONTINUING_TOPICS, Asked.SUPERVISION, Asked.SUPERVISOR_ROUTE),
        Asked.SUPERVISION_BEFORE_WORK,
    }

    assert TEXTS.keys() == set(Asked)
    assert SOURCES.keys() | with_a_rule == set(Asked)
    assert all(words.en and words.es and words.en != words.es for words in TEXTS.values())


def test_nothing_unconfirmed_or_proposed_is_called_required() -> None:
    for rule in (rule for pack in PACKS.values() for rule in pack.rules):
        required = certainty(rule).en.startswith("Required")
        assert required == (rule.authority.binds and rule.confidence is Confidence.SOURCE)


@given(days, st.sets(st.sampled_from(sorted(PACKS)), max_size=3), st.sampled_from(list(Parameter)))
def test_the_quick_way_to_a_rule_finds_what_the_plain_one_finds(day: date, packs: set[str], what: Parameter) -> None:
    assert rule_in(frozenset(packs), what, day) == rule_on(packs, what, day)


# --- credential


def needs(*accepted: CredentialType, packs: frozenset[str] = frozenset(), specialty: Specialty | None = None) -> Needs:
    return Needs(ONE, specialty, frozenset(accepted), packs)


@pytest.mark.parametrize(
    ("valid_to", "state"),
    [
        (date(2026, 6, 14), State.NOT_MET),
        (date(2026, 6, 15), State.DUE_SOON),
        (date(2026, 7, 15), State.DUE_SOON),
        (date(2026, 7, 16), State.MET),
    ],
)
def test_a_credential_counts_through_its_last_day(valid_to: date, state: State) -> None:
    found = line(peer(needs=[needs()], credentials=[credential(valid_to=valid_to)]), Asked.CREDENTIAL)

    assert found.state is state


@pytest.mark.parametrize(
    ("need", "more"),
    [
        (needs(specialty=Specialty.MENTAL_HEALTH), {}),
        (needs(CredentialType.CERTIFIED_PEER_SUPERVISOR), {}),
        (needs(), {"statuses": (Since(CredentialStatus.SUSPENDED, date(2026, 6, 15)),)}),
        (needs(), {"statuses": (Since(CredentialStatus.PROVISIONAL, date(2026, 1, 1)),)}),
        (needs(packs=frozenset({"WA"})), {"credential_type": CredentialType.LICENSED_CLINICIAN}),
    ],
)
def test_another_specialty_type_or_status_does_not_count(need: Needs, more: dict[str, Any]) -> None:
    found = line(peer(needs=[need], credentials=[credential(**more)]), Asked.CREDENTIAL)

    assert (found.state, found.has, found.about) == (State.NOT_MET, None, ONE)


def test_no_program_that_asks_for_a_credential_no_line() -> None:
    assert Asked.CREDENTIAL not in {one.asked for one in lines_of(peer(), DAY)}


def test_washingtons_peer_counselors_count_to_the_end_of_2026() -> None:
    counselor = credential(credential_type=CredentialType.PEER_COUNSELOR, valid_to=date(2028, 1, 1))
    person = peer(needs=[needs(packs=frozenset({"WA"}))], credentials=[counselor])

    assert line(person, Asked.CREDENTIAL, date(2026, 12, 31)).state is State.MET
    assert line(person, Asked.CREDENTIAL, date(2027, 1, 1)).state is State.NOT_MET


# --- hours


def test_hours_missing_are_those_that_the_rule_asks_for_beyond_what_there_is() -> None:
    pack = next(one for one in sorted(PACKS) if rule_on([one], Parameter.CORE_TRAINING_HOURS, DAY))
    rule = rule_on([pack], Parameter.CORE_TRAINING_HOURS, DAY)
    assert rule is not None
    has = Decimal(rule.value) - Decimal("1.25")
    trained = [
        learnt(TrainingKind.CORE, str(has), DAY),
        learnt(TrainingKind.CORE, "40", DAY + timedelta(days=1)),
        learnt(TrainingKind.CONTINUING, "40", DAY),
    ]

    found = line(peer(pack, learnt=trained), Asked.CORE_TRAINING)

    assert (found.state, found.missing) == (State.NOT_MET, "1.25")
    assert (found.needed, found.has) == (f"{Decimal(rule.value).normalize():f}", f"{has.normalize():f}")


def test_supervision_hours_are_those_held_here_and_those_from_elsewhere() -> None:
    rule = rule_on(["ICRC-PR"], Parameter.SUPERVISION_HOURS, DAY)
    assert rule is not None
    short = {WorkHoursKind.SUPERVISION_RECEIVED: Decimal(rule.value) - Decimal("1.5")}

    without = line(peer("ICRC-PR", worked=short), Asked.SUPERVISION_HOURS)
    with_two = line(peer("ICRC-PR", worked=short, supervisions=[held(DAY, 45), held(DAY, 45)]), Asked.SUPERVISION_HOURS)
    later = held(DAY + timedelta(days=1), 90)
    with_later = line(peer("ICRC-PR", worked=short, supervisions=[later]), Asked.SUPERVISION_HOURS)

    assert (without.state, without.missing) == (State.NOT_MET, "1.5")
    assert (with_two.state, with_two.missing) == (State.MET, "0")
    assert with_later.state is State.NOT_MET


def test_continuing_education_may_still_be_done_before_the_renewal() -> None:
    pack = next(one for one in sorted(PACKS) if rule_on([one], Parameter.CE_HOURS, DAY))
    rule = rule_on([pack], Parameter.CE_HOURS, DAY)
    assert rule is not None
    enough = learnt(TrainingKind.CONTINUING, str(rule.value), date(2026, 2, 1))

    def state(renewal_on: date, *trained: Learnt, cycle_from: date = date(2026, 1, 1)) -> State:
        one = credential(renewal_on=renewal_on, cycle_from=cycle_from)
        return line(peer(pack, credentials=[one], learnt=trained), Asked.CONTINUING_EDUCATION).state

    assert state(date(2026, 12, 31)) is State.OPEN
    assert state(date(2026, 7, 15)) is State.DUE_SOON
    assert state(date(2026, 12, 31), enough) is State.MET
    assert state(date(2026, 12, 31), enough, cycle_from=date(2026, 2, 2)) is State.OPEN


def test_a_renewal_that_is_past_or_of_a_revoked_credential_asks_for_nothing() -> None:
    past = credential(renewal_on=DAY - timedelta(days=1))
    revoked = credential(renewal_on=DAY, statuses=(Since(CredentialStatus.REVOKED, date(2026, 1, 1)),))

    asked = {one.asked for one in lines_of(peer("NC", "TX", "ICRC-PR", credentials=[past, revoked]), DAY)}

    assert Asked.CONTINUING_EDUCATION not in asked


# --- attestations, competencies


@pytest.mark.parametrize(
    ("signed_on", "state"),
    [
        (date(2025, 6, 14), State.NOT_MET),
        (date(2025, 6, 15), State.DUE_SOON),
        (date(2025, 7, 15), State.DUE_SOON),
        (date(2025, 7, 16), State.MET),
        (date(2026, 6, 16), State.NOT_MET),
    ],
)
def test_the_code_of_ethics_is_signed_again_after_twelve_months(signed_on: date, state: State) -> None:
    signed = [Declared(AttestationKind.CODE_OF_ETHICS, signed_on)]

    assert line(peer(declared=signed), Asked.CODE_OF_ETHICS).state is state


def test_what_was_withdrawn_is_not_on_file() -> None:
    signed = Declared(AttestationKind.LIVED_EXPERIENCE, date(2026, 1, 1), withdrawn_on=DAY)

    assert line(peer(declared=[signed]), Asked.LIVED_EXPERIENCE).state is State.NOT_MET
    assert line(peer(declared=[signed]), Asked.LIVED_EXPERIENCE, DAY - timedelta(days=1)).state is State.MET
    assert line(peer(declared=[signed]), Asked.LIVED_EXPERIENCE).has is None


@given(days, st.integers(1, 36))
def test_the_last_day_within_so_many_months_is_the_last_that_counts_back(done_on: date, months: int) -> None:
    last = last_day_within(done_on, months)

    assert add_months(last, -months) <= done_on < add_months(last + timedelta(days=1), -months)


def test_competencies_are_looked_at_of_whom_works_here_for_a_year() -> None:
    some = {category: date(2026, 1, 1) for category in range(1, 12)}

    new = line(peer(employed_from=date(2025, 8, 1), practised=some), Asked.COMPETENCIES)
    old = line(peer(employed_from=date(2025, 6, 15), practised=some), Asked.COMPETENCIES)
    whole = line(peer(practised=some | {12: date(2024, 6, 20)}), Asked.COMPETENCIES)

    assert (new.state, new.due_on, new.missing) == (State.OPEN, date(2026, 8, 1), [12])
    assert (old.state, old.missing) == (State.NOT_MET, [12])
    assert (whole.state, whole.due_on) == (State.DUE_SOON, date(2026, 6, 20))


# --- supervision


def test_the_default_asks_for_supervision_each_fortnight_and_then_each_thirty_days() -> None:
    """180 days of 14 days each make thirteen intervals, to day 181; from then 30 days each."""
    found = stretches(peer(employed_from=date(2026, 1, 1)), date(2026, 8, 1))

    assert [(one.last_day - one.first_day).days + 1 for one in found] == [14] * 13 + [30] * 2
    assert (found[0].first_day, found[12].last_day, found[13].last_day) == (
        date(2026, 1, 1),
        date(2026, 7, 1),
        date(2026, 7, 31),
    )


def test_texas_supervises_the_newly_certified_weekly_and_others_of_no_stage_by_the_default() -> None:
    initial = credential(stage=CertificateStage.INITIAL)

    weekly = stretches(peer("TX", employed_from=date(2026, 1, 1), credentials=[initial]), date(2026, 1, 20))
    default = stretches(peer("TX", employed_from=date(2026, 1, 1)), date(2026, 1, 20))

    assert [one.first_day.day for one in weekly] == [1, 8, 15]
    assert [one.first_day.day for one in default] == [1, 15]


@pytest.mark.parametrize(
    ("supervised_on", "minutes", "state"),
    [
        ([], 0, State.NOT_MET),
        ([date(2026, 1, 5)], 60, State.OPEN),
        ([date(2026, 1, 5)], 29, State.NOT_MET),
        ([date(2026, 1, 16)], 30, State.MET),
    ],
)
def test_a_missed_interval_stays_missed_until_the_next_supervision(
    supervised_on: list[date], minutes: int, state: State
) -> None:
    """Days 1 to 14 are over; the running interval is the 15th to the 28th of January."""
    person = peer(employed_from=date(2026, 1, 1), supervisions=[held(on, minutes) for on in supervised_on])

    found = line(person, Asked.SUPERVISION, date(2026, 1, 18))

    assert (found.state, found.due_on) == (state, date(2026, 1, 28))


@pytest.mark.parametrize(
    ("mode", "state"), [(SupervisionMode.FACE_TO_FACE, State.MET), (SupervisionMode.VIDEO, State.DUE_SOON)]
)
def test_dc_counts_what_was_held_face_to_face(mode: SupervisionMode, state: State) -> None:
    person = peer("DC", employed_from=date(2026, 1, 1), supervisions=[held(date(2026, 1, 3), mode=mode)])

    assert line(person, Asked.SUPERVISION, date(2026, 1, 4)).state is state


def test_the_last_week_of_an_interval_is_soon() -> None:
    person = peer(employed_from=date(2026, 1, 1))

    assert line(person, Asked.SUPERVISION, date(2026, 1, 6)).state is State.OPEN
    assert line(person, Asked.SUPERVISION, date(2026, 1, 7)).state is State.DUE_SOON


@given(st.dates(date(2015, 1, 1), date(2026, 6, 1)), st.sets(st.sampled_from(["TX", "DC", "NC", "WA"]), max_size=2))
def test_intervals_follow_each_other_without_a_gap(employed_from: date, packs: set[str]) -> None:
    found = stretches(peer(*sorted(packs), employed_from=employed_from), DAY)

    assert found[0].first_day == employed_from
    assert found[-1].first_day <= DAY <= found[-1].last_day
    for one, other in pairwise(found):
        assert other.first_day == one.last_day + timedelta(days=1)


def supervisor(**more: Any) -> Person:
    said: dict[str, Any] = {
        "roles": frozenset({"supervisor"}),
        "employed_from": EVER,
        "supervisees_packs": frozenset({frozenset({"OH"})}),
    }
    return Person(**said | more)


def test_a_way_to_qualify_is_met_as_a_whole() -> None:
    trained = [learnt(TrainingKind.SUPERVISING_ONLINE, "16", DAY), learnt(TrainingKind.SUPERVISING_PEERS, "4", DAY)]
    short = line(supervisor(learnt=trained, peer_worker_since=date(2024, 6, 16)), Asked.SUPERVISOR_ROUTE)
    whole = line(supervisor(learnt=trained, peer_worker_since=date(2024, 6, 15)), Asked.SUPERVISOR_ROUTE)

    assert (short.state, short.missing) == (
        State.NOT_MET,
        {"peer_experience": ["peer_years"], "clinical_license": ["credential"]},
    )
    assert (whole.state, whole.has) == (State.MET, ["peer_experience"])


def test_who_supervises_nobody_under_a_pack_is_asked_for_no_way() -> None:
    assert lines_of(supervisor(supervisees_packs=frozenset()), DAY) == []


# --- the whole


@given(days, st.sets(st.sampled_from(sorted(PACKS)), max_size=3))
def test_every_line_has_a_source_and_only_confirmed_rules_bind(day: date, packs: set[str]) -> None:
    one = credential(renewal_on=day + timedelta(days=10), valid_to=day + timedelta(days=10))
    person = peer(*sorted(packs), employed_from=date(2000, 1, 1), credentials=[one], needs=[needs()])

    for found in lines_of(person, day):
        source = found.rule or SOURCES[found.asked]
        assert source.citation
        assert isinstance(source.authority, Authority)


# --- before the first work


@pytest.mark.parametrize(
    ("minutes", "state", "missing"),
    [([], State.NOT_MET, 360), ([300, 59], State.NOT_MET, 1), ([300, 60], State.MET, None)],
)
def test_the_district_asks_for_six_hours_of_supervision_before_the_first_work(
    minutes: list[int], state: State, missing: int | None
) -> None:
    person = peer("DC", employed_from=date(2026, 1, 1), supervisions=[held(date(2026, 1, 3), one) for one in minutes])

    found = line(person, Asked.SUPERVISION_BEFORE_WORK)

    assert (found.state, found.needed, found.has, found.missing) == (state, 360, sum(minutes), missing)


def test_elsewhere_nobody_asks_for_supervision_before_the_first_work() -> None:
    assert all(one.asked is not Asked.SUPERVISION_BEFORE_WORK for one in lines_of(peer("TX"), DAY))


def test_the_running_interval_says_how_long_and_in_which_way() -> None:
    needed = line(peer("DC", employed_from=date(2026, 1, 1)), Asked.SUPERVISION).needed

    assert (needed["minutes"], list(needed["modes"])) == (60, [SupervisionMode.FACE_TO_FACE])
