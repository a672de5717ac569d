"""How a FHIR R4 bundle becomes a referral."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
