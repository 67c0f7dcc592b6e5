"""The only SQL in the house: runs, records, rollups and what the service keeps of its own."""

from app.store.errors import ForeignRunError, NewerSchemaError, StoreClosedError, StoreError
from app.store.store import Store, open_store

__all__ = ["ForeignRunError", "NewerSchemaError", "Store", "StoreClosedError", "StoreError", "open_store"]
