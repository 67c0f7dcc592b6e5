"""The shape of the code: short functions, readable modules, few broad excepts, nothing from outside."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

OUR_CODE = ("app", "planner", "trainer/cutloss")
BROAD_EXCEPT_ALLOWED = {"reporter.py", "poller.py"}
OUTSIDE = re.compile(r"""(?:src|href|action)\s*=\s*["']?(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import""")


def trees(root: Path) -> Iterator[tuple[Path, ast.Module]]:
    """Yield every module of ours with its syntax tree."""
    for folder in OUR_CODE:
        for path in sorted((root / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text())


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines after its docstring."""
    has_docstring = ast.get_docstring(node) is not None
    body = node.body[1:] if has_docstring else node.body
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_is_over_fifty_lines(root: Path) -> None:
    """A function is one verb: no body is over 50 lines."""
    long = [
        f"{path.name}:{node.name} {body_lines(node)}"
        for path, tree in trees(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > 50
    ]
    assert [] == long


def test_no_module_is_over_four_hundred_lines(root: Path) -> None:
    """A module is one noun: none is over 400 lines."""
    assert [] == [
        f"{path.name} {len(path.read_text().splitlines())}"
        for path, _ in trees(root)
        if len(path.read_text().splitlines()) > 400
    ]


def test_broad_excepts_only_where_the_house_allows_them(root: Path) -> None:
    """`except Exception` stands only in the reporter's outermost call and the poller's loop."""
    broad = {
        path.name
        for path, tree in trees(root)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or getattr(node.type, "id", "") in {"Exception", "BaseException"})
    }
    assert set() == broad - BROAD_EXCEPT_ALLOWED


def test_pages_load_nothing_from_outside(root: Path) -> None:
    """No template and no static file names another host for something it loads."""
    files = [*(root / "templates").rglob("*.html"), *(root / "app" / "static").rglob("*.[cj]s*")]
    assert files
    assert [] == [path.name for path in files if OUTSIDE.search(path.read_text())]


def test_no_unfinished_work_is_left_behind(root: Path) -> None:
    """Open work is an issue, never a comment."""
    mark = "TO" + "DO"
    assert [] == [path.name for path, _ in trees(root) if mark in path.read_text()]
