"""Every command and every snippet that a page tells people to use works."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPTION = re.compile(r"--[a-z-]+")
INLINE = re.compile(r"`(cutlossd? [^`]+)`")


def blocks(page: Path, language: str) -> list[str]:
    """Return a page's fenced blocks of one language; a block without one is shell."""
    return [text for tag, text in FENCE.findall(page.read_text()) if tag == language]


def told_commands() -> set[str]:
    """Return every cutloss and cutlossd command in the pages, without the path before it."""
    lines = [line for page in PAGES for block in blocks(page, "") for line in block.splitlines()]
    told = [line.split("bin/")[-1] for line in lines] + [
        c for p in PAGES for c in INLINE.findall(p.read_text())
    ]
    return {command.strip() for command in told if re.match(r"cutlossd? [a-z]", command)}


def subcommand(words: list[str]) -> list[str]:
    """Return the program and its subcommands: the words before an option or an argument."""
    depth = 3 if words[1] == "token" else 2
    return words[:depth]


@pytest.mark.parametrize("command", sorted(told_commands()))
def test_a_told_command_exists_with_its_options(command: str) -> None:
    """A cutloss command in the docs is known to its program, and so are its options."""
    words = command.split()
    program = Path(sys.executable).parent / words[0]
    helped = subprocess.run(
        [program, *subcommand(words)[1:], "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "COLUMNS": "200", "NO_COLOR": "1"},
    )
    assert 0 == helped.returncode, helped.stderr
    assert set() == set(OPTION.findall(command)) - set(OPTION.findall(helped.stdout))


def test_the_readme_snippet_runs_and_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The snippet people copy first runs as it stands and leaves all its records in the spool."""
    monkeypatch.setenv("CUTLOSS_SPOOL", str(tmp_path / "spool"))
    monkeypatch.setenv("CUTLOSS_CREDENTIALS", str(tmp_path / "none.json"))
    names = {
        "train_step": lambda: 1.0,
        "evaluate": lambda _model: 0.9,
        "save": lambda path: (tmp_path / path).touch(),
        "model": SimpleNamespace(),
    }
    (snippet,) = blocks(ROOT / "README.md", "python")
    exec(compile(snippet, "README.md", "exec"), names)  # noqa: S102 - our own README
    (spool,) = (tmp_path / "spool").rglob("*.jsonl")
    kinds = [re.search(r'"k": ?"(\w+)"', line) for line in spool.read_text().splitlines()]
    counted = [match.group(1) for match in kinds if match]
    assert (311, 12, 6) == tuple(counted.count(kind) for kind in ("step", "validation", "checkpoint"))
