"""Secrets on disk."""

import json
import socket
import stat
from pathlib import Path

import pytest

from app.auth import token_hash
from app.credentials import is_established, prepare_state, signing_secret, write_credentials, write_private
from app.store import Store, open_store


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_state_is_private(tmp_path: Path) -> None:
    """The state directory is made, or narrowed, to 0700, and the secret in it is 0600 and stays."""
    state = tmp_path / "a" / "state"
    state.mkdir(parents=True, mode=0o755)
    prepare_state(state)
    secret = signing_secret(state)
    assert (0o700, 0o600) == (_mode(state), _mode(state / "secret"))
    assert (True, secret) == (len(secret) >= 48, signing_secret(state))


def test_credentials_name_the_service_and_its_host(tmp_path: Path, store: Store) -> None:
    """Reporters find the address, the host it is loopback on, and tokens for writing and for reading."""
    path = tmp_path / "home" / "credentials.json"
    write_credentials(path, "http://127.0.0.1:8765", "ada", store, 5.0)
    found = json.loads(path.read_text())
    scopes = [store.token(token_hash(found[key])).scope for key in ("report_token", "read_token")]
    assert ("http://127.0.0.1:8765", socket.gethostname()) == (found["url"], found["host"])
    assert (["report", "read"], 0o600, 0o700) == (scopes, _mode(path), _mode(path.parent))


def test_tokens_outlive_a_restart(tmp_path: Path, store: Store) -> None:
    """Tokens a store knows are kept when the file is written again, so that running jobs stay welcome."""
    path = tmp_path / "credentials.json"
    write_credentials(path, "http://127.0.0.1:1", "ada", store, 5.0)
    before = json.loads(path.read_text())
    write_credentials(path, "http://127.0.0.1:2", "ada", store, 6.0)
    after = json.loads(path.read_text())
    assert {**before, "url": "http://127.0.0.1:2"} == after


@pytest.mark.parametrize("old", ["{", "[]", '{"report_token": 5}', '{"report_token": "unknown"}'])
def test_a_useless_file_is_replaced(tmp_path: Path, store: Store, old: str) -> None:
    """What the file held is no obstacle: it is replaced."""
    path = tmp_path / "credentials.json"
    path.write_text(old)
    write_credentials(path, "http://127.0.0.1:1", "ada", store, 5.0)
    assert "ada" == store.token(token_hash(json.loads(path.read_text())["report_token"])).user


def test_private_files_replace_wide_ones(tmp_path: Path) -> None:
    """A file that everybody could read is replaced by one that only its owner can."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    write_private(path, "new")
    assert ("new", 0o600) == (path.read_text(), _mode(path))


def test_a_service_is_established_once_reporters_knew_of_it_for_a_day(tmp_path: Path, store: Store) -> None:
    """Not without the file, not at its start, not by a file that another service has written since."""
    path, day = tmp_path / "credentials.json", 86400.0
    assert not is_established(path, store, day)
    write_credentials(path, "http://127.0.0.1:1", "ada", store, 5.0)
    write_credentials(path, "http://127.0.0.1:1", "ada", store, 6.0)
    assert [False, True] == [is_established(path, store, now) for now in (day, day + 5.0)]
    other = open_store(None)
    write_credentials(path, "http://127.0.0.1:2", "ada", other, 7.0)
    other.close()
    assert not is_established(path, store, 2 * day)
