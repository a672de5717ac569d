"""The committed JSON Schemas of every fact, and what may change in them within a version: optional fields, no more."""

import json
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import common.contracts
from common.contracts.envelope import Fact

Schema = dict[str, Any]


def known() -> dict[str, Fact]:
    """Return every fact of every contract, by type."""
    for module in pkgutil.iter_modules(common.contracts.__path__):
        import_module(f"common.contracts.{module.name}")
    return dict(sorted(Fact.known.items()))


def schema(fact: Fact) -> Schema:
    """Return the JSON Schema of a fact on the wire: the CloudEvent with its data, as a reader may expect it."""
    return fact.envelope.model_json_schema(mode="serialization") | {"$id": f"handrail:{fact.type}", "title": fact.type}


class Incompatible(Exception):
    """A change that needs a new version of the fact beside the old one; the text says what changed."""


def export(folder: Path) -> list[Path]:
    """Write one file for each fact; return them. Raises `Incompatible` before it would overwrite a promise."""
    folder.mkdir(parents=True, exist_ok=True)
    new = {folder / f"{name}.json": schema(fact) for name, fact in known().items()}
    for file, now in new.items():
        if file.exists() and (broken := breaks(json.loads(file.read_text()), now)):
            raise Incompatible(f"{file.name}: {'; '.join(broken)}")
    for file, now in new.items():
        file.write_text(json.dumps(now, indent=2, ensure_ascii=False) + "\n")
    return list(new)


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return what in `new` a reader or writer of `old` could trip over; empty if they get along."""
    return list(_breaks(old, new, _Pair(old, new), "", frozenset()))


class _Pair:
    """The definitions of both schemas, for following references."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old.get("$defs", {})
        self._new = new.get("$defs", {})

    def followed(self, old: Schema, new: Schema) -> tuple[Schema, Schema]:
        return _followed(old, self._old), _followed(new, self._new)


def _followed(one: Schema, definitions: dict[str, Schema]) -> Schema:
    return definitions[one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one


def _breaks(old: Schema, new: Schema, pair: _Pair, place: str, above: frozenset[str]) -> Iterator[str]:
    if (reference := old.get("$ref")) is not None:
        if reference in above:
            return
        above |= {reference}
    old, new = pair.followed(old, new)
    for name in ("type", "format", "const", "pattern"):
        if old.get(name) != new.get(name):
            yield f"{place or '/'}: {name} was {old.get(name)}, is {new.get(name)}"
    yield from _words(old, new, place)
    yield from _bounds(old, new, place)
    yield from _fields(old, new, pair, place, above)
    if "items" in old:
        yield from _breaks(old["items"], new.get("items", {}), pair, f"{place}/*", above)
    yield from _choices(old, new, pair, place, above)


def _words(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """A word that goes away strands old events; a word that comes strands old readers, so both need a version."""
    gone, come = (
        set(old.get("enum", [])) - set(new.get("enum", [])),
        set(new.get("enum", [])) - set(old.get("enum", [])),
    )
    yield from (f"{place}: the code {word} is gone" for word in sorted(gone))
    yield from (f"{place}: the code {word} is new" for word in sorted(come))


def _bounds(old: Schema, new: Schema, place: str) -> Iterator[str]:
    """Old events must stay readable: a bound may widen, never narrow."""
    for name, narrower in (("minimum", 1), ("maximum", -1), ("minLength", 1), ("maxLength", -1), ("minItems", 1)):
        if name in new and (name not in old or (new[name] - old[name]) * narrower > 0):
            yield f"{place}: {name} is narrower"


def _fields(old: Schema, new: Schema, pair: _Pair, place: str, above: frozenset[str]) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, field in before.items():
        if name not in after:
            yield f"{place}/{name}: removed or renamed"
        else:
            yield from _breaks(field, after[name], pair, f"{place}/{name}", above)
    for name in sorted(after.keys() - before.keys()):
        if "default" not in after[name]:
            yield f"{place}/{name}: new and required"
    for name in sorted(before.keys() & after.keys()):
        if "default" in before[name] and "default" not in after[name]:
            yield f"{place}/{name}: required now"


def _choices(old: Schema, new: Schema, pair: _Pair, place: str, above: frozenset[str]) -> Iterator[str]:
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if len(before) != len(after):
        yield f"{place}: was one of {len(before)}, is one of {len(after)}"
        return
    for one, other in zip(before, after, strict=True):
        yield from _breaks(one, other, pair, place, above)
