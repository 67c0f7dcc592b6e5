"""What lies where, and what the two distributions hold."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

TOP_LEVEL = {"app", "trainer", "planner", "templates", "tests", "deploy", "docs"}


def wheel(source: Path, out: Path) -> zipfile.ZipFile:
    """Build a wheel with the installed build backend, without the network."""
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(source)],
        check=True,
        capture_output=True,
    )
    (built,) = out.glob("*.whl")
    return zipfile.ZipFile(built)


@pytest.fixture(scope="module")
def client_wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the client."""
    return wheel(root / "trainer", tmp_path_factory.mktemp("client"))


@pytest.fixture(scope="module")
def service_wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the service."""
    return wheel(root, tmp_path_factory.mktemp("service"))


def test_top_level_is_the_agreed_one(root: Path) -> None:
    """The folders at the top are those the house plan names."""
    tracked = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True, text=True)
    folders = {line.split("/")[0] for line in tracked.stdout.splitlines() if "/" in line}
    assert TOP_LEVEL | {".ci"} == folders | {".ci"}


def test_trainer_is_no_package(root: Path) -> None:
    """trainer/ has no __init__.py, so that it never shadows a user's trainer.py."""
    assert not (root / "trainer" / "__init__.py").exists()


def test_client_wheel_holds_only_cutloss(client_wheel: zipfile.ZipFile) -> None:
    """A training environment gets the package cutloss and nothing else."""
    tops = {name.split("/")[0] for name in client_wheel.namelist() if ".dist-info/" not in name}
    assert {"cutloss"} == tops


def test_client_wheel_requires_nothing(client_wheel: zipfile.ZipFile) -> None:
    """The client has no dependencies."""
    (metadata,) = [name for name in client_wheel.namelist() if name.endswith("METADATA")]
    lines = client_wheel.read(metadata).decode().splitlines()
    assert [] == [line for line in lines if line.startswith("Requires-Dist")]


def test_service_wheel_holds_templates_and_catalogues(service_wheel: zipfile.ZipFile) -> None:
    """An installed service finds its templates, its static files and its French catalogue."""
    names = service_wheel.namelist()
    assert {"app", "planner"} == {name.split("/")[0] for name in names if ".dist-info/" not in name}
    for part in ("app/templates/", "app/static/", "app/locale/fr/"):
        assert any(name.startswith(part) for name in names), part
