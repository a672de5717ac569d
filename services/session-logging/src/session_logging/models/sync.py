"""What is remembered of the items that came from phones."""

from common.synced import SyncedColumns
from session_logging.models.schema import WRITTEN_ONCE, Model


class Synced(SyncedColumns, Model):
    """An item that was done; it is known again however late it comes."""

    __tablename__ = "synced"
    __table_args__ = (WRITTEN_ONCE,)
