"""Sealed values stay where they were sealed; keys outlive no rolled-back transaction; blind indexes meet or do not."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from uuid_utils.compat import uuid7

from common.database import Scope, transaction
from common.privacy import KeyRing, Sealer, WrongKey, blind_index, normalized

KEY = b"k" * 32
AGENCY, PERSON, PLACE = UUID(int=1), UUID(int=2), "person.name"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=40)


@given(VALUES)
def test_what_is_sealed_opens_to_the_same(value: object) -> None:
    sealer = Sealer(AGENCY, PERSON, KEY)
    assert sealer.open(PLACE, sealer.seal(PLACE, value)) == value


@given(NAMES)
def test_sealing_hides_the_value_and_never_gives_the_same_bytes_twice(name: str) -> None:
    sealer = Sealer(AGENCY, PERSON, KEY)
    once, twice = sealer.seal(PLACE, name), sealer.seal(PLACE, name)
    assert once != twice
    assert len(name) < 3 or name.encode() not in once


@pytest.mark.parametrize(
    ("agency_id", "person_id", "place", "key"),
    [
        (UUID(int=9), PERSON, PLACE, KEY),
        (AGENCY, UUID(int=9), PLACE, KEY),
        (AGENCY, PERSON, "person.phone", KEY),
        (AGENCY, PERSON, "patron.name", KEY),
        (AGENCY, PERSON, PLACE, b"x" * 32),
        (PERSON, AGENCY, PLACE, KEY),
    ],
    ids=["agency", "person", "column", "table", "key", "swapped"],
)
def test_a_sealed_value_cannot_be_moved(agency_id: UUID, person_id: UUID, place: str, key: bytes) -> None:
    sealed = Sealer(AGENCY, PERSON, KEY).seal(PLACE, "Ana Ruiz")
    with pytest.raises(WrongKey):
        Sealer(agency_id, person_id, key).open(place, sealed)


@given(st.data())
def test_one_changed_bit_is_noticed(data: st.DataObject) -> None:
    sealer = Sealer(AGENCY, PERSON, KEY)
    sealed = bytearray(sealer.seal(PLACE, "Ana Ruiz"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(WrongKey):
        sealer.open(PLACE, bytes(sealed))


@pytest.mark.parametrize("cut", [0, 5, 12, 20])
def test_a_shortened_value_is_noticed(cut: int) -> None:
    sealer = Sealer(AGENCY, PERSON, KEY)
    with pytest.raises(WrongKey):
        sealer.open(PLACE, sealer.seal(PLACE, "Ana Ruiz")[:cut])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("José", "jose"),
        ("MÜLLER", "muller"),
        ("Weiß", "WEISS"),
        ("  Ana   Ruiz ", "ana ruiz"),
        ("O’Brien", "o'brien"),
        ("Ångström", "angstrom"),
        ("İpek", "ipek"),
        ("Ｔａｎ", "tan"),
        ("Nguyễn", "nguyen"),
        ("ñ", "n\u0303"),
    ],
)
def test_one_name_written_two_ways_has_one_index(one: str, other: str) -> None:
    assert blind_index(KEY, "name", one) == blind_index(KEY, "name", other)


@pytest.mark.parametrize(("one", "other"), [("Ana", "Anna"), ("李", "王"), ("ab c", "a bc"), ("O'Brien", "OBrien")])
def test_different_names_have_different_indexes(one: str, other: str) -> None:
    assert blind_index(KEY, "name", one) != blind_index(KEY, "name", other)


@given(NAMES)
def test_normalizing_twice_changes_nothing(name: str) -> None:
    assert normalized(normalized(name)) == normalized(name)


@given(NAMES, NAMES)
def test_an_index_is_of_one_kind_one_key_and_one_division_into_parts(one: str, other: str) -> None:
    index = blind_index(KEY, "name", one, other)
    assert index != blind_index(KEY, "phone", one, other)
    assert index != blind_index(b"x" * 32, "name", one, other)
    assert index != blind_index(KEY, "name", one + other)
    assert len(index) == 32


def ring(ground: Any, root: bytes = KEY) -> KeyRing:
    return KeyRing(root, ground.echo.tables)


def agency(ground: Any, agency_id: UUID) -> Any:
    scope = Scope(agency_id, None, uuid7())
    return transaction(ground.engine("echo_api"), ground.echo.tables, scope)


async def test_a_key_made_in_a_transaction_that_rolls_back_is_never_kept(ground: Any) -> None:
    keys, agency_id, person_id = ring(ground), uuid4(), uuid4()
    with pytest.raises(ZeroDivisionError):  # noqa: PT012 - the transaction is what is left by it
        async with agency(ground, agency_id) as db:
            lost = (await keys.sealer(db, agency_id, person_id)).seal(PLACE, "Ana")
            raise ZeroDivisionError

    assert keys.cached(agency_id, person_id) is None
    async with agency(ground, agency_id) as db:
        again = await keys.sealer(db, agency_id, person_id)
    with pytest.raises(WrongKey):
        again.open(PLACE, lost)
    assert keys.cached(agency_id, person_id) is not None


async def test_a_key_made_in_a_transaction_whose_commit_fails_is_never_kept(ground: Any) -> None:
    keys, agency_id, person_id = ring(ground), uuid4(), uuid4()
    twice = text("insert into echo.thing (agency_id, id, title, version) values (:a, :i, 'same', 1)")
    with pytest.raises(IntegrityError):  # noqa: PT012 - the commit raises
        async with agency(ground, agency_id) as db:
            await keys.sealer(db, agency_id, person_id)
            for _ in range(2):
                await db.execute(twice, {"a": agency_id, "i": uuid7()})

    assert keys.cached(agency_id, person_id) is None
    assert await ground.value("select count(*) from echo.key_ring where agency_id = :a", a=agency_id) == 0


async def test_two_who_need_a_new_persons_key_at_once_get_the_same(ground: Any) -> None:
    agency_id, person_id = uuid4(), uuid4()

    async def seal() -> bytes:
        async with agency(ground, agency_id) as db:
            return (await ring(ground).sealer(db, agency_id, person_id)).seal(PLACE, "Ana")

    sealed = await asyncio.gather(*(seal() for _ in range(4)))

    async with agency(ground, agency_id) as db:
        sealer = await ring(ground).sealer(db, agency_id, person_id)
    assert [sealer.open(PLACE, one) for one in sealed] == ["Ana"] * 4


async def test_another_root_key_opens_nothing(ground: Any) -> None:
    agency_id, person_id = uuid4(), uuid4()
    async with agency(ground, agency_id) as db:
        await ring(ground).sealer(db, agency_id, person_id)

    with pytest.raises(WrongKey):
        async with agency(ground, agency_id) as db:
            await ring(ground, b"x" * 32).sealer(db, agency_id, person_id)


async def test_a_wrapped_key_cannot_be_given_to_another_person(ground: Any) -> None:
    agency_id, ana, ben = uuid4(), uuid4(), uuid4()
    async with agency(ground, agency_id) as db:
        for person_id in (ana, ben):
            await ring(ground).sealer(db, agency_id, person_id)
    await ground.run(
        "update echo.key_ring set wrapped = (select wrapped from echo.key_ring where subject_id = :ana) "
        "where subject_id = :ben",
        ana=ana,
        ben=ben,
    )

    with pytest.raises(WrongKey):
        async with agency(ground, agency_id) as db:
            await ring(ground).sealer(db, agency_id, ben)


async def test_many_peoples_sealers_are_those_they_have_alone(ground: Any) -> None:
    agency_id, people = uuid4(), [uuid4() for _ in range(12)]
    async with agency(ground, agency_id) as db:
        alone = (await ring(ground).sealer(db, agency_id, people[0])).seal(PLACE, "Ana")
        together = await ring(ground).sealers(db, agency_id, people)
        sealed = together[people[1]].seal(PLACE, "Ben")

    async with agency(ground, agency_id) as db:
        again = await ring(ground).sealer(db, agency_id, people[1])
    assert set(together) == set(people)
    assert (together[people[0]].open(PLACE, alone), again.open(PLACE, sealed)) == ("Ana", "Ben")


async def test_indexes_differ_between_agencies(ground: Any) -> None:
    keys, indexes = ring(ground), set()
    for _ in range(2):
        agency_id = uuid4()
        async with agency(ground, agency_id) as db:
            indexes.add(blind_index(await keys.index_key(db, agency_id), "name", "Ana"))
    indexes.add(blind_index(keys.platform_index_key(), "name", "Ana"))

    assert len(indexes) == 3


async def test_unwrapped_keys_are_kept_in_bounded_memory(ground: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.privacy.CACHED_KEYS", 5)
    keys, agency_id = ring(ground), uuid4()
    async with agency(ground, agency_id) as db:
        await keys.sealers(db, agency_id, [uuid4() for _ in range(20)])

    assert len(keys._known) == 5
