"""Write docs/modules.md: every module with the first line of its docstring. Run by `make docs`."""

import ast
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "modules.md"
FOLDERS = {
    "planner": "The maths, pure.",
    "app": "The service.",
    "trainer/cutloss": "The client, standard library only.",
}
HEAD = """# Modules

What each module is, in its own words. This page is written by `make docs`; a test keeps it true.
"""


def summary(path: Path) -> str:
    """Return the first line of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text())) or "").split("\n")[0]


def section(folder: str, purpose: str) -> str:
    """Return the table of one folder."""
    rows = [
        f"| `{path.relative_to(ROOT / folder)}` | {summary(path)} |"
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]
    return "\n".join([f"\n## {folder}/\n\n{purpose}\n", "| module | what it is |", "|---|---|", *rows, ""])


def page() -> str:
    """Return the whole page."""
    return HEAD + "".join(section(folder, purpose) for folder, purpose in FOLDERS.items())


if __name__ == "__main__":
    sys.exit(PAGE.write_text(page()) == 0)
