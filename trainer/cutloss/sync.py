"""Send spools that a service has not seen: of trainings without a way to it."""

from dataclasses import dataclass
from pathlib import Path

from cutloss.backlog import (
    Backlog,
    Position,
    identity,
    load_position,
    read_header,
    save_position,
    spool_files,
)
from cutloss.credentials import Service
from cutloss.records import WIRE_VERSION, columns
from cutloss.transport import post_records

BATCH_LIMIT = 5000
TIMEOUT_SECONDS = 30.0


@dataclass(slots=True)
class Sent:
    """What became of one spool file.

    Attributes:
        run: the run it belongs to.
        path: the file.
        records: how many were acknowledged.
        refused: how many were refused for good.
        problem: why sending stopped, empty where it did not.
    """

    run: str
    path: Path
    records: int = 0
    refused: int = 0
    problem: str = ""


def find_spools(folder: Path) -> list[Path]:
    """Return the spool files in a folder: a run's, or one that holds runs' folders."""
    folders = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    return [path for place in folders for path in spool_files(place)]


def send_spool(path: Path, service: Service, *, everything: bool = False) -> Sent:
    """Send one spool file from where it was last acknowledged, or from its beginning.

    What was sent twice is stored once, so a spool that is still being written may be sent too.
    """
    header = read_header(path)
    if header is None:
        return Sent("", path, problem="it has no header")
    sent = Sent(header["run"], path)
    backlog = Backlog(path, identity(header), Position() if everything else load_position(path))
    while (batch := backlog.next_batch(BATCH_LIMIT)).records:
        body = {"v": WIRE_VERSION, **backlog.identity, **columns(batch.records)}
        answer = post_records(service, sent.run, body, TIMEOUT_SECONDS)
        if answer.outcome == "unreachable":
            sent.problem = answer.detail
            break
        is_stored = answer.outcome == "stored"
        backlog.settle(batch, stored=is_stored)
        sent.records += len(batch.records) * is_stored
        sent.refused += len(batch.records) * (not is_stored)
    save_position(path, backlog.position)
    return sent
