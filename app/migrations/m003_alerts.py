"""Alerts: what people want to be told of, through which channels, and what they were told."""

from sqlite3 import Connection

SETTINGS = """
CREATE TABLE alert_settings (
  user TEXT PRIMARY KEY,
  data TEXT NOT NULL,
  at REAL NOT NULL
) WITHOUT ROWID"""

# An address holds secrets: it is read by what sends, and by nothing else.
CHANNELS = """
CREATE TABLE alert_channels (
  id TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  kind TEXT NOT NULL,
  shown TEXT NOT NULL,
  created REAL NOT NULL,
  tested TEXT
) WITHOUT ROWID"""

MUTES = """
CREATE TABLE alert_mutes (
  user TEXT NOT NULL,
  run TEXT NOT NULL,
  PRIMARY KEY (user, run)
) WITHOUT ROWID"""

# One row for each rule that ever found something in a run; key is null while no episode goes on.
EPISODES = """
CREATE TABLE alert_episodes (
  run TEXT NOT NULL,
  rule TEXT NOT NULL,
  key TEXT,
  at REAL NOT NULL,
  PRIMARY KEY (run, rule)
) WITHOUT ROWID"""

ALERTS = """
CREATE TABLE alerts (
  id INTEGER PRIMARY KEY,
  user TEXT NOT NULL,
  run TEXT NOT NULL,
  name TEXT NOT NULL,
  rule TEXT NOT NULL,
  data TEXT NOT NULL,
  alarm INTEGER NOT NULL,
  at REAL NOT NULL,
  due REAL NOT NULL
)"""

DELIVERIES = """
CREATE TABLE alert_deliveries (
  alert INTEGER NOT NULL REFERENCES alerts,
  channel TEXT NOT NULL,
  name TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending',
  tries INTEGER NOT NULL DEFAULT 0,
  next_try REAL,
  sent_at REAL,
  error TEXT,
  PRIMARY KEY (alert, channel)
) WITHOUT ROWID"""


def m003_alerts(connection: Connection) -> None:
    """Create the tables of alerts."""
    for table in (SETTINGS, CHANNELS, MUTES, EPISODES, ALERTS, DELIVERIES):
        connection.execute(table)
    connection.execute("CREATE INDEX alerts_by_user ON alerts (user, due)")
    connection.execute("CREATE INDEX deliveries_by_state ON alert_deliveries (state, next_try)")
    connection.execute("CREATE INDEX deliveries_by_channel ON alert_deliveries (channel, sent_at)")
