"""What a service says of each kind of item that it takes from a phone: the ordinary request that it stands for."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError
from sqlalchemy import Table

from common.database import Db
from common.errors import Refused, Unprocessable
from common.http import Created
from common.identity import Actor
from common.privacy import KeyRing
from common.problems import invalid
from common.sync import FORM_VERSION, Item, LooseItem

B = TypeVar("B", bound=BaseModel)
STALE = frozenset({"stale-version"})


@dataclass(frozen=True, slots=True)
class Sent(Generic[B]):
    """An item whose body was checked."""

    item: Item
    body: B

    @property
    def about(self) -> UUID:
        assert self.item.about is not None  # checked with the item, for kinds that need it
        return self.item.about

    @property
    def expected(self) -> int:
        assert self.item.expected is not None  # checked with the item, for kinds that need it
        return self.item.expected


Do = Callable[[Db, KeyRing, Actor, Sent[B]], Awaitable[Created]]


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a kind's records are, and which columns say who recorded them, and when.

    `worker` is None where the record does not say; an id that a client made is not met by chance.
    """

    table: Table
    worker: str | None
    at: str = "recorded_at"


@dataclass(frozen=True, slots=True)
class Theirs:
    """How what stands is shown to somebody whose change came too late: `action` is its audit entry."""

    action: str
    read: Callable[[Db, KeyRing, Actor, UUID], Awaitable[BaseModel]]
    instead_of: frozenset[str] = STALE  # the refusals that say so


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[B]):
    """How one kind of item is done. `route`: of the ordinary request, with `{about}` in it where that has an id.

    `location`: as that route answers it. `changes`: it wants the version that was seen. `together`: it only adds a
    record, so that many of its kind may be done in one transaction.
    """

    body: type[B]
    route: str
    do: Do[B]
    location: str | None = None
    changes: bool = False
    together: bool = False
    keeping: Keeping | None = None
    theirs: Theirs | None = None

    @property
    def needs_about(self) -> bool:
        return "{about}" in self.route

    def asked(self, item: Item) -> str:
        """Return what the ordinary request would be; its fingerprint is taken of that."""
        return self.route.format(about=item.about) + (f" {item.expected}" if self.changes else "")


@dataclass(frozen=True, slots=True)
class Forms:
    """What one service takes. `urgent`: kinds that go first. `not_here`: refusals that facts on their way may lift."""

    kinds: Mapping[str, Kind[Any]]
    synced: Table
    not_here: Collection[str]
    urgent: Collection[str] = ()

    def kind_of(self, item: LooseItem) -> Kind[Any] | None:
        return self.kinds.get(item.kind or "")


def checked(forms: Forms, loose: LooseItem) -> tuple[Kind[Any], Sent[Any]]:
    """Return an item that is as its kind wants it. Raises `Refused`; pointers are into the item's body, as ever."""
    version = loose.said.get("v")
    if isinstance(version, int) and version != FORM_VERSION:
        detail = "This was written with another version of the form. Reload the app, look at the entry, send it again."
        raise Unprocessable("form-version", detail, "/v")
    item = _validated(Item, {"id": loose.id, **loose.said})
    kind = forms.kind_of(loose)
    if kind is None:
        raise Unprocessable("unknown-kind", "This kind of entry is not sent here. Update the app.", "/kind")
    _require("about", given=item.about is not None, wanted=kind.needs_about)
    _require("expected", given=item.expected is not None, wanted=kind.changes)
    return kind, Sent(item, _validated(kind.body, item.body))


def _validated(model: type[B], value: object) -> B:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise invalid(error.errors()) from error


def _require(name: str, *, given: bool, wanted: bool) -> None:
    if given != wanted:
        detail = f"Send `{name}` with this kind of entry." if wanted else f"Leave `{name}` out of this kind of entry."
        raise Refused("invalid-request", detail, status=422, fields=[{"pointer": f"/{name}", "detail": detail}])


def identified(sent: Sent[Any]) -> Sent[Any]:
    """Let the new record have the item's id, where its kind takes one and the body gives none."""
    if "id" not in type(sent.body).model_fields or sent.body.id is not None:
        return sent
    return Sent(sent.item, sent.body.model_copy(update={"id": sent.item.id}))


def sealing(command: Callable[[Db, KeyRing, Actor, B], Awaitable[Created]]) -> Do[B]:
    """Return how an item is done whose body is all that its command takes."""

    async def do(db: Db, keys: KeyRing, actor: Actor, sent: Sent[B]) -> Created:
        return await command(db, keys, actor, sent.body)

    return do


def plain(command: Callable[[Db, Actor, B], Awaitable[Created]]) -> Do[B]:
    """Return the same for a command that seals nothing."""

    async def do(db: Db, _: KeyRing, actor: Actor, sent: Sent[B]) -> Created:
        return await command(db, actor, sent.body)

    return do
