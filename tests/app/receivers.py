"""Real servers on this machine that take messages: a webhook and a mail server."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.header import decode_header, make_header
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Webhook:
    """What a webhook was sent; it answers with ``status``."""

    port: int = 0
    status: int = 200
    location: str | None = None
    bodies: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)


@dataclass
class Mailbox:
    """What a mail server took."""

    port: int = 0
    recipients: list[str] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)

    @property
    def subjects(self) -> list[str]:
        """The subjects, decoded."""
        return [str(make_header(decode_header(message_from_string(mail)["Subject"]))) for mail in self.mails]


@contextmanager
def webhook() -> Iterator[Webhook]:
    """Yield a webhook that listens."""
    taken = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.paths.append(self.path)
            taken.bodies.append(json.loads(body) if body.startswith(b"{") else {})
            self.send_response(taken.status)
            if taken.location is not None:
                self.send_header("Location", taken.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, _serving(server):
        taken.port = server.server_address[1]
        yield taken


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Yield a mail server that listens; it speaks as much SMTP as a sender needs."""
    taken = Mailbox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("220 ready")
            while line := self.rfile.readline().decode().strip():
                verb = line.upper()
                if verb.startswith("RCPT TO:"):
                    taken.recipients.append(line[8:].strip(" <>"))
                if verb == "DATA":
                    self._say("354 go on")
                    taken.mails.append("".join(iter(self._line, ".\n")))
                self._say("221 bye" if verb == "QUIT" else "250 ok")
                if verb == "QUIT":
                    return

        def _line(self) -> str:
            return self.rfile.readline().decode().replace("\r\n", "\n")

        def _say(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server, _serving(server):
        taken.port = server.server_address[1]
        yield taken


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
