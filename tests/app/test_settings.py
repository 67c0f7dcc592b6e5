"""Settings: argument, environment, default."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


def test_argument_wins_over_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument wins over the environment, and the environment over the default."""
    monkeypatch.setenv("CUTLOSSD_HOST", "10.0.0.1")
    assert ("10.0.0.1", "127.0.0.2") == (Settings().host, Settings(host="127.0.0.2").host)


def test_lists_are_split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Host names are separated by commas, folders by colons."""
    monkeypatch.setenv("CUTLOSSD_ALLOWED_HOSTS", "a.example, b.example")
    monkeypatch.setenv("CUTLOSSD_SPOOL", "/a:/b")
    settings = Settings()
    assert (("a.example", "b.example"), (Path("/a"), Path("/b"))) == (settings.allowed_hosts, settings.spool)


def test_kinds_of_alert_channel_and_the_public_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds are separated by commas; the address people use is one of the web, without a slash at its end."""
    monkeypatch.setenv("CUTLOSSD_ALERT_SCHEMES", "mailtos, slack")
    settings = Settings(public_url="https://cutloss.example.org/runs/")
    assert (("mailtos", "slack"), "https://cutloss.example.org/runs") == (
        settings.alert_schemes,
        settings.public_url,
    )
    with pytest.raises(ValidationError, match="http"):
        Settings(public_url="cutloss.example.org")


def test_client_variables_are_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's own variables for spool and credentials are honoured where the service's are unset."""
    monkeypatch.setenv("CUTLOSS_SPOOL", "/shared/spool")
    monkeypatch.setenv("CUTLOSS_CREDENTIALS", "/shared/credentials.json")
    settings = Settings()
    assert ((Path("/shared/spool"),), Path("/shared/credentials.json")) == (
        settings.spool,
        settings.credentials,
    )


def test_home_is_expanded() -> None:
    """A path may begin with the home directory's tilde."""
    assert Path.home() / "x" == Settings(state=Path("~/x")).state


@pytest.mark.parametrize("value", ["cutloss", "/cutloss/", "x/"])
def test_base_path_form(value: str) -> None:
    """A base path begins with a slash and ends without one."""
    with pytest.raises(ValidationError, match="must begin with a slash"):
        Settings(base_path=value)


def test_every_description_is_in_the_docs(root: Path) -> None:
    """docs/settings.md says of each setting what the table in the code says."""
    documented = (root / "docs" / "settings.md").read_text()
    missing = [name for name, field in Settings.model_fields.items() if field.description not in documented]
    assert [] == missing


def test_the_state_is_at_home_where_nothing_else_was_said() -> None:
    """A service with a folder of its own may be a trial."""
    assert [True, False] == [Settings().is_at_home, Settings(state=Path("/tmp/trial")).is_at_home]  # noqa: S108 - never made
