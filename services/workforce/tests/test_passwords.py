"""What makes a password acceptable (NIST SP 800-63B-4, 3.1.1.2), and how passwords are changed."""

import uuid

import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from handrail.testing import PASSWORD, Caller, Platform, add_staff
from workforce.commands import passwords
from workforce.rules.passwords import is_common, is_short, normalized_password, password_faults

W = "/api/workforce/v1"
OWN = ("Ada Okafor", "ada.okafor@riverbend.org", "Riverbend Recovery")
ANOTHER = "quite another sentence, and longer"


@pytest.mark.parametrize(
    "password",
    [
        "fourteen chars",
        "x" * 129,
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababababab",
        "abcdefghijklmnopqrst",
        "0123456789012345",
        "qwertyuiopasdfghjkl",
        "zyxwvutsrqponmlk",
        "passwordpassword",
        "handrail handrail",
        "adaokafor-riverbend",
        "Ada.Okafor@Riverbend.org",
        "Riverbend Recovery 26",
        "1qaz2wsx3edc4rfv",
    ],
)
def test_what_a_guesser_tries_first_is_refused(password: str) -> None:
    assert password_faults(password, own=OWN) is not None


@pytest.mark.parametrize(
    "password",
    [
        "fifteen  chars!",
        "all lower case words",
        "я не забуду этот пароль",
        "Ada walks to the river on Sundays",
        "handrail holds me up each morning",
        "a" + " long enough sentence" * 6,
        "🌻🌊🎺🧵🪁🍋🐢🎲🧭🚲🌙🪴🎻🦊🍂",
    ],
)
def test_a_sentence_of_ones_own_is_a_password(password: str) -> None:
    assert password_faults(password, own=OWN) is None


def test_length_is_asked_for_and_nothing_else_of_its_composition() -> None:
    assert password_faults("green hat seven") is None
    assert password_faults("green hat seve") is not None
    assert password_faults("green hat", second_factor=True) is None
    assert password_faults("green h", second_factor=True) is not None


@pytest.mark.parametrize("password", ["password", "sunshine", "Trustno1", "baseball", "P A S S W O R D"])
def test_beside_a_second_factor_common_passwords_are_still_refused(password: str) -> None:
    assert is_common(password)
    assert password_faults(password, second_factor=True) is not None


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=0x24F), min_size=64, max_size=128))
def test_a_long_varied_password_is_taken(password: str) -> None:
    varied = len(set(normalized_password(password).casefold())) > 40 and len(normalized_password(password)) <= 128

    assert not varied or password_faults(password) is None


@given(st.text(max_size=200))
def test_every_text_is_judged(password: str) -> None:
    fault = password_faults(password, own=OWN)

    assert fault is None or password not in fault or len(password) < 5
    assert is_short(password) <= (password_faults(password) is not None)


def test_the_hash_costs_at_least_what_the_asvs_asks() -> None:
    assert (passwords.PASSES, passwords.MEMORY_KIB) >= (2, 19 * 1024)
    assert passwords.MEMORY_KIB >= 19 * 1024


async def _change(caller: Caller, old: str, new: str) -> httpx.Response:
    return await caller.post(f"{W}/me/password-changes", {"password": old, "new_password": new})


async def test_changing_needs_the_old_one_and_ends_the_other_sign_ins(
    http: httpx.AsyncClient, administrator: Caller
) -> None:
    body = {"email": administrator.email, "password": PASSWORD}
    other = (await http.post(f"{W}/sign-ins", json=body)).json()

    wrong = await _change(administrator, "not the one", ANOTHER)
    same = await _change(administrator, PASSWORD, PASSWORD)
    named = await _change(administrator, PASSWORD, "Ada Okafor Riverbend")
    done = await _change(administrator, PASSWORD, ANOTHER)

    assert (wrong.status_code, wrong.json()["type"]) == (403, "/problems/proof-refused")
    assert [same.status_code, named.status_code, done.status_code] == [422, 422, 204]
    assert named.json()["errors"][0]["pointer"] == "/new_password"
    refreshed = await http.post(f"{W}/token-refreshes", json={"refresh_token": other["refresh_token"]})
    assert refreshed.status_code == 401
    assert (await http.post(f"{W}/sign-ins", json=body)).status_code == 401
    assert (await http.post(f"{W}/sign-ins", json=body | {"password": ANOTHER})).status_code == 200
    mine = (await administrator.get(f"{W}/me/sign-ins")).json()["items"]
    assert [one["end_reason"] for one in mine if one["this_one"]] == [None]


async def test_a_hash_of_earlier_parameters_is_made_anew(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    member = await add_staff(administrator, "peer")
    old = PasswordHasher(time_cost=2, memory_cost=1024, parallelism=2).hash(PASSWORD)
    values = {"hash": old, "id": str(member.staff_id)}
    async with platform.admin.begin() as connection:
        store = "update workforce.password set hash = :hash where staff_id = cast(:id as uuid)"
        await connection.execute(text(store), values)

    signed_in = await http.post(f"{W}/sign-ins", json={"email": member.email, "password": PASSWORD})

    stored = await platform.value(
        "select hash from workforce.password where staff_id = cast(:id as uuid)", id=str(member.staff_id)
    )
    assert signed_in.status_code == 200
    assert stored != old
    assert not passwords.HASHER.check_needs_rehash(stored)


async def test_a_refused_new_password_changes_nothing(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    email = f"{uuid.uuid4().hex}@agency.test"
    body = {"name": "Sam", "email": email, "roles": ["peer"], "employed_from": "2026-01-01"}
    staff_id = await administrator.created(f"{W}/staff", body)
    once = (await administrator.post(f"{W}/staff/{staff_id}/one-time-passwords", {})).json()["one_time_password"]
    asked = {"email": email, "password": once}

    for new in ("short", "riverbend riverbend", once, email):
        answer = await http.post(f"{W}/sign-ins", json=asked | {"new_password": new})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/password-not-accepted")

    assert (await http.post(f"{W}/sign-ins", json=asked)).json()["type"] == "/problems/new-password-needed"
