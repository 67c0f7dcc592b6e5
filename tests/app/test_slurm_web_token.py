"""Tokens for slurmrestd are the user's own, short-lived, and never anything but a token."""

import base64
import json
from pathlib import Path

import pytest

from app.slurm.process import Completed
from app.slurm.scheduler import SchedulerUnreachableError
from app.slurm.web_token import WebToken, expiry, token_source


def token(expires: float, mark: str = "a") -> str:
    """Return a token that expires, signed by nobody."""
    payload = base64.urlsafe_b64encode(json.dumps({"exp": expires, "sun": mark}).encode()).decode()
    return f"e30.{payload.rstrip('=')}.x"


def test_expiry_is_read_where_it_is_told() -> None:
    """And unknown otherwise."""
    assert 1795435997 == expiry(token(1795435997))
    assert [None, None, None] == [expiry(text) for text in ("", "a.b", "a.!!.c")]


def test_a_token_is_fetched_again_before_it_expires() -> None:
    """A minute before, not at every question."""
    now = [1000.0]
    given = [token(2000.0, "first"), token(3000.0, "second")]
    handed_out = WebToken(lambda: given.pop(0), lambda: now[0])
    first = handed_out.current()
    assert first == handed_out.current()
    now[0] = 1941.0
    assert first != handed_out.current()
    assert [] == given


def test_an_expired_token_is_no_token() -> None:
    """Where no fresh one is to be had."""
    with pytest.raises(SchedulerUnreachableError, match="expired"):
        WebToken(lambda: token(10.0), lambda: 1000.0).current()


@pytest.mark.parametrize("bad", ["", "a b", "a\r\nX-SLURM-USER-NAME: root", "é"])
def test_odd_tokens_never_become_headers(bad: str) -> None:
    """A line end in a token would be a header of its own."""
    with pytest.raises(SchedulerUnreachableError, match="odd characters"):
        WebToken(lambda: bad, lambda: 0.0).current()


def run(argv: list[str], **_: object) -> Completed:
    """Answer as ``scontrol token`` does."""
    return Completed(tuple(argv), 0, "SLURM_JWT=made\n", "")


def refuse(argv: list[str], **_: object) -> Completed:
    """Answer as a site that hands out none."""
    return Completed(tuple(argv), 1, "", "scontrol: error: Protocol authentication error\n")


def test_a_file_wins_over_the_environment_over_scontrol(tmp_path: Path) -> None:
    """A file is read at each need: whoever renews it need not restart the service."""
    file = tmp_path / "token"
    file.write_text("SLURM_JWT=mine\n")
    assert "mine" == token_source({"SLURM_JWT": "env"}, file, run)()
    assert "env" == token_source({"SLURM_JWT": "env"}, None, run)()
    assert "made" == token_source({}, None, run)()


def test_no_token_is_an_outage(tmp_path: Path) -> None:
    """Nothing was asked of SLURM without one."""
    with pytest.raises(SchedulerUnreachableError, match="cannot be read"):
        token_source({}, tmp_path / "absent", run)()
    with pytest.raises(SchedulerUnreachableError, match="authentication"):
        token_source({}, None, refuse)()
