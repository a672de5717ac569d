"""What staff are credentialed for."""

from uuid import UUID

from uuid_utils.compat import uuid7

from common.contracts import workforce as facts
from common.contracts.codes import CredentialStatus, CredentialType, Specialty
from common.database import Db
from common.errors import Unprocessable
from common.http import Created
from common.text import Asked, Day, Line
from workforce.commands.staff import require_staff
from workforce.models import Credential


class RecordCredential(Asked):
    staff_id: UUID
    credential_type: CredentialType
    specialty: Specialty
    issuer: Line
    valid_from: Day
    valid_to: Day
    status: CredentialStatus = CredentialStatus.ACTIVE


async def record_credential(db: Db, request: RecordCredential) -> Created:
    if request.valid_to < request.valid_from:
        raise Unprocessable("credential-ends-before-it-starts", "Correct the days of validity.", "/valid_to")
    await require_staff(db, request.staff_id)
    credential = Credential(agency_id=db.scope.agency_id, id=uuid7(), version=1, **request.model_dump())
    db.add(credential)
    db.publish(
        facts.CREDENTIAL_RECORDED,
        facts.CredentialFacts(credential_id=credential.id, **request.model_dump(exclude={"issuer"})),
        about=credential.id,
        seq=1,
    )
    db.audit("credential.record", credential.id)
    return Created(id=credential.id, version=1)
