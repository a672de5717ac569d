"""How two records of one person are found, merged and split again; how an outreach contact is linked."""

from fastapi import APIRouter

router = APIRouter(prefix="/v1")
