"""A copy of the service that an ordinary user may run, wherever the checkout and its environment lie."""

import os
import shutil
import site
import subprocess
from pathlib import Path

# Large, and no part of the service. Compiled files come along: without them the start takes half a minute.
_LEFT_OUT = (
    "torch*", "nvidia*", "triton*", "playwright*", "sympy*", "networkx*", "mypy*", "pip*", "schemathesis*",
    "jsonschema_rs*", "*__mypyc*", "tests", "ruff*", "_cutloss*", "*cutloss*.pth",
)  # fmt: skip


def install(root: Path, library: Path) -> None:
    """Fill a folder with the service, the client and what they import; files are linked where they can be."""
    for packages in map(Path, site.getsitepackages()):
        shutil.copytree(
            packages,
            library,
            ignore=shutil.ignore_patterns(*_LEFT_OUT),
            copy_function=_link,
            dirs_exist_ok=True,
        )
    for part in ("app", "planner", "templates", "trainer/cutloss"):
        target = library / Path(part).name
        shutil.copytree(root / part, target, dirs_exist_ok=True)
        subprocess.run(["chmod", "-R", "a+rX", str(target)], check=True)


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
