"""Whether a consent carries the name of the person whose it is, and a patient's signature is theirs."""

from collections.abc import Sequence
from uuid import UUID

from common.database import Db
from common.errors import Unprocessable
from common.privacy import Sealer
from intake.commands.participants import open_identity
from intake.models import Participant
from intake.rules.consents import ConsentTerms, SignerCapacity
from intake.rules.names import may_be_one_person


async def require_own_name(db: Db, sealer: Sealer, participant_id: UUID, terms: ConsentTerms) -> None:
    """Raise `Unprocessable` if the paper names somebody else, or somebody else signed as the patient.

    Nothing is compared where no name is recorded: outreach meets people who give none.
    """
    names = await _names(db, sealer, participant_id)
    detail = "This is not a name recorded of this person. Correct it, or record the name they use (alias) first."
    if terms.name_as_signed and names and not may_be_one_person(terms.name_as_signed, names):
        raise Unprocessable("consent-names-another", detail, "/name_as_signed")
    signature = terms.signature
    if signature is None or signature.capacity is not SignerCapacity.PATIENT or not (signature.signer and names):
        return
    if not may_be_one_person(signature.signer, names):
        detail = (
            "The signer is not this person by any recorded name. Record the name they use (alias) first, or say in "
            "which capacity somebody else signs."
        )
        raise Unprocessable("signed-by-another", detail, "/signature/signer")


async def _names(db: Db, sealer: Sealer, participant_id: UUID) -> Sequence[str]:
    participant = await db.get_one(Participant, (db.scope.agency_id, participant_id))
    opened = open_identity(sealer, participant)
    return [str(opened[field]) for field in ("name", "alias") if opened.get(field)]
