"""Doing in one transaction what several ask for at the same moment."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar
from uuid import UUID

from common.database import Db

Done = TypeVar("Done")
Work = Callable[[Db], Awaitable[Any]]


class Together:
    """Gathers what comes in while a transaction of the same agency runs, and does it in the next one.

    If that fails, each is done in a transaction of its own, so that one that breaks does not take the others with it.
    """

    def __init__(self, begin: Callable[[UUID], AbstractAsyncContextManager[Db]]) -> None:
        self._begin = begin
        self._waiting: defaultdict[UUID, list[tuple[Work, asyncio.Future[Any]]]] = defaultdict(list)
        self._working: dict[UUID, asyncio.Task[None]] = {}

    async def do(self, agency_id: UUID, work: Callable[[Db], Awaitable[Done]]) -> Done:
        """Do `work` in a transaction; on return it is committed. Raises what it raises."""
        done: asyncio.Future[Done] = asyncio.get_running_loop().create_future()
        self._waiting[agency_id].append((work, done))
        if agency_id not in self._working:
            self._working[agency_id] = asyncio.create_task(self._work(agency_id))
        return await done

    async def _work(self, agency_id: UUID) -> None:
        try:
            while waiting := self._waiting.pop(agency_id, None):
                await self._run(agency_id, waiting)
        finally:
            del self._working[agency_id]

    async def _run(self, agency_id: UUID, waiting: list[tuple[Work, asyncio.Future[Any]]]) -> None:
        try:
            async with self._begin(agency_id) as db:
                results = [await work(db) for work, _ in waiting]
        except Exception as error:
            if len(waiting) > 1:
                for one in waiting:
                    await self._run(agency_id, [one])
            elif not waiting[0][1].done():
                waiting[0][1].set_exception(error)
            return
        for (_, done), result in zip(waiting, results, strict=True):
            if not done.done():  # whoever asked may have gone
                done.set_result(result)
