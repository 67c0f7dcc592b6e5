"""Where the service is, and the token that opens it."""

import json
import os
import socket
import stat
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import urlsplit

from cutloss.environment import Environ, home

Purpose = Literal["report", "read", "operate"]


class Service(NamedTuple):
    """A service and the token that opens it.

    Attributes:
        url: its address, without a slash at the end.
        token: bearer token.
        source: where both were found, for ``cutloss doctor``.
    """

    url: str
    token: str
    source: str


class CredentialsError(Exception):
    """No usable service: the message says what was looked at and what was expected."""


def find_service(environ: Environ, purpose: Purpose, host: str | None = None) -> Service:
    """Return the service that this process may talk to.

    Args:
        environ: the environment; ``CUTLOSS_URL`` with ``CUTLOSS_TOKEN`` wins over the credentials file.
        purpose: ``"report"`` for the reporter's write-only token, ``"read"`` for questions, ``"operate"`` for
            what acts on a job: such a token is in no file and comes from ``CUTLOSS_TOKEN``.
        host: this machine's name, asked of the system where it is not given.

    Raises:
        CredentialsError: there is none, or using it would send the token to another machine's port.
    """
    host = socket.gethostname() if host is None else host
    if url := environ.get("CUTLOSS_URL"):
        return _from_environment(url.rstrip("/"), environ, host)
    return _from_file(credentials_file(environ), purpose, host, environ.get("CUTLOSS_TOKEN", ""))


def credentials_file(environ: Environ) -> Path:
    """Return where the credentials file is looked for."""
    given = environ.get("CUTLOSS_CREDENTIALS")
    return Path(given) if given else home(environ) / ".cutloss" / "credentials.json"


def is_loopback(url: str) -> bool:
    """Tell whether a URL points at the machine it is used on."""
    name = urlsplit(url).hostname or ""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def _from_environment(url: str, environ: Environ, host: str) -> Service:
    token = environ.get("CUTLOSS_TOKEN", "")
    if not token:
        raise CredentialsError("CUTLOSS_URL is set but CUTLOSS_TOKEN is not; expected both")
    _check_url(url, "CUTLOSS_URL")
    submitted_on = environ.get("SLURM_SUBMIT_HOST")
    # sbatch hands the login node's environment to the compute node, where loopback is another machine.
    if is_loopback(url) and submitted_on and _short(submitted_on) != _short(host):
        raise CredentialsError(f"CUTLOSS_URL {url} is loopback of {submitted_on}; this is {host}")
    return Service(url, token, "CUTLOSS_URL")


def _from_file(path: Path, purpose: Purpose, host: str, given: str) -> Service:
    content = _read(path)
    url, token = content.get("url"), content.get(f"{purpose}_token")
    if purpose == "operate" and not (token := given):
        raise CredentialsError("CUTLOSS_TOKEN is not set; expected a token made with --scope operate")
    if not isinstance(url, str) or not isinstance(token, str) or not token:
        raise CredentialsError(f"{path} has no url or no {purpose}_token; expected both as text")
    _check_url(url, str(path))
    if is_loopback(url) and content.get("host") != host:
        raise CredentialsError(f"{url} is loopback of {content.get('host')}; this is {host}")
    return Service(url.rstrip("/"), token, str(path))


def _check_url(url: str, source: str) -> None:
    if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
        raise CredentialsError(f"{source} names {url!r}; expected http://host:port or https://host")


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open(encoding="utf-8") as file:
            _check_owner(path, os.fstat(file.fileno()))
            content = json.load(file)
    except OSError as error:
        raise CredentialsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise CredentialsError(f"{path} holds no JSON: {error}") from error
    if not isinstance(content, dict):
        raise CredentialsError(f"{path} holds {type(content).__name__}; expected an object")
    return content


def _check_owner(path: Path, status: os.stat_result) -> None:
    if stat.S_IMODE(status.st_mode) & 0o077 or status.st_uid != os.getuid():
        mode = stat.S_IMODE(status.st_mode)
        raise CredentialsError(
            f"{path} has mode {mode:04o}, owner {status.st_uid}; expected 0600, {os.getuid()}"
        )


def _short(host: str) -> str:
    return host.partition(".")[0]
