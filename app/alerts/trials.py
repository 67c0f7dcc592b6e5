"""Messages whose outcome somebody waits for, yet not beyond the service's end."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, wait
from time import monotonic

from app.alerts.channels import UNKNOWN, Sent, send

CUT_OFF = "The service ended before the channel answered."


class Trials:
    """Hands messages over in threads of their own, which do not keep the service from ending.

    Args:
        handing_over: hands a message to an address; a slow channel takes it half a minute.
    """

    def __init__(self, handing_over: Callable[[str, str, str], Sent] = send) -> None:
        self._handing_over = handing_over
        self._closing: Future[None] = Future()

    def send(self, url: str, title: str, text: str) -> Sent:
        """Hand a message to a channel, and wait for what it says or for the end of the service."""
        sent: list[Sent] = []
        handed: Future[None] = Future()
        began = monotonic()

        def hand_over() -> None:
            try:
                sent.append(self._handing_over(url, title, text))
            finally:
                handed.set_result(None)

        threading.Thread(target=hand_over, name="alerts-test", daemon=True).start()
        wait((handed, self._closing), return_when=FIRST_COMPLETED)
        if sent:
            return sent[0]
        return Sent(ok=False, seconds=monotonic() - began, error=UNKNOWN if handed.done() else CUT_OFF)

    def close(self) -> None:
        """Wait for no channel any more."""
        if not self._closing.done():
            self._closing.set_result(None)
