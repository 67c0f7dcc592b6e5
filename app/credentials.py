"""Secrets on disk: the state directory, the signing secret, the file in which reporters find the service."""

import json
import os
import secrets
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.auth import issue, token_hash
from app.store import Store
from app.store.facts import Scope

TOKEN_KEYS: Mapping[str, Scope] = {"report_token": "report", "read_token": "read"}

ESTABLISHED_SECONDS = 86400.0
"""A service that reporters were told of for so long is no trial that takes their place for an hour."""


def prepare_state(state: Path) -> None:
    """Make the state directory, or narrow its mode to 0700."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    state.chmod(0o700)


def signing_secret(state: Path) -> str:
    """Return the secret that signs sessions, made at the first call."""
    path = state / "secret"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48))
    return path.read_text()


def write_credentials(path: Path, url: str, user: str, store: Store, now: float) -> None:
    """Tell this user's reporters where the service is, with tokens for them.

    Tokens the file already holds are kept while this store knows them, so that running jobs stay welcome.
    """
    known = _read(path)
    tokens = {
        key: _kept(known.get(key), user, scope, store) or issue(store, user, scope, now)
        for key, scope in TOKEN_KEYS.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, json.dumps({"url": url, "host": socket.gethostname(), **tokens}, indent=2) + "\n")


def is_established(path: Path, store: Store, now: float) -> bool:
    """Tell whether reporters were told of the service with this store, and have been for a day.

    Any service tells them of itself when it starts; one that is tried out is gone before that.
    """
    token = _read(path).get("report_token")
    stored = store.token(token_hash(token)) if isinstance(token, str) else None
    return stored is not None and now - stored.created >= ESTABLISHED_SECONDS


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, at once or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    draft.replace(path)


def _read(path: Path) -> Mapping[str, Any]:
    """Return what the file holds; a file that is absent or no longer JSON holds nothing."""
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return data if isinstance(data, dict) else {}


def _kept(token: object, user: str, scope: Scope, store: Store) -> str | None:
    stored = store.token(token_hash(token)) if isinstance(token, str) else None
    return str(token) if stored and (stored.user, stored.scope) == (user, scope) else None
