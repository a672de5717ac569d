"""What a phone sends once it has a connection again: its items, the order in which they go, and the answer to each.

An item is an ordinary request that waited: its id is its Idempotency-Key, in lower case with hyphens, and `body` is
what the ordinary route takes. Everything here is pure; `common.syncing` does the work.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, WithJsonSchema

from common.problems import Problem
from common.text import Asked, Code, Distinct, Instant

ITEMS_MOST = 200
BYTES_MOST = 512 * 1024
DEPENDENCIES_MOST = 10
VERSION_MOST = 2_147_483_647
FORM_VERSION = 1


class ItemStatus(StrEnum):
    """What became of an item; only after the first two may the phone forget it.

    `conflict`: somebody changed it meanwhile; `theirs` is what stands. `refused`: this item, as it is, never.
    `later`: send it again; what it belongs to is not here yet, or we could not do it just now.
    """

    DONE = "done"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    REFUSED = "refused"
    LATER = "later"


SENT = frozenset({ItemStatus.DONE, ItemStatus.DUPLICATE})


class Item(Asked):
    """One request that waited on a phone."""

    id: UUID = Field(
        description="made by the client: the Idempotency-Key, and the new record's id if `body` gives none"
    )
    kind: Code = Field(description="what is sent, such as `session`")
    v: int = Field(ge=1, description=f"version of the form that `body` was written with: {FORM_VERSION}")
    depends_on: Annotated[list[UUID], Distinct] = Field(
        default=[], max_length=DEPENDENCIES_MOST, description="items that go first, of this batch or sent elsewhere"
    )
    recorded_at: Instant = Field(description="by the phone's clock, which may be wrong")
    about: UUID | None = Field(default=None, description="the record that the ordinary route has in its path")
    expected: int | None = Field(
        default=None, ge=1, le=VERSION_MOST, description="the version that was seen, where something is changed"
    )
    body: Annotated[dict[str, JsonValue], WithJsonSchema({"type": "object"})] = Field(
        description="what the ordinary route takes"
    )


class LooseItem(BaseModel):
    """An item before anything but its id was looked at, so that a bad one can be answered by itself."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: UUID

    @property
    def said(self) -> dict[str, JsonValue]:
        return dict(self.model_extra or {})

    @property
    def kind(self) -> str | None:
        kind = self.said.get("kind")
        return kind if isinstance(kind, str) else None

    @property
    def depends_on(self) -> list[UUID]:
        """What it waits for, as far as that can be read."""
        named = self.said.get("depends_on")
        return [found for one in named if (found := _id(one))] if isinstance(named, list) else []

    @property
    def about(self) -> UUID | None:
        return _id(self.said.get("about"))

    @property
    def record_id(self) -> UUID:
        """The id of the record that it makes."""
        body = self.said.get("body")
        return (_id(body.get("id")) if isinstance(body, dict) else None) or self.id


def _id(value: JsonValue) -> UUID | None:
    try:
        return UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None


class Batch(Asked):
    """What waited on a phone, in whatever order."""

    items: list[Annotated[LooseItem, WithJsonSchema(Item.model_json_schema())]] = Field(
        min_length=1, max_length=ITEMS_MOST
    )


class Answered(BaseModel):
    """What became of one item. `answer`: what the ordinary route answers, while that is kept."""

    id: UUID
    status: ItemStatus
    record_id: UUID | None = None
    version: int | None = None
    answer: dict[str, JsonValue] | None = None
    problem: Problem | None = None
    theirs: dict[str, JsonValue] | None = Field(
        default=None, description="in a conflict: what stands, as the caller may read it"
    )


class Answers(BaseModel):
    """An answer to each item, in the order of the request."""

    items: list[Answered]
    server_time: AwareDatetime = Field(description="to hold the phone's clock against")


@dataclass(frozen=True, slots=True)
class Order:
    """Places of a batch: which are tried, each after all that it depends on; and which wait for themselves."""

    places: list[int]
    cyclic: frozenset[int]


def in_order(items: Sequence[LooseItem], urgent: Collection[str] = ()) -> Order:
    """Return the order of a batch: `urgent` kinds with all that they depend on first, else as they were sent."""
    needs = _needs(items)
    cyclic = frozenset(place for place in needs if place in _reached(needs, place))
    places: list[int] = []
    seen = set(cyclic)

    def visit(place: int) -> None:
        if place in seen:
            return
        seen.add(place)
        for earlier in needs[place]:
            visit(earlier)
        places.append(place)

    for place in sorted(needs, key=lambda place: (items[place].kind not in urgent, place)):
        visit(place)
    return Order(places, cyclic)


def _needs(items: Sequence[LooseItem]) -> dict[int, list[int]]:
    """Return by place the places that go first; an id that was sent twice stands for both of its places."""
    places: dict[UUID, list[int]] = {}
    for place, item in enumerate(items):
        places.setdefault(item.id, []).append(place)
    return {
        place: sorted({other for one in item.depends_on for other in places.get(one, ())})
        for place, item in enumerate(items)
    }


def _reached(needs: Mapping[int, Sequence[int]], start: int) -> set[int]:
    """Return every place that `start` waits for, however indirectly; itself among them if it is part of a cycle."""
    reached: set[int] = set()
    waiting = list(needs[start])
    while waiting:
        place = waiting.pop()
        if place not in reached:
            reached.add(place)
            waiting.extend(needs[place])
    return reached


def same_form(item: LooseItem) -> dict[str, Any]:
    """Return what must be the same when an item is sent again: but for what it waits for and when it was made."""
    said = item.said
    return {name: said.get(name) for name in ("kind", "v", "about", "expected", "body")}
