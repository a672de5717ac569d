"""Measures about the people who work: M01."""

from decimal import Decimal

from common.contracts.codes import CredentialStatus
from compliance_reporting.guidelines import delivered
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.rules import Authority

VALID_CREDENTIAL = Measure(
    id="M01",
    name="Valid credential at service",
    unit=Unit.SESSION,
    guideline_ids=("CMS-SMDL-07-011",),
    authority=Authority.FED_REQ,
    target=Decimal(100),
    target_authority=Authority.FED_REQ,
    citation=(
        "CMS State Medicaid Director Letter #07-011 (2007-08-15): training and credentialing as defined by the state. "
        "It binds states, and an agency through its state's plan."
    ),
    numerator=(
        "sessions whose worker held, on the service date, an active, unexpired credential of the specialty that the "
        "program needs and of a type that it accepts"
    ),
    denominator="delivered sessions in programs that require a credential",
    exclusions="sessions of programs that require none",
    interpretation=(
        delivered.WORDS,
        "Which programs require a credential, the specialty needed and the types accepted are the program's own "
        "settings; no specialty named means any, no types listed means every type. A co-occurring credential counts "
        "only where the program names that specialty or none.",
        "A provisional credential is neither accepted nor a reason to leave the session out: only a state pack could "
        "allow it, and none is loaded.",
        "Both ends of a validity count. Suspension and revocation are taken as last told, for every service date, "
        "because the fact carries no day on which they began.",
        "Each rule that asks for certified workers asks it of every session, hence 100 %.",
        "Sessions of a program whose settings have not arrived are not evaluable.",
    ),
    units=f"""
        select s.id as unit_id, s.program_id,
            case when p.id is not null then exists (
                select 1 from fact_credential c
                where c.agency_id = :agency and c.staff_id = s.staff_id and c.status = '{CredentialStatus.ACTIVE}'
                and s.service_date between c.valid_from and c.valid_to
                and (p.required_specialty is null or c.specialty = p.required_specialty)
                and (cardinality(p.accepted_credentials) = 0 or c.credential_type = any(p.accepted_credentials))
            ) end as in_numerator
        from ({delivered.SESSIONS}) s
        left join fact_program p on p.agency_id = :agency and p.id = s.program_id
        where p.id is null or p.credential_required
    """,
)

MEASURES = (VALID_CREDENTIAL,)
