"""Where the service is, and whom the token may be shown to."""

import json
from pathlib import Path

import pytest
from cutloss.credentials import CredentialsError, find_service, is_loopback

HERE = "login1.site"


def write(path: Path, mode: int = 0o600, **content: str) -> dict[str, str]:
    """Write a credentials file, and return the environment that names it."""
    path.write_text(json.dumps(content))
    path.chmod(mode)
    return {"CUTLOSS_CREDENTIALS": str(path)}


def loopback(host: str = HERE) -> dict[str, str]:
    """Return the content a service on loopback writes."""
    return {"url": "http://127.0.0.1:8765", "host": host, "report_token": "w", "read_token": "r"}


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """CUTLOSS_URL with CUTLOSS_TOKEN is taken first."""
    environ = write(tmp_path / "c", **loopback()) | {"CUTLOSS_URL": "https://x.org/", "CUTLOSS_TOKEN": "t"}
    found = find_service(environ, "report", HERE)
    assert ("https://x.org", "t") == (found.url, found.token)


def test_each_purpose_has_its_token(tmp_path: Path) -> None:
    """The reporter's token can only write, so questions use another."""
    environ = write(tmp_path / "c", **loopback())
    assert ["w", "r"] == [find_service(environ, purpose, HERE).token for purpose in ("report", "read")]


def test_a_loopback_address_is_used_only_where_it_was_written(tmp_path: Path) -> None:
    """The token of a service on the login node never goes to a compute node's port."""
    environ = write(tmp_path / "c", **loopback())
    with pytest.raises(CredentialsError, match=r"loopback of login1\.site; this is node7"):
        find_service(environ, "report", "node7")


def test_a_loopback_address_from_the_submitting_host_is_not_used() -> None:
    """The submission carries CUTLOSS_URL to the compute node, where it means another machine's port."""
    environ = {"CUTLOSS_URL": "http://localhost:1", "CUTLOSS_TOKEN": "t", "SLURM_SUBMIT_HOST": "login1"}
    assert "t" == find_service(environ, "report", HERE).token
    with pytest.raises(CredentialsError, match="loopback"):
        find_service(environ, "report", "node7")


def test_an_address_of_the_network_is_used_everywhere(tmp_path: Path) -> None:
    """Only loopback is bound to a host."""
    environ = write(tmp_path / "c", **(loopback() | {"url": "https://cutloss.site"}))
    assert "https://cutloss.site" == find_service(environ, "report", "node7").url


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A token that others can read, or could have planted, is no token."""
    environ = write(tmp_path / "c", mode, **loopback())
    with pytest.raises(CredentialsError, match="expected 0600"):
        find_service(environ, "report", HERE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no JSON"),
        ("[]", "expected an object"),
        ("{}", "no url"),
        ('{"url": "ftp://x", "read_token": "r"}', "ftp"),
    ],
)
def test_a_broken_file_is_named_in_the_refusal(tmp_path: Path, text: str, message: str) -> None:
    """The message says which file, and what was expected of it."""
    path = tmp_path / "c"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(CredentialsError, match=message) as caught:
        find_service({"CUTLOSS_CREDENTIALS": str(path)}, "read", HERE)
    assert str(path) in str(caught.value)


def test_no_file_and_half_an_environment_are_refused(tmp_path: Path) -> None:
    """Nothing to go by is said plainly."""
    with pytest.raises(CredentialsError, match="cannot be read"):
        find_service({"HOME": str(tmp_path)}, "report", HERE)
    with pytest.raises(CredentialsError, match="expected both"):
        find_service({"CUTLOSS_URL": "http://x"}, "report", HERE)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:1", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1", True),
        ("http://localhost", True),
        ("https://cutloss.site", False),
        ("http://10.0.0.1", False),
    ],
)
def test_loopback_is_recognised(url: str, *, expected: bool) -> None:
    """All of 127.0.0.0/8, ::1 and localhost are this machine."""
    assert expected == is_loopback(url)
