"""One person under two records: whoever serves one of them finds the sessions of both, until the merge is undone."""

import uuid
from datetime import UTC, datetime
from typing import Any

from common.contracts import intake
from handrail.testing import add_staff

SESSIONS = "/api/session-logging/v1/sessions"


async def listed(caller: Any, person: Any) -> set[str]:
    answer = await caller.get(SESSIONS, participant_id=str(person.participant_id))
    return {one["id"] for one in answer.json()["items"]}


async def test_the_sessions_of_merged_records_are_found_together(shared: Any) -> None:
    colleague = await add_staff(shared.administrator, "peer")
    first, second = await shared.enrol(), await shared.enrol(colleague)
    one = str(await shared.peer.created(SESSIONS, shared.session(first)))
    other = str(await colleague.created(SESSIONS, shared.session(second)))
    assert await listed(shared.peer, second) == set()
    assert (await shared.peer.get(f"{SESSIONS}/{other}")).status_code == 404

    merge_id = uuid.uuid4()
    merged = intake.MergeFacts(
        merge_id=merge_id, survivor_id=first.participant_id, merged_id=second.participant_id,
        merged_at=datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    await shared.tell(intake.PARTICIPANTS_MERGED, merged, about=merge_id)
    await shared.heard("merge", [merge_id])

    for person in (first, second):
        assert await listed(shared.peer, person) == {one, other}
        assert await listed(shared.administrator, person) == {one, other}
    assert (await shared.peer.get(f"{SESSIONS}/{other}")).status_code == 200

    undone = merged.model_copy(update={"undone_at": datetime(2026, 3, 2, tzinfo=UTC)})
    await shared.tell(intake.PARTICIPANTS_SPLIT, undone, about=merge_id, seq=2)
    await shared.platform.eventually("select seq from session_logging.merge where id = :id", 2, id=merge_id)

    assert await listed(shared.peer, first) == {one}
    assert (await shared.peer.get(f"{SESSIONS}/{other}")).status_code == 404
