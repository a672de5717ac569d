"""What an agency records before it may take people in: six determinations, the privacy notice, and going live."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

STATUS, DETERMINATIONS, LIVE = (f"/api/intake/v1/privacy/{part}" for part in ("status", "determinations", "go-live"))
NOTICE_TEXTS, NOTICE_MODELS = "/api/intake/v1/notice-texts", "/api/intake/v1/notice-models"
GROUNDS = (
    ("part2_program", True, ["diagnosis_treatment_or_referral", "holds_itself_out", "tax_exempt"]),
    ("covered_entity", False, ["health_care_transactions"]),
    ("business_associate", False, ["written_agreement"]),
    ("qualified_service", False, ["written_agreement"]),
    ("intermediary", False, ["general_designation"]),
    ("lawful_holder", False, ["received_records"]),
)
BLANK = "______"
# What an agency writes into the blanks of the model notice, in their order.
CONTACT = ("the privacy officer", "+1 512 555 0100", "privacy@riverbend.test")
BLANKS = {
    "en": (
        "Riverbend Recovery Community", *CONTACT, "The law of our state applies too.", "the front desk",
        "www.riverbend.test", "the privacy officer, at the number above", *CONTACT, "2026-02-16",
    ),
    "es": (
        "Riverbend Recovery Community", *CONTACT, "También vale la ley de nuestro estado.", "la recepción",
        "www.riverbend.test", "la oficina de privacidad, al número de arriba", *CONTACT, "2026-02-16",
    ),
}  # fmt: skip
WAIT_SECONDS = 30.0


class NotLive(Exception):
    """Intake refused something that going live takes."""


async def go_live(
    http: httpx.AsyncClient,
    token: str,
    *,
    notice_version: str = "2026-02",
    effective_on: str = "2026-02-16",
    names: Sequence[str] = (),
) -> None:
    """Determine the six facts, record the notice and go live, as an administrator who answers for privacy.

    `names`: of the agency and its programs, as its papers have them. Does nothing where intake does not run (404),
    and waits where it has not heard of the agency yet.
    """
    status = await _known(http, token)
    if status is None or status["live_at"]:
        return
    yesterday = datetime.now(UTC).date() - timedelta(days=1)  # gone by in every zone
    for fact, holds, codes in GROUNDS:
        decision = {
            "fact": fact,
            "holds": holds,
            "decided_on": yesterday.isoformat(),
            "grounds": "Decided by the board with counsel, on what the agency does and says that it does.",
            "ground_codes": codes,
            "review_on": (yesterday + timedelta(days=365)).isoformat(),
        }
        await _post(http, token, DETERMINATIONS, decision)
    for language in BLANKS:
        words = await _filled_in_notice(http, token, language)
        text = {"notice_version": notice_version, "language": language, "words": words}
        await _post(http, token, NOTICE_TEXTS, text | {"effective_on": effective_on})
    status = await _known(http, token)
    headers = {"Authorization": f"Bearer {token}", "If-Match": f'"{status["version"] if status else 0}"'}
    answers = {"administrator_answers": True, "names": list(names)}
    _checked(await http.put(LIVE, json=answers, headers=headers))


async def _filled_in_notice(http: httpx.AsyncClient, token: str, language: str) -> str:
    """Return the model notice as an agency would fill it in, without its first paragraph, which is for counsel."""
    model = _checked(await http.get(f"{NOTICE_MODELS}/{language}", headers={"Authorization": f"Bearer {token}"}))
    words: str = model["words"].split("\n\n", 1)[1]
    for blank in BLANKS[language]:
        words = words.replace(BLANK, blank, 1)
    return words


async def _known(http: httpx.AsyncClient, token: str) -> dict[str, Any] | None:
    """Return the agency's status once intake has heard of it; None where no intake runs."""
    deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        answer = await http.get(STATUS, headers={"Authorization": f"Bearer {token}"})
        if answer.status_code == 404:
            return None
        if answer.status_code != 503 or asyncio.get_running_loop().time() > deadline:
            return _checked(answer)
        await asyncio.sleep(0.05)


async def _post(http: httpx.AsyncClient, token: str, path: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    _checked(await http.post(path, json=body, headers=headers))


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.status_code >= 400:
        raise NotLive(f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:500]}")
    found: dict[str, Any] = answer.json()
    return found
