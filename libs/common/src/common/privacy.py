"""Encryption per person and keyed blind indexes; nothing here ever logs a value.

Root key (environment) wraps one key per agency, which wraps one key per person (table `key_ring`).
Every ciphertext is bound to its agency, person, table and column, so it cannot be moved to another row.
"""

import hashlib
import hmac
import os
import unicodedata
from collections import OrderedDict
from collections.abc import Collection, Sequence
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import ARRAY, Uuid, any_, literal, select
from sqlalchemy.dialects.postgresql import insert

from common.database import Db
from common.identity import NOBODY
from common.tables import Foundation

NONCE_BYTES = 12
CACHED_KEYS = 10_000
APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u02b9\u00b4`", "'"))  # phones type the curly ones


class WrongKey(Exception):
    """The root key is not the one that the stored keys were wrapped with."""


class Sealer:
    """Seals and opens one person's values."""

    def __init__(self, agency_id: UUID, subject_id: UUID, key: bytes) -> None:
        self._agency_id = agency_id
        self._subject_id = subject_id
        self._cipher = AESGCM(key)

    def seal(self, place: str, value: object) -> bytes:
        """Return nonce and ciphertext of a JSON-able `value`; `place` is `table.column`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, orjson.dumps(value), self._bound_to(place))

    def open(self, place: str, sealed: bytes) -> object:
        """Return what `seal` was given. Raises `WrongKey` if anything was changed or moved."""
        return orjson.loads(_decrypted(self._cipher, sealed, self._bound_to(place)))

    def _bound_to(self, place: str) -> bytes:
        return f"v1|{self._agency_id}|{self._subject_id}|{place}".encode()


class KeyRing:
    """The wrapped keys of one service, unwrapped on use and kept in memory for a while."""

    def __init__(self, root_key: bytes, tables: Foundation) -> None:
        self._root = AESGCM(root_key)
        self._fingerprint = _derived(root_key, b"fingerprint")
        self._platform_index = _derived(root_key, b"platform-index")
        self._platform_seal = _derived(root_key, b"platform-seal")
        self._tables = tables
        self._known: OrderedDict[tuple[UUID, UUID], bytes] = OrderedDict()

    def cached(self, agency_id: UUID, subject_id: UUID) -> Sealer | None:
        """Return the sealer if its key is at hand, without touching the database."""
        key = self._known.get((agency_id, subject_id))
        return Sealer(agency_id, subject_id, key) if key else None

    async def sealer(self, db: Db, agency_id: UUID, subject_id: UUID) -> Sealer:
        """Return a person's sealer, making the key with the caller's transaction if there is none."""
        return Sealer(agency_id, subject_id, await self._key(db, agency_id, subject_id))

    async def sealers(self, db: Db, agency_id: UUID, subject_ids: Collection[UUID]) -> dict[UUID, Sealer]:
        """Return many people's sealers in a few statements, making the keys that are missing."""
        keys = {one: key for one in subject_ids if (key := self._known.get((agency_id, one)))}
        if absent := set(subject_ids) - keys.keys():
            wrapper = AESGCM(await self._key(db, agency_id, agency_id))
            found = await self._wrapped_many(db, agency_id, absent)
            if missing := absent - found.keys():
                await self._make(db, agency_id, sorted(missing), wrapper)
                found |= await self._wrapped_many(db, agency_id, missing)  # another transaction may have been first
            for one, wrapped in found.items():
                keys[one] = self._unwrapped(db, agency_id, one, wrapper, wrapped)
        return {one: Sealer(agency_id, one, key) for one, key in keys.items()}

    async def index_key(self, db: Db, agency_id: UUID) -> bytes:
        """Return the agency's key for blind indexes."""
        return _derived(await self._key(db, agency_id, agency_id), b"blind-index")

    def platform_index_key(self) -> bytes:
        """Return the key for blind indexes that span agencies (sign-in names)."""
        return self._platform_index

    def platform_sealer(self) -> Sealer:
        """Return the sealer of what belongs to no agency yet (a message that just came in)."""
        return Sealer(NOBODY, NOBODY, self._platform_seal)

    async def _key(self, db: Db, agency_id: UUID, subject_id: UUID) -> bytes:
        if key := self._known.get((agency_id, subject_id)):
            return key
        wrapper = self._root if subject_id == agency_id else AESGCM(await self._key(db, agency_id, agency_id))
        wrapped = await self._wrapped(db, agency_id, subject_id, wrapper)
        return self._unwrapped(db, agency_id, subject_id, wrapper, wrapped)

    def _unwrapped(self, db: Db, agency_id: UUID, subject_id: UUID, wrapper: AESGCM, wrapped: bytes) -> bytes:
        key = _decrypted(wrapper, wrapped, _wrapping(agency_id, subject_id))
        # Only after the commit: a key made by a transaction that rolls back must never seal anything.
        db.after_commit.append(lambda: self._remember(agency_id, subject_id, key))
        return key

    async def _wrapped(self, db: Db, agency_id: UUID, subject_id: UUID, wrapper: AESGCM) -> bytes:
        ring = self._tables.key_ring
        find = select(ring.c.wrapped).where(ring.c.agency_id == agency_id, ring.c.subject_id == subject_id)
        if wrapped := await db.scalar(find):
            return bytes(wrapped)
        await self._make(db, agency_id, [subject_id], wrapper)
        # Another transaction may have been first: read what stands.
        return bytes((await db.scalars(find)).one())

    async def _wrapped_many(self, db: Db, agency_id: UUID, subject_ids: Collection[UUID]) -> dict[UUID, bytes]:
        ring = self._tables.key_ring
        find = select(ring.c.subject_id, ring.c.wrapped).where(
            ring.c.agency_id == agency_id, ring.c.subject_id == any_(literal(list(subject_ids), ARRAY(Uuid)))
        )
        return {row.subject_id: bytes(row.wrapped) for row in await db.execute(find)}

    async def _make(self, db: Db, agency_id: UUID, subject_ids: Sequence[UUID], wrapper: AESGCM) -> None:
        """Store a fresh wrapped key for each subject that has none; in order, so that two calls cannot deadlock."""
        rows = []
        for one in subject_ids:
            nonce = os.urandom(NONCE_BYTES)
            wrapped = nonce + wrapper.encrypt(nonce, os.urandom(32), _wrapping(agency_id, one))
            rows.append(
                {"agency_id": agency_id, "subject_id": one, "wrapped": wrapped, "fingerprint": self._fingerprint}
            )
        await db.execute(insert(self._tables.key_ring).on_conflict_do_nothing(), rows)

    def _remember(self, agency_id: UUID, subject_id: UUID, key: bytes) -> None:
        self._known[agency_id, subject_id] = key
        if len(self._known) > CACHED_KEYS:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Drop every unwrapped key, so that the next use reads the ring again."""
        self._known.clear()


def _decrypted(cipher: AESGCM, sealed: bytes, bound_to: bytes) -> bytes:
    """Raises `WrongKey` if anything was changed, moved or cut off."""
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:  # ValueError: too short to be ours
        raise WrongKey from error


def _wrapping(agency_id: UUID, subject_id: UUID) -> bytes:
    return f"key|{agency_id}|{subject_id}".encode()


def _derived(key: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"handrail|" + purpose).derive(key)


def normalized(text: str) -> str:
    """Fold case, accents, apostrophes and spacing, so that one name written two ways meets itself."""
    plain = _without_accents(_without_accents(text.translate(APOSTROPHES)).casefold())
    return " ".join(plain.split())


def _without_accents(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def blind_index(key: bytes, kind: str, *parts: str) -> bytes:
    """Return a keyed digest for exact-match search; equal inputs of one agency give equal digests."""
    return hmac.digest(key, "\0".join([kind, *(normalized(part) for part in parts)]).encode(), hashlib.sha256)
