"""The guidelines that measures cite: title, version in force, and whom they bind by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from common.packs import Authority


@dataclass(frozen=True, slots=True)
class Guideline:
    title: str
    authority: Authority
    binds: str


GUIDELINES: Mapping[str, Guideline] = {
    "SAMHSA-CC-2015": Guideline(
        "Core Competencies for Peer Workers in Behavioral Health Services (2015)",
        Authority.FED_GUIDE,
        "nobody by itself",
    ),
    "SAMHSA-RECDEF-2012": Guideline("Working Definition of Recovery (2012)", Authority.FED_GUIDE, "nobody by itself"),
    "SAMHSA-NOMS": Guideline(
        "National Outcome Measures, ten domains", Authority.FED_REQ, "states and grantees, as to the domains"
    ),
    "CSAT-GPRA": Guideline(
        "CSAT GPRA Client Outcome Measures (legacy, to 2025-09-30)", Authority.FED_REQ, "grantees, before SUPRT"
    ),
    "SUPTRS-BG-2026-27": Guideline(
        "SUPTRS block grant application and report, FFY 2026–2027", Authority.FED_REQ, "states"
    ),
    "CMS-SMDL-07-011": Guideline(
        "CMS State Medicaid Director Letter on peer support services (2007-08-15)", Authority.FED_REQ, "states"
    ),
    "42CFR2-2024": Guideline(
        "42 CFR Part 2, final rule of 2024 (compliance 2026-02-16)", Authority.FED_REQ, "Part 2 programs"
    ),
    "SAMHSA-NMS-2023": Guideline(
        "National Model Standards for Peer Support Certification (2023)", Authority.FED_GUIDE, "nobody by itself"
    ),
    "ICRC-PR": Guideline("IC&RC Peer Recovery credential", Authority.CERT_REQ, "whom a member board certifies"),
    "TX-1TAC-354.3103": Guideline("Texas: supervision of peer specialists", Authority.STATE_REQ, "Texas"),
    "TX-26TAC-301.361": Guideline("Texas: documentation of service provision", Authority.STATE_REQ, "Texas"),
    "TX-HHSC-H0038": Guideline("Texas Medicaid: limits of H0038", Authority.STATE_REQ, "Texas"),
    "NC-CCP-8G": Guideline("North Carolina: peer support policy 8G", Authority.STATE_REQ, "North Carolina"),
    "DC-22A-7314": Guideline("District of Columbia: peer specialists", Authority.STATE_REQ, "District of Columbia"),
    "OH-5122-29-15.1": Guideline("Ohio: peer supporters and their supervisors", Authority.STATE_REQ, "Ohio"),
    "WA-246-929": Guideline("Washington: certified peer specialists", Authority.CERT_REQ, "Washington"),
    "WA-182-115": Guideline("Washington Medicaid: peer counselors, to 2026-12-31", Authority.STATE_REQ, "Washington"),
    "CA-BHIN-25-010": Guideline("California: Medi-Cal peer support specialists", Authority.STATE_REQ, "California"),
    "VA-12VAC30-130-52": Guideline("Virginia Medicaid: peer support services", Authority.STATE_REQ, "Virginia"),
}
