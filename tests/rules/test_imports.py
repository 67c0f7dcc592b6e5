"""The dependency rule: app → planner, nothing else crosses."""

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

HOUSE = {"app", "planner", "trainer", "cutloss", "tests", "templates", "deploy"}
PLANNER_MAY_USE = {"numpy", "scipy", "pandas", "planner"}
IMPURE = {"os", "io", "pathlib", "time", "random", "logging", "socket", "subprocess", "threading", "asyncio"}
ADAPTER_MAY_USE = {"torch", "lightning", "pytorch_lightning", "transformers", "accelerate", "safetensors"}


def imported(path: Path) -> Iterator[str]:
    """Yield the top-level names a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def imported_at_top(path: Path) -> Iterator[str]:
    """Yield the top-level names a module imports when it is imported."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def modules(folder: Path) -> list[Path]:
    """Return the Python files of a folder; an empty folder is a mistake in this test."""
    found = sorted(folder.rglob("*.py"))
    assert found
    return found


def test_planner_imports_only_the_maths(root: Path) -> None:
    """The planner imports the standard library, numpy, scipy, pandas and itself."""
    allowed = PLANNER_MAY_USE | set(sys.stdlib_module_names) - IMPURE
    crossing = {
        (p.name, name) for p in modules(root / "planner") for name in imported(p) if name not in allowed
    }
    assert set() == crossing


def test_app_crosses_to_the_planner_only(root: Path) -> None:
    """The service imports no folder of the house but app and planner."""
    forbidden = HOUSE - {"app", "planner"}
    crossing = {(p.name, name) for p in modules(root / "app") for name in imported(p) if name in forbidden}
    assert set() == crossing


def test_client_imports_only_the_standard_library(root: Path) -> None:
    """The client imports the standard library and itself; frameworks only inside a function of an adapter."""
    allowed = set(sys.stdlib_module_names) | {"cutloss"}
    client = modules(root / "trainer" / "cutloss")
    anywhere = {(p.name, n) for p in client for n in imported(p) if n not in allowed | ADAPTER_MAY_USE}
    at_import = {
        (p.name, name)
        for p in client
        if p.parent.name != "integrations"
        for name in imported_at_top(p)
        if name not in allowed
    }
    assert (set(), set()) == (anywhere, at_import)


@pytest.mark.parametrize("folder", ["planner", "app"])
def test_no_relative_imports(root: Path, folder: str) -> None:
    """Imports are absolute, so that a module can be read on its own."""
    relative = [
        p.name
        for p in modules(root / folder)
        for node in ast.walk(ast.parse(p.read_text()))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert [] == relative


def test_planner_imports_without_cycles(root: Path) -> None:
    """The planner's modules can be put in an order in which each imports only earlier ones."""
    names = {path.stem for path in modules(root / "planner")}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for path in modules(root / "planner"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("planner."):
                edges[path.stem].add(str(node.module).split(".")[1])
    assert names == set(TopologicalSorter(edges).static_order())
