"""Checks of everything between a training here and the service."""

import os
import time
from dataclasses import dataclass

from cutloss import environment
from cutloss.backlog import acknowledged
from cutloss.credentials import CredentialsError, Purpose, Service, find_service, is_loopback
from cutloss.environment import Environ
from cutloss.sync import find_spools
from cutloss.transport import ServiceError, call

TIMEOUT_SECONDS = 10.0
TOLERATED_SKEW_SECONDS = 5.0
HEADER_SECONDS = 1.0
"""HTTP's date has no finer hands."""
INVALID = 422
JSON_BODY = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what it looked at, whether that is well, and what it found."""

    check: str
    passed: bool
    text: str


def examine(environ: Environ) -> list[Finding]:
    """Return the findings of all checks that make sense here."""
    findings = [_process(environ), _spool(environ)]
    try:
        service = find_service(environ, "report")
    except CredentialsError as error:
        return [*findings, Finding("service", passed=False, text=str(error))]
    return [*findings, *_service(service), _token(environ, "report"), _token(environ, "read")]


def _process(environ: Environ) -> Finding:
    if environment.is_off(environ):
        rank = environment.rank(environ)
        return Finding("process", passed=True, text=f"a training here does not report (rank {rank})")
    job = environment.job(environ)
    where = f"job {job['id']} on {job['cluster']}" if job else "outside of a job"
    return Finding("process", passed=True, text=f"a training here reports, {where}")


def _spool(environ: Environ) -> Finding:
    folder = environment.spool_folder(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        spools = find_spools(folder)
        size = sum(path.stat().st_size for path in spools)
        unsent = sum(path.stat().st_size - acknowledged(path) for path in spools)
    except OSError as error:
        return Finding("spool", passed=False, text=f"{folder} cannot be used: {error.strerror}")
    text = f"{folder} holds {len(spools)} attempts, {_megabytes(size)}; {_megabytes(unsent)} not at a service"
    return Finding("spool", passed=os.access(folder, os.W_OK | os.X_OK), text=text)


def _service(service: Service) -> list[Finding]:
    reached = Finding("service", passed=True, text=f"{service.url} (from {service.source}) answers")
    asked = time.time()
    try:
        date = call(service, "/healthz", TIMEOUT_SECONDS).epoch
    except ServiceError as error:
        return [Finding("service", passed=False, text=f"{service.url} (from {service.source}): {error}")]
    findings = [reached]
    if date is not None:
        findings.append(_clock(asked, time.time(), date))
    if service.url.startswith("http://") and not is_loopback(service.url):
        text = "tokens travel unencrypted to another machine; expected https"
        findings.append(Finding("encryption", passed=False, text=text))
    return findings


def _clock(asked: float, answered: float, date: float) -> Finding:
    """Compare the clocks, as far as a header of whole seconds, written somewhere on the way, can tell."""
    skew = (asked + answered) / 2 - (date + HEADER_SECONDS / 2)
    unsure = (answered - asked + HEADER_SECONDS) / 2
    if abs(skew) <= unsure:
        text = f"this clock and the service's agree, as far as {unsure:.1f} s can be told apart"
    else:
        text = f"this clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the service's"
    return Finding("clock", passed=abs(skew) - unsure <= TOLERATED_SKEW_SECONDS, text=text)


def _token(environ: Environ, purpose: Purpose) -> Finding:
    """Try a token where it is asked for; a batch without content tells it and stores nothing."""
    check = f"{purpose} token"
    try:
        service = find_service(environ, purpose)
        if purpose == "read":
            call(service, "/api/v1/runs?limit=1", TIMEOUT_SECONDS)
        else:
            call(service, "/api/v1/runs/doctor/records", TIMEOUT_SECONDS, b"{}", JSON_BODY)
    except CredentialsError as error:
        return Finding(check, passed=False, text=str(error))
    except ServiceError as error:
        is_accepted = purpose == "report" and error.status == INVALID
        return Finding(check, passed=is_accepted, text="is accepted" if is_accepted else str(error))
    return Finding(check, passed=True, text="is accepted")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
