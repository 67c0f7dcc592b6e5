"""A user's own JSON web token for slurmrestd: short-lived, fetched again before it expires."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from app.slurm import process
from app.slurm.environment import build_environment
from app.slurm.scheduler import SchedulerUnreachableError

LIFESPAN_SECONDS = 1800
_MARGIN_SECONDS = 60.0


class WebToken:
    """Hands out a token that is still good.

    Args:
        fetch: returns a token; asked again when the last one is about to expire.
        clock: epoch seconds.
    """

    def __init__(self, fetch: Callable[[], str], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._token: str | None = None

    def current(self) -> str:
        """Return the token.

        Raises:
            SchedulerUnreachableError: there is none, or it has expired and no other is to be had.
        """
        if self._token is None or not self._is_good(self._token):
            fetched = _checked(self._fetch())
            if not self._is_good(fetched):
                raise SchedulerUnreachableError("the SLURM token has expired; expected a fresh one")
            self._token = fetched
        return self._token

    def _is_good(self, token: str) -> bool:
        expires = expiry(token)
        return expires is None or expires > self._clock() + _MARGIN_SECONDS


def expiry(token: str) -> float | None:
    """Return when a token expires, epoch seconds; ``None`` where it does not say. It is not verified here."""
    try:
        part = token.split(".")[1]
        payload = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return float(payload["exp"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None


def _checked(token: str) -> str:
    # It becomes a header: nothing but a token's own characters may.
    if not re.fullmatch(r"[\w.=+/-]+", token, re.ASCII):
        raise SchedulerUnreachableError("the SLURM token is empty or holds odd characters; expected a JWT")
    return token


def token_source(source: Mapping[str, str], file: Path | None, run: process.Run) -> Callable[[], str]:
    """Return where tokens come from: a file, ``SLURM_JWT``, or ``scontrol token`` as this user."""

    def fetch() -> str:
        if file is not None:
            return _from_file(file)
        return source.get("SLURM_JWT") or _from_scontrol(source, run)

    return fetch


def _from_file(file: Path) -> str:
    try:
        return file.read_text().strip().removeprefix("SLURM_JWT=")
    except OSError as error:
        raise SchedulerUnreachableError(f"the SLURM token {file} cannot be read: {error.strerror}") from error


def _from_scontrol(source: Mapping[str, str], run: process.Run) -> str:
    argv = ["scontrol", "token", f"lifespan={LIFESPAN_SECONDS}"]
    try:
        done = run(argv, environment=build_environment(source), timeout_seconds=20.0)
    except OSError as error:
        raise SchedulerUnreachableError(f"scontrol could not be started: {error}") from error
    token = done.stdout.strip().removeprefix("SLURM_JWT=")
    if done.code != 0 or not token:
        raise SchedulerUnreachableError(f"scontrol token gave none: {done.stderr.strip()[:200]}")
    return token
