"""What slurmrestd answers is told apart: an answer, a refusal, an outage."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from app.slurm.rest_daemon import RestDaemon
from app.slurm.scheduler import SchedulerError, SchedulerUnavailableError, SchedulerUnreachableError
from app.slurm.web_token import WebToken


class Server:
    """A daemon that answers what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.command, self.path, dict(self.headers)))
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *_: object) -> None:
                pass

        self.http = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def tell(self, status: int, document: Any) -> None:
        """Answer so from now on."""
        self.status, self.body = status, json.dumps(document).encode()


@pytest.fixture(name="server")
def serve() -> Iterator[Server]:
    """Serve in a thread."""
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def daemon(server: Server) -> RestDaemon:
    """Return the daemon as ada asks it."""
    return RestDaemon(server.url, "ada", WebToken(lambda: "tok", lambda: 0.0))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ('{"paths": {"/slurm/v0.0.37/ping": {}, "/slurm/v0.0.38/ping": {}}}', 38),
        (r'{"paths": {"\/slurm\/v0.0.40\/ping\/": {}, "\/slurmdb\/v0.0.99\/x": {}}}', 40),
        ('{"paths": {"/slurm/v0.0.44/jobs/": {}, "/slurm/v0.0.45/jobs/": {}, "/slurm/v0.0.9/x": {}}}', 45),
    ],
)
def test_the_newest_version_is_spoken(server: Server, text: str, version: int) -> None:
    """Found out once, by numbers and not by letters."""
    server.body = text.encode()
    asking = daemon(server)
    assert version == asking.version()
    asking.slurm("GET", "ping")
    asking.slurmdb("job/1")
    paths = ["/openapi/v3", f"/slurm/v0.0.{version}/ping", f"/slurmdb/v0.0.{version}/job/1"]
    assert paths == [path for _, path, _ in server.asked]
    assert ("ada", "tok") == (
        server.asked[1][2]["X-SLURM-USER-NAME"],
        server.asked[1][2]["X-SLURM-USER-TOKEN"],
    )


def test_too_old_a_daemon_is_refused(server: Server) -> None:
    """Its fields are other ones."""
    server.body = b'{"paths": {"/slurm/v0.0.37/ping": {}}}'
    with pytest.raises(SchedulerUnreachableError, match=r"\[37\]"):
        daemon(server).version()


@pytest.mark.parametrize(
    ("status", "errors", "kind"),
    [
        (401, [], SchedulerUnreachableError),
        (500, [{"error_number": -1, "error": "Unspecified error"}], SchedulerUnavailableError),
        (500, [{"error_code": 5004, "error": "Socket timed out on send/recv operation"}],
         SchedulerUnavailableError),
        (500, [{"error_number": 1800, "error": "Unable to contact slurm controller (connect failure)"}],
         SchedulerUnreachableError),
        (500, [{"error_code": 5005, "error": "Zero Bytes were transmitted or received"}],
         SchedulerUnavailableError),
    ],
)  # fmt: skip
def test_outages_are_outages(server: Server, status: int, errors: Any, kind: type[Exception]) -> None:
    """Told by SLURM's words, as recorded from 22.05."""
    server.tell(status, {"errors": errors, "jobs": []})
    with pytest.raises(kind) as raised:
        daemon(server).ask("GET", "/x")
    assert kind is raised.type


def test_refusals_are_told_in_slurms_words(server: Server) -> None:
    """Being held is no error; an unknown job is known as such."""
    server.tell(200, {"errors": [{"error_code": 2042, "error": "Job is in held state"}], "job_id": 7})
    assert 7 == daemon(server).ask("GET", "/x").must().document["job_id"]
    told = {
        "description": "Unable to find JobId=9",
        "error_number": 2017,
        "error": "Invalid job id specified",
    }
    server.tell(500, {"errors": [told]})
    answer = daemon(server).ask("GET", "/x")
    assert answer.is_unknown_job
    with pytest.raises(SchedulerError, match="JobId=9: Invalid job id"):
        answer.must()
    server.status, server.body = 404, b"not json"
    with pytest.raises(SchedulerError, match="404"):
        daemon(server).ask("GET", "/x").must()


def test_a_daemon_that_is_away_is_an_outage(server: Server) -> None:
    """Nothing was asked."""
    gone = RestDaemon("http://127.0.0.1:1", "ada", None)
    with pytest.raises(SchedulerUnreachableError, match="not reached"):
        gone.ask("GET", "/x")
    with pytest.raises(SchedulerUnreachableError, match="not reached"):
        RestDaemon("unix:/nowhere/socket", "ada", None).ask("GET", "/x")
    assert [] == server.asked


@pytest.mark.parametrize("url", ["", "ftp://host", "http://", "unix:", "/path", "file:///etc/passwd"])
def test_odd_addresses_are_refused(url: str) -> None:
    """An address is http, https or unix."""
    with pytest.raises(SchedulerError, match="expected http"):
        RestDaemon(url, "ada", None)


def test_the_clusters_name_is_known_where_it_is_told(server: Server) -> None:
    """Since 23.11."""
    newest = {"meta": {"slurm": {"cluster": "jean-zay"}}, "paths": "/slurm/v0.0.40/"}
    server.tell(200, newest)
    assert "jean-zay" == daemon(server).cluster()
    server.tell(200, {"meta": {"Slurm": {}}, "paths": "/slurm/v0.0.38/"})
    assert daemon(server).cluster() is None
