"""What a decision on a disclosure looks at, and what it answers: plain values, gathered under the locks."""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from common.contracts.codes import AgreementKind, RecordOrigin
from intake.rules.bases import OrderAtHand, PartyKind, RelationKind
from intake.rules.consents import ConsentStanding, ConsentTerms, InformationCategory
from intake.rules.disclosures import RecipientKind
from intake.rules.restrictions import RestrictionAtHand


class Fault(NamedTuple):
    """Why not: the ground's own code, where (a JSON pointer without its first slash), and what to do next."""

    code: str
    where: str
    sentence: str


class Obligation(StrEnum):
    """What goes with a disclosure that may happen."""

    ACCOUNT = "account"  # one line of the ledger
    STATEMENT = "statement"  # 42 CFR 2.32(a)
    SCOPE = "scope"  # 42 CFR 2.32(b)
    ASK_NOT_TO_PASS_ON = "ask_not_to_pass_on"  # noqa: S105 - words, not a secret
    REVIEW = "review"  # by a second person, one business day after it at the latest
    NOTIFY_OFFICER = "notify_officer"
    KEEP_RECORDS_CLOSED = "keep_records_closed"
    DESTROY_COPY = "destroy_copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipientFacts:
    """Who would receive it. `relations`: those to the person that are recorded and hold today.

    `is_registered`: a party in the register has the name that was given instead of it. `not_medical`: a name given in
    an emergency is that of a registered party which treats nobody.
    """

    kind: RecipientKind
    serves_person: bool = False
    party_id: UUID | None = None
    party_kind: PartyKind | None = None
    party_ended: bool = False
    name: str | None = None
    relations: frozenset[RelationKind] = frozenset()
    medical_personnel: bool = False
    is_registered: bool = False
    not_medical: bool = False

    @property
    def is_health_plan(self) -> bool | None:
        """Whether it is a health plan; null if nobody knows."""
        if RelationKind.HEALTH_PLAN in self.relations:
            return True
        return None if self.party_kind is None else self.party_kind is PartyKind.HEALTH_PLAN


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentFacts:
    """The consent at hand. `inactive_places`: of recipients that were revoked or suspended one by one."""

    terms: ConsentTerms
    standing: ConsentStanding
    inactive_places: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgreementFacts:
    kind: AgreementKind
    party_id: UUID
    categories: frozenset[InformationCategory]
    live: bool
    copies_allowed: bool = False
    approved: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFacts:
    """A court order at hand, and to whom it permits to disclose: a party or a name."""

    order: OrderAtHand
    party_id: UUID | None = None
    recipient_name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionFacts:
    """Everything that a decision looks at besides the wish; nothing is assumed.

    `own_names`: what the agency and its programs are called on papers, by `office_key`; none recorded, none compared.
    """

    caller_admitted: bool
    can_be_recorded: bool
    is_program: bool
    origin: RecordOrigin
    recipient: RecipientFacts
    today: date
    consent: ConsentFacts | None = None
    restrictions: tuple[RestrictionAtHand, ...] = ()
    agreement: AgreementFacts | None = None
    order: OrderFacts | None = None
    own_names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Decision:
    """`row`: of the table, the refusing one or the one that allowed. `recipient_place`: in the consent's list."""

    row: str
    allowed: bool
    faults: list[Fault] = field(default_factory=list)
    obligations: list[Obligation] = field(default_factory=list)
    recipient_place: int | None = None
