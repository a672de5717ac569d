"""The order of what a phone sends, what can be read of a bad item, and by what an item is known again."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from common.database import Db, Scope, once_per_transaction, transaction
from common.sync import ITEMS_MOST, Batch, Item, ItemStatus, LooseItem, in_order
from common.synced import digest_of

KEY = b"k" * 32
MADE = "2026-11-01T10:00:00Z"


def item(number: int, *needs: int, kind: str = "session", **more: Any) -> LooseItem:
    said = {"kind": kind, "v": 1, "recorded_at": MADE, "body": {}, "depends_on": [str(UUID(int=n)) for n in needs]}
    return LooseItem.model_validate({"id": UUID(int=number)} | said | more)


@pytest.mark.parametrize(
    ("items", "places", "cyclic"),
    [
        ([item(1), item(2), item(3)], [0, 1, 2], set()),
        ([item(1, 2), item(2, 3), item(3)], [2, 1, 0], set()),
        ([item(1, 3), item(2), item(3)], [2, 0, 1], set()),
        ([item(1, 9), item(2)], [0, 1], set()),  # 9 was sent elsewhere
        ([item(1, 1), item(2)], [1], {0}),
        ([item(1, 2), item(2, 1), item(3, 1), item(4)], [2, 3], {0, 1}),  # 3 only waits for the circle
        ([item(1, 2), item(2, 3), item(3, 1)], [], {0, 1, 2}),
        ([item(1, 2), item(2), item(2)], [1, 2, 0], set()),  # sent twice: after both
        ([item(1, 1), item(1)], [1], {0}),
        ([item(1), item(2, kind="safety"), item(3)], [1, 0, 2], set()),
        ([item(1), item(2, 3, kind="safety"), item(3)], [2, 1, 0], set()),  # with what it depends on
    ],
    ids=[
        "as sent", "chain", "one later", "elsewhere", "itself", "circle", "only a circle", "twice", "twice, one circle",
        "urgent", "urgent with need",
    ],
)  # fmt: skip
def test_items_go_after_what_they_depend_on(items: list[LooseItem], places: list[int], cyclic: set[int]) -> None:
    order = in_order(items, {"safety"})

    assert (order.places, order.cyclic) == (places, cyclic)


needs = st.lists(st.lists(st.integers(0, 12), max_size=3), min_size=1, max_size=12)


@given(needs, st.sets(st.integers(0, 11)))
def test_every_item_has_its_place_once_and_after_its_dependencies(named: list[list[int]], urgent: set[int]) -> None:
    items = [item(place, *of, kind="safety" if place in urgent else "x") for place, of in enumerate(named)]

    order = in_order(items, {"safety"})

    assert sorted([*order.places, *order.cyclic]) == list(range(len(items)))
    for position, place in enumerate(order.places):
        earlier = {one for one in named[place] if one < len(items)} - order.cyclic
        assert earlier <= set(order.places[:position])


@given(needs)
def test_without_circles_nobody_is_cyclic(named: list[list[int]]) -> None:
    items = [item(place, *[one for one in of if one < place]) for place, of in enumerate(named)]

    order = in_order(items)

    assert (order.places, order.cyclic) == (list(range(len(items))), frozenset())


def test_two_hundred_that_all_depend_on_ten_others_are_put_in_order_at_once() -> None:
    items = [item(place, *range(max(0, place - 10), place)) for place in range(ITEMS_MOST)]

    assert in_order(list(reversed(items))).places == list(reversed(range(ITEMS_MOST)))


BAD: dict[str, Any] = {
    "kind": 7, "v": "2", "depends_on": {"a": "b"}, "recorded_at": [], "about": 1, "expected": "x", "body": [1],
}  # fmt: skip


@pytest.mark.parametrize("field", BAD)
def test_a_bad_item_can_still_be_named(field: str) -> None:
    loose = item(1, **{field: BAD[field]})

    assert (loose.id, loose.record_id) == (UUID(int=1), UUID(int=1))
    assert in_order([loose]).places == [0]
    with pytest.raises(ValidationError):
        Item.model_validate({"id": loose.id, "v": 1} | loose.said | ({"v": 0} if field == "v" else {}))


@pytest.mark.parametrize("body", [{"id": "x"}, {"id": 7}, {}, [], "x", None])
def test_a_record_without_an_id_of_its_own_has_its_items(body: Any) -> None:
    assert item(5, body=body).record_id == UUID(int=5)


def test_a_records_own_id_is_taken() -> None:
    assert item(5, body={"id": str(UUID(int=6))}).record_id == UUID(int=6)


def test_a_batch_is_one_to_two_hundred_items_with_ids() -> None:
    one = {"id": str(UUID(int=1)), "whatever": None}

    assert len(Batch.model_validate({"items": [one] * ITEMS_MOST}).items) == ITEMS_MOST
    for items in ([], [one] * (ITEMS_MOST + 1), [{"id": "x"}], [{}]):
        with pytest.raises(ValidationError):
            Batch.model_validate({"items": items})


def test_the_shape_of_an_item_is_documented() -> None:
    described = Batch.model_json_schema()["properties"]["items"]["items"]

    assert {"id", "kind", "v", "recorded_at", "body"} == set(described["required"])
    assert set(described["properties"]) == set(Item.model_fields)


# Known again


def test_the_same_item_has_the_same_digest_whatever_it_waits_for() -> None:
    first = item(1, body={"a": 1, "b": {"c": [1, 2]}})

    for same in (
        item(1, 2, 3, body={"b": {"c": [1, 2]}, "a": 1}),
        item(1, body={"a": 1, "b": {"c": [1, 2]}}, recorded_at="2031-01-01T00:00:00Z"),
        item(2, body={"a": 1, "b": {"c": [1, 2]}}),
    ):
        assert digest_of(KEY, same) == digest_of(KEY, first)


@pytest.mark.parametrize(
    "other",
    [{"body": {"a": 2}}, {"kind": "x"}, {"v": 2}, {"about": str(UUID(int=3))}, {"expected": 2}, {"body": {}}],
    ids=str,
)
def test_another_item_has_another_digest(other: dict[str, Any]) -> None:
    assert digest_of(KEY, item(1, **{"body": {"a": 1}} | other)) != digest_of(KEY, item(1, body={"a": 1}))


def test_a_digest_tells_nothing_without_the_key() -> None:
    one = item(1, body={"name": "Maria Gonzales"})

    assert digest_of(KEY, one) != digest_of(b"x" * 32, one)
    assert len(digest_of(KEY, one)) == 32


def test_what_no_reader_can_read_has_no_digest_that_equals_another() -> None:
    inner: dict[str, Any] = {}
    for _ in range(20_000):
        inner = {"a": inner}
    deep = LooseItem.model_construct(id=uuid4(), __pydantic_extra__={"body": inner})
    object.__setattr__(deep, "__pydantic_extra__", {"body": inner})

    assert digest_of(KEY, deep) == b""


def test_only_two_answers_let_the_phone_forget() -> None:
    assert {status.value for status in ItemStatus} == {"done", "duplicate", "conflict", "refused", "later"}


# Asked once in a transaction


async def test_a_read_is_asked_once_in_a_transaction_and_again_in_the_next(ground: Any) -> None:
    asked: list[tuple[object, ...]] = []

    @once_per_transaction
    async def clock(db: Db, *of: object, **more: object) -> object:
        asked.append((*of, *more.items()))
        return await db.scalar(select(func.clock_timestamp()))

    async def twice() -> list[object]:
        scope = Scope(uuid4(), None, uuid7())
        async with transaction(ground.engine("echo_api"), ground.echo.tables, scope) as db:
            return [await clock(db, 1), await clock(db, 1), await clock(db, 2), await clock(db, 1, day=3)]

    first, second = await twice(), await twice()

    assert asked == [(1,), (2,), (1, ("day", 3))] * 2
    assert first[0] == first[1]
    assert len({*first, *second}) == 6
