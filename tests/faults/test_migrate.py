"""Migrating again, as every `up` does, while requests are under way."""

import asyncio

from sqlalchemy import text

from handrail.provision import prepare_database
from handrail.testing import Platform


async def test_migrating_again_waits_for_nobody(platform: Platform) -> None:
    url = platform.addresses.database_url("postgres", platform.secrets["POSTGRES_PASSWORD"])
    tables = [f"{entry.service.schema}.outbox" for entry in platform.services]

    async with platform.admin.begin() as connection:  # as a long-running request would hold them
        await connection.execute(text(f"lock table {', '.join(tables)} in access share mode"))
        await asyncio.wait_for(prepare_database(url, platform.services, platform.secrets), 20)
