"""The documentation is under test."""

import re
import runpy
import tomllib
from pathlib import Path

import pytest

from app.settings import Settings

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MAKE = re.compile(r"^\s*(?:CI=true )?make ([a-z-]+)", re.MULTILINE)


def pages(root: Path) -> list[Path]:
    """Return every page written for people."""
    return sorted([*root.glob("*.md"), *(root / "docs").rglob("*.md"), *(root / "deploy").rglob("*.md")])


def test_every_local_link_resolves(root: Path) -> None:
    """A link to a file of the project leads somewhere."""
    broken = [
        (page.name, target)
        for page in pages(root)
        for target in LINK.findall(page.read_text())
        if "://" not in target and not target.startswith(("#", "mailto:"))
        if not (page.parent / target.split("#")[0]).exists()
    ]
    assert [] == broken


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_documented(root: Path, name: str) -> None:
    """Each setting has its row, under its environment variable's name, in docs/settings.md."""
    assert f"`CUTLOSSD_{name.upper()}`" in (root / "docs" / "settings.md").read_text()


def test_every_make_command_in_the_docs_exists(root: Path) -> None:
    """A `make` command that a page tells people to run is a target of the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    told = {name for page in pages(root) for name in MAKE.findall(page.read_text())}
    assert set() == told - targets


def test_contributing_starts_with_clone_and_one_command(root: Path) -> None:
    """The first ten lines of CONTRIBUTING are enough to run the tests."""
    start = "\n".join((root / "CONTRIBUTING.md").read_text().splitlines()[:10])
    assert "git clone" in start
    assert "make test" in start


def test_warnings_are_errors(root: Path) -> None:
    """Pytest treats every warning as an error, first and without exceptions of its own."""
    options = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert "error" == options["filterwarnings"][0]


def test_every_lint_exception_has_its_reason(root: Path) -> None:
    """Each rule switched off in pyproject.toml or in the code says why on the same line."""
    text = (root / "pyproject.toml").read_text()
    ignored = text.split("ignore = [", 1)[1].split("]", 1)[0]
    bare = [line for line in ignored.splitlines() if line.strip().startswith('"') and "#" not in line]
    noqa = re.compile(r"# noqa(?!: [A-Z0-9, ]+ - \S)|# type: ignore(?!\[[\w, -]+\]  # \S)")
    code = [
        f"{path.name}: {line.strip()}"
        for folder in ("app", "planner", "trainer", "deploy", "tests")
        for path in sorted((root / folder).rglob("*.py"))
        if path != Path(__file__)
        for line in path.read_text().splitlines()
        if noqa.search(line)
    ]
    assert ([], []) == (bare, code)


def test_the_list_of_modules_is_current(root: Path) -> None:
    """docs/modules.md says what `make docs` would write, and every module says what it is."""
    written = runpy.run_path(str(root / "deploy" / "list_modules.py"))["page"]()
    assert written == (root / "docs" / "modules.md").read_text()
    assert "|  |" not in written
