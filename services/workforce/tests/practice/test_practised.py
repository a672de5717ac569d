"""The rows that a worker's standing is judged from."""

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from common.contracts.codes import CredentialStatus
from common.contracts.workforce_codes import AttestationKind, SupervisionMode, WorkHoursKind
from common.database import Scope, transaction
from workforce.models import TABLES
from workforce.queries import practised
from workforce.queries.work_hours import totals_of
from workforce.rules.credentials import status_on

W = "/api/workforce/v1"


async def test_rows_hold_what_stands_and_nothing_that_was_taken_back(open_house: Any) -> None:
    house = await open_house()
    peer, nobody = house.peer.staff_id, uuid.uuid4()
    held = {"staff_ids": [str(peer)], "minutes": 30, "mode": "video"}
    for day in ("2026-02-01", "2026-03-01", "2026-04-01"):
        supervision_id = await house.supervisor.created(f"{W}/supervisions", held | {"held_on": day})
    await house.supervisor.put(f"{W}/supervisions/{supervision_id}/void", {"reason": "not_held"}, 1)
    proposed = {"supervisor_id": str(house.supervisor.staff_id), "held_on": "2026-05-01", "minutes": 30}
    await house.peer.created(f"{W}/supervision-proposals", proposed | {"mode": "video"})
    await house.peer.created(f"{W}/attestations", {"kind": "recovery", "text_version": "1"})
    credential = {
        "staff_id": str(peer), "credential_type": "recovery_coach", "specialty": "family", "issuer": "Board",
        "valid_from": "2026-01-01", "valid_to": "2027-01-01",
    }  # fmt: skip
    credential_id = await house.administrator.created(f"{W}/credentials", credential)
    suspended = {"status": "suspended", "since": "2026-02-01", "reason": "complaint"}
    await house.administrator.put(f"{W}/credentials/{credential_id}/status", suspended, 1)
    hours = {"staff_id": str(peer), "kind": "supervised_work", "hours": 8, "from_on": "2026-02-02"}
    await house.supervisor.created(f"{W}/work-hours", hours | {"to_on": "2026-02-02"})

    async with transaction(house.platform.admin, TABLES, Scope(house.peer.agency_id, None, uuid.uuid4())) as db:
        supervisions = await practised.supervisions_of(db, [peer, nobody], date(2026, 2, 2))
        last = await practised.last_supervised_on(db, [peer, nobody])
        declared = await practised.declared_by(db, [peer])
        [known] = (await practised.credentials_held(db, [peer]))[peer]
        totals = await totals_of(db, peer, date(2026, 2, 1)), await totals_of(db, peer)

    assert supervisions[nobody] == []
    assert [(one.held_on, one.mode) for one in supervisions[peer]] == [(date(2026, 3, 1), SupervisionMode.VIDEO)]
    assert last == {peer: date(2026, 3, 1)}
    assert [one.kind for one in declared[peer]] == [AttestationKind.RECOVERY]
    assert status_on(known.statuses, date(2026, 1, 31)) is CredentialStatus.ACTIVE
    assert status_on(known.statuses, date(2026, 2, 1)) is CredentialStatus.SUSPENDED
    assert [one[WorkHoursKind.SUPERVISED_WORK] for one in totals] == [Decimal(0), Decimal(8)]
