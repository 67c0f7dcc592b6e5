"""Tokens and the audit log."""

from sqlite3 import Connection

from app.store.codec import decode, encode
from app.store.facts import AuditEntry, Token


def add_token(connection: Connection, token: Token) -> None:
    """Keep a token by its hash."""
    connection.execute(
        "INSERT INTO tokens VALUES (?, ?, ?, ?)", (token.hash, token.user, token.scope, token.created)
    )


def token(connection: Connection, hash_: str) -> Token | None:
    """Return the token with a hash."""
    row = connection.execute(
        "SELECT hash, user, scope, created FROM tokens WHERE hash = ?", (hash_,)
    ).fetchone()
    return Token(*row) if row else None


def add_audit(connection: Connection, entry: AuditEntry) -> None:
    """Append to the audit log."""
    connection.execute(
        "INSERT INTO audit (at, user, action, subject, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.at, entry.user, entry.action, entry.subject, entry.outcome, encode(entry.detail)),
    )


def audit(connection: Connection, limit: int, offset: int) -> list[AuditEntry]:
    """Return entries of the audit log, the newest first."""
    rows = connection.execute(
        "SELECT at, user, action, subject, outcome, detail FROM audit ORDER BY key DESC LIMIT ? OFFSET ?",
        (limit, offset),
    )
    return [
        AuditEntry(at, user, action, subject, outcome, decode(detail))
        for at, user, action, subject, outcome, detail in rows
    ]
