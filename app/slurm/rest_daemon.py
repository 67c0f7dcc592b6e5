"""Talking to slurmrestd: over TCP with the user's token, or over the user's own unix socket."""

import http.client
import json
import re
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.slurm.complaints import raise_told_outage
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, SchedulerUnreachableError
from app.slurm.web_token import WebToken

OLDEST_VERSION = 38
_OK = 200
_UNKNOWN_JOB = 2017
_HELD = 2042  # said of every job that is submitted held, and no error


@dataclass(frozen=True, slots=True)
class Answer:
    """What slurmrestd answered: the HTTP status, the text, and what it complains of by error number."""

    status: int
    text: str
    complaints: tuple[tuple[int, str], ...]

    @property
    def document(self) -> Mapping[str, Any]:
        """Return the answer's JSON object; empty where it is none."""
        return _document(self.text)

    @property
    def is_unknown_job(self) -> bool:
        """Whether it says that there is no such job."""
        return any(number == _UNKNOWN_JOB for number, _ in self.complaints)

    @property
    def words(self) -> str:
        """Return what it complains of, in one line."""
        told = "; ".join(dict.fromkeys(text for _, text in self.complaints))
        return told or f"slurmrestd answered with status {self.status}"

    def must(self) -> "Answer":
        """Return itself, or raise what it complains of."""
        if self.complaints or self.status != _OK:
            raise SchedulerError(self.words)
        return self


class RestDaemon:
    """One slurmrestd, asked as one user; each question has a connection of its own.

    Args:
        url: ``http://host:port``, ``https://host:port`` or ``unix:/path``.
        user: whose name goes with the token.
        token: ``None`` for a unix socket, whose owner is known to the daemon.
        timeout_seconds: absolute limit of one question.
    """

    def __init__(self, url: str, user: str, token: WebToken | None, timeout_seconds: float = 20.0) -> None:
        self._address = urlsplit(url)
        if self._address.scheme not in {"http", "https", "unix"} or not (
            self._address.path if self._address.scheme == "unix" else self._address.hostname
        ):
            raise SchedulerError(f"slurmrestd's url is {url!r}; expected http://host:port or unix:/path")
        self._user = user
        self._token = token
        self._timeout_seconds = timeout_seconds
        self._version: int | None = None

    def version(self) -> int:
        """Return the newest version v0.0.x that the daemon speaks, found out once."""
        if self._version is None:
            told = self.ask("GET", "/openapi/v3").text
            spoken = {int(found) for found in re.findall(r"/slurm\\?/v0\.0\.(\d+)\\?/", told)}
            usable = [version for version in spoken if version >= OLDEST_VERSION]
            if not usable:
                heard = sorted(spoken) or "nothing"
                raise SchedulerUnreachableError(
                    f"slurmrestd speaks {heard}; expected v0.0.{OLDEST_VERSION} or newer"
                )
            self._version = max(usable)
        return self._version

    def cluster(self) -> str | None:
        """Return the cluster's name, which slurmrestd tells since 23.11."""
        meta = self.slurm("GET", "ping").document.get("meta")
        told = meta.get("slurm") if isinstance(meta, Mapping) else None
        name = told.get("cluster") if isinstance(told, Mapping) else None
        return name if isinstance(name, str) and name else None

    def slurm(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask the controller's part; ``path`` holds nothing that was not checked."""
        return self.ask(method, f"/slurm/v0.0.{self.version()}/{path}", body)

    def slurmdb(self, path: str) -> Answer:
        """Ask accounting's part; an id that is none would end the daemon."""
        return self.ask("GET", f"/slurmdb/v0.0.{self.version()}/{path}")

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Answer:
        """Ask one question.

        Raises:
            SchedulerUnreachableError: the daemon or the controller was not reached.
            SchedulerUnavailableError: no answer came, or one that leaves open what happened.
        """
        status, text = self._exchange(method, path, body)
        if status == http.client.UNAUTHORIZED:
            raise SchedulerUnreachableError(f"slurmrestd does not accept {self._user}'s credentials")
        answer = Answer(status, text, _complaints(text))
        for number, told in answer.complaints:
            raise_told_outage(told, answer.words)
            if number == -1 and status >= http.client.INTERNAL_SERVER_ERROR:
                # What it says of an absent controller, of a hung one and of a token that is no good.
                raise SchedulerUnavailableError(f"the controller did not answer slurmrestd: {answer.words}")
        return answer

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None) -> tuple[int, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._token is not None:
            headers |= {"X-SLURM-USER-NAME": self._user, "X-SLURM-USER-TOKEN": self._token.current()}
        connection = self._connection()
        try:
            connection.connect()
        except OSError as error:
            connection.close()
            raise SchedulerUnreachableError(f"slurmrestd was not reached: {error}") from error
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise SchedulerUnavailableError(f"slurmrestd did not answer: {error}") from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "localhost", self._address.port
        if self._address.scheme == "unix":
            return _UnixConnection(self._address.path, self._timeout_seconds)
        if self._address.scheme == "https":
            trust = ssl.create_default_context()
            return http.client.HTTPSConnection(host, port, timeout=self._timeout_seconds, context=trust)
        return http.client.HTTPConnection(host, port, timeout=self._timeout_seconds)


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str, timeout_seconds: float) -> None:
        super().__init__("localhost", timeout=timeout_seconds)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def _document(text: str) -> Mapping[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, Mapping) else {}


def _complaints(text: str) -> tuple[tuple[int, str], ...]:
    errors = _document(text).get("errors")
    read = [_complaint(error) for error in errors] if isinstance(errors, list) else []
    return tuple((number, told) for number, told in read if number != _HELD)


def _complaint(error: object) -> tuple[int, str]:
    if not isinstance(error, Mapping):
        return 0, str(error)
    number = error.get("error_number", error.get("error_code", 0))
    told = error.get("error") or ""
    described = str(error.get("description") or told)
    shown = described if str(told) in described else f"{described}: {told}"
    return number if isinstance(number, int) else 0, shown
