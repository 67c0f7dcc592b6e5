"""Tokens and the audit log."""

from dataclasses import asdict
from sqlite3 import Connection

from app.store.codec import decode, encode
from app.store.facts import AuditEntry, AuditFilter, Token


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


def tokens(connection: Connection) -> list[Token]:
    """Return every token in the order they were made."""
    rows = connection.execute("SELECT hash, user, scope, created FROM tokens ORDER BY created, hash")
    return [Token(*row) for row in rows]


def revoke_token(connection: Connection, hash_: str) -> bool:
    """Forget a token, and say whether there was one."""
    return connection.execute("DELETE FROM tokens WHERE hash = ?", (hash_,)).rowcount > 0


def add_audit(connection: Connection, entry: AuditEntry) -> None:
    """Append to the audit log."""
    connection.execute(
        "INSERT INTO audit (at, user, action, subject, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.at, entry.user, entry.action, entry.subject, entry.outcome, encode(entry.detail)),
    )


def audit(connection: Connection, page: tuple[int, int], wanted: AuditFilter) -> list[AuditEntry]:
    """Return entries of the audit log, the newest first; what they are narrowed to is narrowed before.

    Args:
        connection: to read from.
        page: how many, after how many.
        wanted: what they are narrowed to.
    """
    rows = connection.execute(
        "SELECT at, user, action, subject, outcome, detail FROM audit"
        " WHERE (:user IS NULL OR user = :user) AND instr(subject, :subject)"
        " AND (:action = '' OR action = :action) AND (:outcome = '' OR outcome = :outcome)"
        " AND at >= :since ORDER BY key DESC LIMIT :limit OFFSET :offset",
        {**asdict(wanted), "limit": page[0], "offset": page[1]},
    )
    return [
        AuditEntry(at, who, action, about, outcome, decode(detail))
        for at, who, action, about, outcome, detail in rows
    ]


def audited_actions(connection: Connection, user: str) -> list[str]:
    """Return which actions the audit log holds of a user, in alphabetical order."""
    found = connection.execute("SELECT DISTINCT action FROM audit WHERE user = ? ORDER BY action", (user,))
    return [action for (action,) in found]
