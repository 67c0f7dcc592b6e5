"""Channels against real servers: what is taken, what is not, and that no secret comes out."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO

import pytest

from app.alerts.channels import check, redacted, send
from planner.errors import InvalidInputError
from tests.app.receivers import Mailbox, Webhook, mailbox, webhook

SECRET = "s3cretvalue"


@pytest.fixture
def hook() -> Iterator[Webhook]:
    """Yield a webhook."""
    with webhook() as listening:
        yield listening


@pytest.fixture
def mails() -> Iterator[Mailbox]:
    """Yield a mail server."""
    with mailbox() as listening:
        yield listening


def test_a_webhook_gets_title_and_text(hook: Webhook) -> None:
    """A message arrives at the path of its address, whole and as written."""
    sent = send(f"json://127.0.0.1:{hook.port}/{SECRET}", "topoflow: échec", "Line one\nLine <two>")
    assert (True, None) == (sent.ok, sent.error)
    assert [f"/{SECRET}"] == hook.paths
    assert ("topoflow: échec", "Line one\nLine <two>") == (hook.bodies[0]["title"], hook.bodies[0]["message"])


def test_a_mail_arrives(mails: Mailbox) -> None:
    """A mail with the title as its subject reaches whom the address names."""
    url = f"mailto://127.0.0.1:{mails.port}?from=cutloss@example.org&to=ada@example.org&mode=insecure"
    sent = send(url, "topoflow: échec", "The loss is NaN.")
    assert (True, None) == (sent.ok, sent.error)
    assert (["ada@example.org"], ["topoflow: échec"]) == (mails.recipients, mails.subjects)


@pytest.mark.parametrize("status", [401, 404, 500])
def test_a_refusal_is_told_with_its_reason(hook: Webhook, status: int) -> None:
    """A server that does not take the message is named by its answer, also where it is optional."""
    hook.status = status
    sent = send(f"json://ada:{SECRET}@127.0.0.1:{hook.port}/{SECRET}?optional=yes", "t", "x")
    assert not sent.ok
    assert str(status) in (sent.error or "")
    assert SECRET not in (sent.error or "")


def test_a_server_that_is_not_there() -> None:
    """Nobody listening is a failure with a reason, not an error."""
    sent = send("json://127.0.0.1:1/path", "t", "x")
    assert not sent.ok
    assert "onnection" in (sent.error or "")


def test_redirects_are_not_followed(hook: Webhook) -> None:
    """A server cannot send a message on to somewhere else, not even where the address asks for it."""
    with webhook() as other:
        hook.status, hook.location = 307, f"http://127.0.0.1:{other.port}/"
        sent = send(f"json://127.0.0.1:{hook.port}/?redirect=yes", "t", "x")
        assert (False, []) == (sent.ok, other.bodies)


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        (f"jsons://ada:{SECRET}@hook.example.org:8443/{SECRET}", "JSON", "hook.example.org:8443"),
        (f"mailtos://ada:{SECRET}@example.org?to=ada@example.org", "E-Mail", "ada@example.org"),
        (f"mmosts://chat.example.org/{SECRET}", "Mattermost", "chat.example.org"),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "Slack", ""),
        (f"discord://1234567890/{SECRET}", "Discord", ""),
    ],
)
def test_a_channel_is_shown_without_its_secrets(url: str, kind: str, shown: str) -> None:
    """What is shown of an address is its kind and whom or which host it reaches."""
    found = check(url, ())
    assert (kind, shown) == (found.kind, found.shown)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        (f"nonsense {SECRET}", ()),
        (SECRET, ("jsons",)),
        (f"gopher://{SECRET}", ()),
        (f"file:///etc/{SECRET}", ()),
        (f"syslog://{SECRET}", ()),
        ("dbus://", ()),
        (f"json://h/{SECRET}", ("jsons", "mailtos")),
        ("https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", ("mailtos",)),
    ],
)
def test_a_channel_that_is_not_accepted(url: str, allowed: tuple[str, ...]) -> None:
    """What is no channel, acts on the service's machine or is not on the site's list is refused unshown."""
    with pytest.raises(InvalidInputError) as refused:
        check(url, allowed)
    assert SECRET not in str(refused.value)
    assert "TIiajkdnlazkcOXrIdevi7FQ" not in str(refused.value)


def test_a_site_may_accept_what_is_off_by_itself() -> None:
    """The list of a site decides, whatever it holds."""
    assert "Syslog" == check("syslog://", ("syslog",)).kind
    assert "Slack" == check("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", ("slack",)).kind


@pytest.mark.parametrize(
    "text",
    [
        f"https://ada:{SECRET}@h.example.org/tokenpart?key=abc%20defg failed",
        f"POST /{SECRET}/tokenpart HTTP/1.1",
        "abc defg",
    ],
)
def test_redaction(text: str) -> None:
    """No part of an address but its host is left in what a library says of it."""
    clean = redacted(text, f"jsons://ada:{SECRET}@h.example.org/tokenpart?key=abc%20defg")
    assert not [part for part in (SECRET, "tokenpart", "defg") if part in clean]


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("pbul://o9aZkeyTOKENabcdefghijk", "o9aZkeyTOKENabcdefghijk"),
        (f"pover://{'u' * 30}@{'a' * 30}", "a" * 30),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ", "T1JJ3T3L2"),
        ("nonsense://T1JJ3T3L2", "T1JJ3T3L2"),
    ],
)
def test_a_token_in_the_place_of_the_host_is_redacted(url: str, secret: str) -> None:
    """Only what a kind takes as a host is left, and no case it is written in is a way round that."""
    assert "token … and … failed" == redacted(f"token {secret} and {secret.lower()} failed", url)


def test_a_host_is_left() -> None:
    """Whoever reads of a failure is told where it happened."""
    assert "h.example.org: …" == redacted(f"h.example.org: {SECRET}", f"jsons://h.example.org/{SECRET}")


def test_nothing_of_an_address_is_logged(hook: Webhook) -> None:
    """With everything logged that can be, no line that reaches the service's log holds a secret."""
    log, root = StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(log), root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    for url in (f"json://ada:{SECRET}@127.0.0.1:{hook.port}/{SECRET}", f"json://127.0.0.1:1/{SECRET}"):
        send(url, "t", "x")
    root.info("the log is read")
    root.removeHandler(handler)
    root.setLevel(level)
    assert "the log is read" in log.getvalue()
    assert SECRET not in log.getvalue()


def test_the_library_is_loaded_at_its_first_use_only() -> None:
    """A service starts without apprise, whose hundred plugins take their time."""
    code = "import sys, app.main; sys.exit('apprise' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", code], check=False).returncode
