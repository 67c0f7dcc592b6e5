"""The client's page says everything that can be set, called and returned."""

import argparse
import re
from pathlib import Path

import pytest
from cutloss import Run
from cutloss.cli import parser
from cutloss.environment import RANK_VARIABLES
from cutloss.questions import MEANINGS


@pytest.fixture(name="page", scope="module")
def _page(root: Path) -> str:
    return (root / "trainer" / "README.md").read_text()


def test_every_variable_is_documented(root: Path, page: str) -> None:
    """What the client reads from the environment stands in the table."""
    sources = "".join(path.read_text() for path in (root / "trainer" / "cutloss").glob("*.py"))
    variables = set(re.findall(r'"(CUTLOSS[A-Z_]*)"', sources)) | set(RANK_VARIABLES)
    assert set() == {name for name in variables if f"`{name}`" not in page}


def test_every_call_is_documented(page: str) -> None:
    """Each public call of a run stands in the table."""
    calls = {name for name, value in vars(Run).items() if callable(value) and not name.startswith("_")}
    assert set() == {name for name in calls if f"`run.{name}(" not in page}


def test_every_command_and_exit_code_is_documented(page: str) -> None:
    """What a script may rely on is written down."""
    (commands,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    assert set() == {name for name in commands.choices if f"`cutloss {name}" not in page}
    flat = " ".join(page.split())
    assert set() == {code for code, meaning in MEANINGS.items() if f"{int(code)} {meaning}" not in flat}
