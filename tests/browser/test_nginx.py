"""The service behind a real nginx, in the configuration that the documentation gives."""

import contextlib
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo_runs import RUNS, fill
from served import Service, served

from app.store import open_store

PATIENCE_SECONDS = 30.0
NGINX_LIMIT = 1_048_576
"""Bytes of a body that nginx takes of its own accord."""
UPSTREAM = "http://127.0.0.1:8765"
PLACE = "/cutloss"
MAIN = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen unix:{folder}/socket;
        include {folder}/cutloss.conf;
    }}
}}
"""
pytestmark = pytest.mark.nginx


def documented_settings(root: Path) -> dict[str, str]:
    """Return the settings that the page for sites gives a service behind nginx."""
    page = (root / "docs" / "site-installation.md").read_text("utf-8")
    block = re.search(r"```\n((?:CUTLOSSD_\w+=\S+ \\\n)+) *cutlossd serve --port 8765\n```", page)
    assert block is not None
    return dict(line.removesuffix(" \\").split("=", 1) for line in block.group(1).splitlines())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[Service]:
    """Return a service with the documented settings."""
    folder = tmp_path_factory.mktemp("behind-nginx")
    store = open_store(folder / "cutloss.sqlite3")
    fill(store, getuser(), time.time(), RUNS[:1])
    store.close()
    with served(folder, "--scheduler=none", **documented_settings(root)) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(service: Service, root: Path) -> Iterator[Path]:
    """Return the socket of an nginx with the documented file, in which only the upstream's port differs."""
    documented = (root / "deploy" / "nginx" / "cutloss.conf").read_text("utf-8")
    assert 1 == documented.count(UPSTREAM)
    upstream = "http://" + httpx.URL(service.url).netloc.decode()
    user = "user root;" if os.geteuid() == 0 else ""
    # A socket's path may have a hundred characters, which a test's own folder may exceed.
    with tempfile.TemporaryDirectory(prefix="nginx-") as name:
        folder = Path(name)
        (folder / "cutloss.conf").write_text(documented.replace(UPSTREAM, upstream))
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        with running(folder):
            yield folder / "socket"


@contextlib.contextmanager
def running(folder: Path) -> Iterator[None]:
    """Run nginx until the block ends."""
    search = os.environ["PATH"] + ":/usr/sbin"
    nginx = subprocess.Popen(
        ["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"], env={"PATH": search}
    )
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not (folder / "socket").exists():
            assert nginx.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < until, "nginx does not listen"
            time.sleep(0.02)
        yield
    finally:
        nginx.terminate()
        nginx.wait(PATIENCE_SECONDS)


@pytest.fixture
def visitor(service: Service, proxy: Path) -> Iterator[httpx.Client]:
    """Return a browser that has followed the printed link, all of it through nginx."""
    transport = httpx.HTTPTransport(uds=str(proxy))
    with httpx.Client(
        transport=transport,
        base_url="http://login.example.org",
        timeout=PATIENCE_SECONDS,
        headers={"accept": "text/html"},
    ) as client:
        signed_in = client.get(f"{PLACE}/?{service.link.partition('?')[2]}")
        assert (303, f"{PLACE}/") == (signed_in.status_code, signed_in.headers["location"])
        yield client


def test_pages_and_what_they_load_come_through(visitor: httpx.Client) -> None:
    """The list, a run, and every script and style they name, all beneath the sub-path."""
    for path in ("/", "/runs/topoflow"):
        page = visitor.get(PLACE + path)
        assert 200 == page.status_code
        assert "topoflow" in page.text
        wanted = re.findall(r'(?:src|href)="(/[^"]+\.(?:js|css|svg)[^"]*)"', page.text)
        assert 2 <= len(wanted)
        for address in wanted:
            assert address.startswith(PLACE + "/")
            assert 200 == visitor.get(address).status_code, address
    assert 404 == visitor.get(PLACE + "/runs/nothing").status_code


def test_a_form_is_posted_with_its_token(visitor: httpx.Client) -> None:
    """A form's token is taken, its answer leads back beneath the sub-path; a wrong token is refused."""
    address = PLACE + "/runs/topoflow/mute"
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', visitor.get(PLACE + "/alerts").text)
    assert found is not None
    assert 403 == visitor.post(address, data={"csrf_token": "0", "muted": "yes"}).status_code
    answer = visitor.post(address, data={"csrf_token": found.group(1), "muted": "yes"})
    assert 303 == answer.status_code, answer.text
    assert answer.headers["location"].startswith(PLACE + "/runs/topoflow")
    assert 200 == visitor.get(answer.headers["location"]).status_code


def test_a_long_report_comes_through_and_the_open_page_hears_of_it(
    service: Service, visitor: httpx.Client
) -> None:
    """A stream's first words arrive while it is open, and so does what a reporter sends meanwhile."""
    with visitor.stream("GET", PLACE + "/runs/topoflow/live") as stream:
        lines = stream.iter_lines()
        assert "text/event-stream" in stream.headers["content-type"]
        wait_for_event(lines, "opened")
        report(service, visitor)
        wait_for_event(lines, "fragments", "step 44 of 311")


def report(service: Service, visitor: httpx.Client) -> None:
    """Send one more step of the run in a body that nginx takes only where it is told to."""
    token = json.loads((service.folder / "credentials.json").read_text())["report_token"]
    now = time.time()
    steps = {"seq": [1], "step": [44], "ended": [now], "seconds": [40.0], "loss": [1.7], "lr": [None]}
    body: dict[str, Any] = {"v": 1, "attempt": "again", "attempt_started": now - 60, "steps": steps}
    content = json.dumps({**body, "unknown": "x" * NGINX_LIMIT})
    answer = visitor.post(
        f"{PLACE}/api/v1/runs/topoflow/records", content=content, headers={"authorization": f"Bearer {token}"}
    )
    assert 200 == answer.status_code, answer.text


def wait_for_event(lines: Iterator[str], event: str, text: str = "") -> None:
    """Read a stream up to an event of a name that shows a text."""
    until, name = time.monotonic() + PATIENCE_SECONDS, ""
    for line in lines:
        if line.startswith("event:"):
            name = line.removeprefix("event:").strip()
        shown = " ".join(re.sub(r"<[^>]+>", "", line).split())
        if line.startswith("data:") and name == event and text in shown:
            return
        assert time.monotonic() < until, f"no event {event} with {text!r}"
    raise AssertionError(f"the stream ended before {event}")
