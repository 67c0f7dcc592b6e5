"""Run the service as a process: the socket, the lock, the link, the end."""

import fcntl
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from app.settings import DEFAULT_PORT, LOOPBACK

GRACEFUL_SECONDS = 2
"""What is still being answered after this is cut."""


MOST_FILES = 65_536


class PortTakenError(Exception):
    """The port that was asked for is taken."""


class StateTakenError(Exception):
    """Another service runs on this state directory."""


class Server(uvicorn.Server):
    """Uvicorn, saying when it is ready.

    Args:
        app: the application.
        ready: called once it answers.
        ending: called before it waits for open connections to end.
    """

    def __init__(self, app: FastAPI, ready: Callable[[], None], ending: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app, access_log=False, log_config=None, server_header=False,
                timeout_graceful_shutdown=GRACEFUL_SECONDS,
            )
        )  # fmt: skip
        self._ready = ready
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop to listen, and end what would go on by itself."""
        self._ending()
        await super().shutdown(sockets)


def bind(host: str, port: int | None) -> socket.socket:
    """Return a socket bound to a port: to that one, else to the usual one, else to a free one.

    Raises:
        PortTakenError: the port that was asked for is taken.
    """
    if port is not None:
        return _bound(host, port)
    try:
        return _bound(host, DEFAULT_PORT)
    except PortTakenError:
        return _bound(host, 0)


def url_of(host: str, bound: socket.socket) -> str:
    """Return the address at which the service is reached from this machine."""
    name = "127.0.0.1" if host in LOOPBACK else host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared with, not bound to
        name = socket.gethostname()
    return f"http://{f'[{name}]' if ':' in name else name}:{bound.getsockname()[1]}"


def raise_file_limit() -> None:
    """Let this process open as many files as it may: each connection is one, and the usual 1,024 are few."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(most, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


@contextmanager
def locked(state: Path) -> Iterator[None]:
    """Hold the state directory, so that no second service polls, tails and replaces on it.

    Raises:
        StateTakenError: another service holds it.
    """
    with (state / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StateTakenError(f"another cutlossd runs on {state}") from error
        yield


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise PortTakenError(f"port {port} on {host}: {error.strerror}") from error
    bound.set_inheritable(False)
    return bound
