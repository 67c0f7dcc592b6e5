"""What the service itself keeps: commands, jobs, access, documents, replacements, places in spools."""

from sqlite3 import Connection

COMMANDS = """
CREATE TABLE commands (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  command TEXT NOT NULL,
  name TEXT,
  value TEXT,
  user TEXT NOT NULL,
  created REAL NOT NULL,
  state TEXT NOT NULL DEFAULT 'pending',
  answer TEXT
)"""

JOBS = """
CREATE TABLE jobs (
  cluster TEXT NOT NULL,
  id TEXT NOT NULL,
  facts TEXT NOT NULL,
  seen_at REAL NOT NULL,
  active INTEGER NOT NULL,
  PRIMARY KEY (cluster, id)
) WITHOUT ROWID"""

TOKENS = """
CREATE TABLE tokens (
  hash TEXT PRIMARY KEY,
  user TEXT NOT NULL,
  scope TEXT NOT NULL,
  created REAL NOT NULL
) WITHOUT ROWID"""

AUDIT = """
CREATE TABLE audit (
  key INTEGER PRIMARY KEY,
  at REAL NOT NULL,
  user TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  outcome TEXT NOT NULL,
  detail TEXT NOT NULL
)"""

DOCUMENTS = """
CREATE TABLE documents (
  run TEXT NOT NULL,
  kind TEXT NOT NULL,
  data TEXT NOT NULL,
  at REAL NOT NULL,
  PRIMARY KEY (run, kind)
) WITHOUT ROWID"""

HISTORY = """
CREATE TABLE history (
  key INTEGER PRIMARY KEY,
  run TEXT NOT NULL,
  kind TEXT NOT NULL,
  at REAL NOT NULL,
  data TEXT NOT NULL
)"""

REPLACEMENTS = """
CREATE TABLE replacements (
  id TEXT PRIMARY KEY,
  run TEXT NOT NULL,
  state TEXT NOT NULL,
  data TEXT NOT NULL,
  created REAL NOT NULL,
  at REAL NOT NULL
)"""

SPOOLS = """
CREATE TABLE spools (
  path TEXT PRIMARY KEY,
  inode INTEGER NOT NULL,
  position INTEGER NOT NULL,
  bad_lines INTEGER NOT NULL
) WITHOUT ROWID"""

# The audit log is append-only for everyone, this service included.
NO_UPDATE = """
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""
NO_DELETE = """
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END"""


def m002_service(connection: Connection) -> None:
    """Create the tables of what the service itself keeps."""
    for statement in (
        COMMANDS, JOBS, TOKENS, AUDIT, DOCUMENTS, HISTORY, REPLACEMENTS, SPOOLS, NO_UPDATE, NO_DELETE,
    ):  # fmt: skip
        connection.execute(statement)
    connection.execute("CREATE INDEX commands_by_run ON commands (run, state)")
    connection.execute("CREATE INDEX attempts_by_job ON attempts (job_cluster, job_id)")
    connection.execute("CREATE INDEX history_by_kind ON history (run, kind, at)")
    connection.execute("CREATE INDEX replacements_by_run ON replacements (run, created)")
