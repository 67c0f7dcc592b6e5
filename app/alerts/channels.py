"""Channels: apprise behind a small face that lets no secret out and never follows a redirect."""

import logging
import re
import warnings
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from time import monotonic
from types import ModuleType
from typing import Any
from urllib.parse import unquote_plus

from planner.errors import InvalidInputError

TALKATIVE = ("apprise", "urllib3", "requests")
"""Loggers that may write addresses, which hold secrets; what matters of it comes with the outcome."""

ON_THIS_MACHINE = frozenset(
    {"blink1", "dbus", "gio", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"}
)
"""Kinds that act on the service's machine instead of reaching a person; off unless a site allows them."""

SEND_SECONDS = 30.0
SHORTEST_SECRET = 4
LONGEST_ERROR = 300
UNKNOWN = "It was not taken, and the channel did not say why."


@dataclass(frozen=True, slots=True)
class Shown:
    """A channel as it may be shown: its kind in words, and where it leads without its secrets."""

    kind: str
    shown: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a message: how long it took, and why it was not taken."""

    ok: bool
    seconds: float
    error: str | None = None


def check(url: str, allowed: Collection[str]) -> Shown:
    """Return how a channel's address may be shown.

    Args:
        url: an apprise URL.
        allowed: kinds (schemes) a site accepts; none: every kind that leaves this machine.

    Raises:
        InvalidInputError: it is no address that apprise understands, or of a kind that is not accepted.
    """
    scheme = url.partition("://")[0].strip().lower() if "://" in url else ""
    # A web address of a known service, as its own pages give it, counts as what is made of it.
    is_web = scheme in {"http", "https"}
    if not is_web:
        _accept(scheme, {scheme}, allowed)
    channel = _channel(url)
    if is_web:
        _accept(scheme, _schemes(channel), allowed)
    return Shown(str(channel.service_name), _place(channel))


def _accept(scheme: str, kinds: Collection[str], allowed: Collection[str]) -> None:
    """Let the kinds of an address pass.

    Raises:
        InvalidInputError: none of them is accepted.
    """
    if set(kinds) & (ON_THIS_MACHINE - set(allowed)) or (allowed and not set(kinds) & set(allowed)):
        accepted = ", ".join(sorted(allowed)) or "a kind that leaves this machine"
        raise InvalidInputError(
            "/url", f"{scheme[:20]}://…", f"one of the kinds this site accepts: {accepted}"
        )


def send(url: str, title: str, text: str) -> Sent:
    """Hand a message to a channel and wait for what it says; never raises for what the other side does."""
    apprise, began = _apprise(), monotonic()
    told = apprise.Apprise(asset=_asset())
    try:
        channel = _channel(url)
    except InvalidInputError as error:
        return Sent(ok=False, seconds=0.0, error=str(error))
    channel.redirects = False  # whatever the address asks for: it would lead past the kinds a site accepts
    told.add(channel)
    result = told.notify(body=text, title=title, body_format="text", log_level=logging.WARNING)
    took = monotonic() - began
    attempts = [attempt for one in result.results for attempt in one.attempts]
    if attempts and attempts[-1]:
        return Sent(ok=True, seconds=took)
    said = " ".join(dict.fromkeys(entry.message for attempt in attempts for entry in attempt.logs))
    return Sent(ok=False, seconds=took, error=redacted(said, url)[:LONGEST_ERROR] or UNKNOWN)


def redacted(text: str, url: str) -> str:
    """Return a text without any part of an address but its kind and, where it is no secret, its host."""
    head, _, rest = url.partition("://")
    parts = {part for raw in (rest, unquote_plus(rest)) for part in re.split(r"[/:@?&=#,;\s]+", raw)}
    known = {head, _host(url)}
    secrets = [part for part in parts if len(part) >= SHORTEST_SECRET and part not in known]
    for secret in sorted(secrets, key=len, reverse=True):
        text = re.sub(re.escape(secret), "…", text, flags=re.IGNORECASE)
    return " ".join(text.split())


def _host(url: str) -> str | None:
    """Return the host an address names; some kinds have a token in the host's place, and so have none."""
    rest = url.partition("://")[2]
    place = rest.rpartition("@")[2] if "@" in rest.split("/")[0] else rest
    try:
        names_host = "host" in _channel(url).template_tokens
    except InvalidInputError:
        return None
    return re.split(r"[/?#:]", place, maxsplit=1)[0] if names_host else None


@cache
def _apprise() -> ModuleType:
    """Return the library, loaded at the first use: a service without channels never pays for it."""
    for name in TALKATIVE:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.addHandler(logging.NullHandler())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some of its plugins' libraries are older than this Python
        import apprise  # noqa: PLC0415 - loads some hundred plugins

        apprise.Apprise.instantiate("json://localhost")
    return apprise


@cache
def _asset() -> Any:  # noqa: ANN401 - apprise has no types
    return _apprise().AppriseAsset(
        app_id="cutloss", app_desc="cutloss", app_url="", async_mode=False, storage_mode="memory",
        http_redirects=False, service_timeout=SEND_SECONDS, language="en", allow_templates=False,
    )  # fmt: skip


def _channel(url: str) -> Any:  # noqa: ANN401 - apprise has no types
    """Return the apprise channel of an address.

    Raises:
        InvalidInputError: it is none.
    """
    found = _apprise().Apprise.instantiate(url, asset=_asset())
    if found is None:
        scheme = url.partition("://")[0][:20] if "://" in url else ""
        raise InvalidInputError("/url", f"{scheme}://…", "an address that apprise understands")
    return found


def _schemes(channel: Any) -> set[str]:  # noqa: ANN401 - apprise has no types
    named = [getattr(channel, name, None) or () for name in ("protocol", "secure_protocol")]
    return {one for names in named for one in ((names,) if isinstance(names, str) else names)}


def _place(channel: Any) -> str:  # noqa: ANN401 - apprise has no types
    """Return where a channel leads: who gets the mail, or the host; nothing where that is a secret."""
    if "target_email" in channel.template_tokens and channel.service_name == "E-Mail":
        return ", ".join(address for _, address in channel.targets)
    host = channel.host if "host" in channel.template_tokens else None
    port = f":{channel.port}" if host and channel.port else ""
    return f"{host}{port}" if host else ""
