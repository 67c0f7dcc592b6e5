"""What trainers report: runs, attempts and their records."""

from sqlite3 import Connection

RUNS = """
CREATE TABLE runs (
  key INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  user TEXT NOT NULL,
  name TEXT NOT NULL,
  created REAL NOT NULL,
  plan TEXT NOT NULL DEFAULT '{}',
  version INTEGER NOT NULL DEFAULT 0,
  last_record_at REAL NOT NULL,
  finished TEXT,
  job_cluster TEXT,
  job_id TEXT,
  replaces TEXT,
  warnings TEXT NOT NULL DEFAULT '{}'
)"""

ATTEMPTS = """
CREATE TABLE attempts (
  key INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES runs,
  id TEXT NOT NULL,
  started REAL NOT NULL,
  job TEXT,
  job_cluster TEXT,
  job_id TEXT,
  step_records INTEGER NOT NULL DEFAULT 0,
  first_step INTEGER,
  highest_step INTEGER,
  last_step INTEGER,
  last_step_seq INTEGER,
  last_seq INTEGER,
  last_ended REAL,
  UNIQUE (run, id)
)"""

# Which seqs of an attempt are stored, as disjoint ranges: mostly one row, where a unique index on the
# records would be a second copy of them.
SEQS = """
CREATE TABLE seqs (
  attempt INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (attempt, first)
) WITHOUT ROWID"""

# A loss that is not a number is the text 'nan': SQLite keeps NaN as NULL, which here means "not reported".
STEPS = """
CREATE TABLE steps (
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  ended REAL,
  seconds REAL,
  loss REAL,
  lr REAL,
  PRIMARY KEY (attempt, step, seq)
) WITHOUT ROWID"""

# What the steps [block * size, (block + 1) * size) of an attempt come to; mergeable.
BLOCKS = """
CREATE TABLE blocks (
  attempt INTEGER NOT NULL,
  size INTEGER NOT NULL,
  block INTEGER NOT NULL,
  first_step INTEGER NOT NULL,
  last_step INTEGER NOT NULL,
  count INTEGER NOT NULL,
  loss_count INTEGER NOT NULL,
  finite_count INTEGER NOT NULL,
  loss_sum REAL,
  loss_squares REAL,
  loss_min REAL,
  loss_max REAL,
  seconds_count INTEGER NOT NULL,
  seconds_sum REAL,
  seconds_squares REAL,
  seconds_min REAL,
  seconds_max REAL,
  ended REAL,
  lr REAL,
  PRIMARY KEY (attempt, size, block)
) WITHOUT ROWID"""

VALIDATIONS = """
CREATE TABLE validations (
  attempt INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  started REAL NOT NULL,
  seconds REAL,
  loss REAL,
  metrics TEXT NOT NULL,
  PRIMARY KEY (attempt, seq)
) WITHOUT ROWID"""

CHECKPOINTS = """
CREATE TABLE checkpoints (
  attempt INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  step INTEGER NOT NULL,
  started REAL NOT NULL,
  seconds REAL,
  path TEXT,
  PRIMARY KEY (attempt, seq)
) WITHOUT ROWID"""

SPANS = """
CREATE TABLE spans (
  attempt INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  phase TEXT NOT NULL,
  started REAL NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (attempt, seq)
) WITHOUT ROWID"""

SPAN_TOTALS = """
CREATE TABLE span_totals (
  attempt INTEGER NOT NULL,
  phase TEXT NOT NULL,
  seconds REAL NOT NULL,
  PRIMARY KEY (attempt, phase)
) WITHOUT ROWID"""

NOTES = """
CREATE TABLE notes (
  attempt INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  PRIMARY KEY (attempt, seq)
) WITHOUT ROWID"""


def m001_records(connection: Connection) -> None:
    """Create the tables of what trainers report."""
    tables = (RUNS, ATTEMPTS, SEQS, STEPS, BLOCKS, VALIDATIONS, CHECKPOINTS, SPANS, SPAN_TOTALS, NOTES)
    for table in tables:
        connection.execute(table)
    connection.execute("CREATE INDEX runs_by_time ON runs (last_record_at)")
    connection.execute("CREATE INDEX notes_by_kind ON notes (attempt, kind, seq)")
