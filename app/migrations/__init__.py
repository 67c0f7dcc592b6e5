"""The store's schema as numbered steps; each is applied once, with its record, in one transaction."""

from collections.abc import Callable
from sqlite3 import Connection

from app.migrations.m001_records import m001_records
from app.migrations.m002_service import m002_service
from app.migrations.m003_alerts import m003_alerts
from app.migrations.m004_clocks import m004_clocks

Migration = Callable[[Connection], None]

MIGRATIONS: tuple[Migration, ...] = (m001_records, m002_service, m003_alerts, m004_clocks)
"""In order. An applied migration is never edited; a change of schema is a new one at the end."""
