"""The guidelines that measures cite: title, version in force, and whom they bind by themselves."""

from collections.abc import Mapping
from dataclasses import dataclass

from compliance_reporting.rules import Authority


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
    "TX-26TAC-301.361": Guideline("Texas: documentation of service provision", Authority.STATE_REQ, "Texas"),
    "TX-HHSC-H0038": Guideline("Texas Medicaid: limits of H0038", Authority.STATE_REQ, "Texas"),
    "NC-CCP-8G": Guideline("North Carolina: peer support policy 8G", Authority.STATE_REQ, "North Carolina"),
    "VA-12VAC30-130-52": Guideline("Virginia Medicaid: peer support services", Authority.STATE_REQ, "Virginia"),
}
