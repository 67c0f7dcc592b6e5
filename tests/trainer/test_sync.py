"""Spools that are sent later."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cutloss
import pytest
from cutloss.cli import main
from cutloss.questions import Exit


@pytest.fixture
def spool(home: Path) -> Path:
    """Return the spool folder of two runs that knew no service."""
    for name in ("first", "second"):
        run = cutloss.init(name, id=name)
        for step in range(1, 6):
            run.step(step, loss=1.0)
        run.finish()
    return home / ".cutloss" / "spool"


def test_every_run_of_a_spool_is_sent_once(
    spool: Path, service: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """The second time there is nothing left to send."""
    assert Exit.ANSWERED == main(["sync", str(spool)])
    assert [1, 2, 3, 4, 5] * 2 == service.column("steps", "step")
    assert {"/api/v1/runs/first/records", "/api/v1/runs/second/records"} == {
        path for path, *_ in service.calls
    }
    capsys.readouterr()
    assert Exit.ANSWERED == main(["sync", "--json"])
    assert [0, 0] == [sent["records"] for sent in json.loads(capsys.readouterr().out)]


def test_everything_can_be_sent_anew(spool: Path, service: Any) -> None:
    """For a service that lost its store: it doubles nothing where it knows the records."""
    main(["sync", str(spool / "first")])
    main(["sync", str(spool / "first"), "--all"])
    assert [1, 2, 3, 4, 5] * 2 == service.column("steps", "step")


def test_a_refused_spool_is_a_problem(spool: Path, service: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """What the service will not have is counted and named."""
    service.answer = lambda _: (422, {})
    assert Exit.PROBLEM == main(["sync", str(spool / "first")])
    assert "refused" in capsys.readouterr().out


@pytest.mark.usefixtures("absent_service")
def test_a_service_that_is_away_keeps_the_spool_unsent(
    spool: Path, new_service: Callable[[int], Any], absent_service: int
) -> None:
    """Sending stops, and the next call begins where it stopped."""
    assert Exit.PROBLEM == main(["sync", str(spool / "first")])
    service = new_service(absent_service)
    assert Exit.ANSWERED == main(["sync", str(spool / "first")])
    assert [1, 2, 3, 4, 5] == service.column("steps", "step")


@pytest.mark.usefixtures("service")
def test_a_file_that_is_no_spool_is_named(spool: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is passed over, and said."""
    (spool / "first" / "notes.jsonl").write_text("something else\n")
    assert Exit.PROBLEM == main(["sync", str(spool)])
    assert "notes.jsonl: 0 records sent; stopped: it has no header" in capsys.readouterr().out


@pytest.mark.usefixtures("service")
def test_a_folder_that_is_not_there_is_wrong_usage(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The reason names it."""
    assert Exit.USAGE == main(["sync", str(home / "nowhere")])
    assert "nowhere" in capsys.readouterr().err
