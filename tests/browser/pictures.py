"""Take pictures of the pages with realistic runs: ``python tests/browser/pictures.py FOLDER [--sizes]``.

``make`` does not run it by itself; the pictures in docs/screenshots come from here.
"""

import argparse
import getpass
import tempfile
import time
from pathlib import Path

from chromium import browsing
from demo_history import replay
from demo_runs import fill
from served import served

from app.store import open_store

VIEWPORTS = {"desktop": (1440, 1000), "tablet": (820, 1100), "phone": (390, 844)}
PAGES = {
    "report": "/runs/topoflow/report",
    "runs": "/",
    "run": "/runs/topoflow",
    "plan": "/plan",
    "actions": "/actions",
}


def main() -> None:
    """Write one picture for each page, size and colour scheme."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pages", nargs="*", default=["runs", "run"])
    parser.add_argument("--language", default="en")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        store = open_store(state / "cutloss.sqlite3")
        fill(store, getpass.getuser(), time.time())
        replay(store, [run.id for run in store.runs()])
        store.close()
        with (
            served(state, "--scheduler=none", CUTLOSSD_STALE_AFTER_SECONDS="900") as service,
            browsing() as browser,
        ):
            for scheme in ("light", "dark"):
                for size, (width, height) in VIEWPORTS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        color_scheme=scheme,
                        locale=options.language,
                    )
                    page = context.new_page()
                    page.goto(service.link)
                    for name in options.pages:
                        path = PAGES.get(name, name)
                        page.goto(service.url + path)
                        if page.locator("#loss-chart").count():
                            page.locator("#loss-chart[data-ready]").wait_for()
                        target = options.folder / f"{name.strip('/').replace('/', '-')}-{size}-{scheme}.png"
                        page.screenshot(path=target, full_page=True)
                    context.close()


if __name__ == "__main__":
    main()
