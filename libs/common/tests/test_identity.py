"""Which sign-ins ended, as a service that checks tokens learns it; and sensitive acts that want a fresh proof."""

import asyncio
import time
import uuid
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from common.contracts.codes import Role
from common.errors import Forbidden, Unauthenticated
from common.http import SteppedUp
from common.identity import Actor, EndedSignIns, Verifier
from workforce.tokens import Tokens

OUT, IN = uuid.UUID(int=1), uuid.UUID(int=2)
LONG = 3600.0


class Source:
    """What workforce would answer: who ended, or nothing at all."""

    def __init__(self) -> None:
        self.ended: frozenset[UUID] = frozenset()
        self.asked = 0
        self.away = False
        self.slow = asyncio.Event()
        self.slow.set()

    async def ask(self) -> frozenset[UUID]:
        self.asked += 1
        await self.slow.wait()
        if self.away:
            raise OSError
        return self.ended


async def test_the_first_request_waits_for_the_list_and_is_refused_by_it() -> None:
    source = Source()
    source.ended = frozenset({OUT})
    known = EndedSignIns(source.ask, LONG)

    await known.refuse(IN)
    with pytest.raises(Unauthenticated):
        await known.refuse(OUT)

    assert source.asked == 1


async def test_many_at_once_ask_once_and_all_wait() -> None:
    source = Source()
    source.slow.clear()
    known = EndedSignIns(source.ask, LONG)

    asking = [asyncio.create_task(known.refuse(OUT)) for _ in range(10)]
    await asyncio.sleep(0)
    source.ended = frozenset({OUT})
    source.slow.set()
    answers = await asyncio.gather(*asking, return_exceptions=True)

    assert source.asked == 1
    assert all(isinstance(answer, Unauthenticated) for answer in answers)


async def test_news_that_is_due_but_not_overdue_keeps_nobody_waiting() -> None:
    source = Source()
    known = EndedSignIns(source.ask, LONG)
    await known.refuse(IN)
    source.ended = frozenset({OUT})
    source.slow.clear()

    known._known_at = known._tried_at = time.monotonic() - 1.5 * LONG
    await known.refuse(OUT)  # answered at once; meanwhile the list is asked for
    source.slow.set()
    assert known._asking is not None
    await known._asking

    with pytest.raises(Unauthenticated):
        await known.refuse(OUT)


async def test_news_that_is_overdue_is_waited_for() -> None:
    source = Source()
    known = EndedSignIns(source.ask, LONG)
    await known.refuse(IN)
    source.ended = frozenset({OUT})

    known._known_at = known._tried_at = time.monotonic() - 3.5 * LONG

    with pytest.raises(Unauthenticated):
        await known.refuse(OUT)


async def test_a_workforce_that_is_away_or_silent_keeps_nobody_out_and_lets_nobody_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("common.identity.FETCH_SECONDS", 0.05)
    source = Source()
    source.ended = frozenset({OUT})
    known = EndedSignIns(source.ask, LONG)
    await known.refuse(IN)

    for trouble in ("away", "silent"):
        source.away = trouble == "away"
        source.slow.set() if source.away else source.slow.clear()
        known._known_at = known._tried_at = time.monotonic() - 10 * LONG
        before = source.asked
        await known.refuse(IN)
        await known.refuse(IN)  # not asked again at once
        with pytest.raises(Unauthenticated):
            await known.refuse(OUT)
        assert source.asked == before + 1


def _request(minutes_ago: float) -> Any:
    proved = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    actor = Actor(uuid.uuid4(), uuid.uuid4(), frozenset({"administrator"}), uuid.uuid4(), 1, proved)
    return SimpleNamespace(state=SimpleNamespace(actor=actor))


async def test_a_sensitive_act_wants_a_proof_of_the_last_minutes() -> None:
    await SteppedUp(10)(_request(9.9))

    with pytest.raises(Forbidden) as refused:
        await SteppedUp(10)(_request(10.1))
    assert refused.value.code == "step-up-needed"
    with pytest.raises(Unauthenticated):
        await SteppedUp(10)(SimpleNamespace(state=SimpleNamespace(actor=None)))  # type: ignore[arg-type]  # enough of one


async def test_an_ended_sign_in_is_refused_though_its_token_was_seen_and_good() -> None:
    source = Source()
    tokens = Tokens(b"s" * 32, "handrail", timedelta(minutes=5))
    verifier = Verifier(issuer="handrail", jwks_url="http://127.0.0.1:9/jwks", ended_every=LONG)
    verifier.trust(tokens.public_keys())
    verifier.learn_ended_from(source.ask)
    header = f"Bearer {tokens.issue(uuid.uuid4(), uuid.uuid4(), [Role.PEER])[0]}"
    actor = await verifier.actor(header)

    source.ended = frozenset({actor.sign_in_id})
    verifier._ended._known_at = verifier._ended._tried_at = time.monotonic() - 10 * LONG

    with pytest.raises(Unauthenticated):
        await verifier.actor(header)
