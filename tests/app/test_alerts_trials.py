"""A message that somebody waits for."""

import threading

from app.alerts.channels import Sent
from app.alerts.trials import CUT_OFF, Trials

PATIENCE_SECONDS = 60.0


def test_what_the_channel_says_is_told() -> None:
    """The outcome is that of the hand-over, with what was handed over."""
    trials = Trials(lambda url, title, text: Sent(ok=True, seconds=2.0, error=f"{url} {title} {text}"))
    assert Sent(ok=True, seconds=2.0, error="u a b") == trials.send("u", "a", "b")


def test_nobody_waits_after_the_end() -> None:
    """Once the service ends, a channel that has not answered is not waited for."""
    answer = threading.Event()

    def never(_url: str, _title: str, _text: str) -> Sent:
        answer.wait(PATIENCE_SECONDS)
        return Sent(ok=True, seconds=0.0)

    trials = Trials(never)
    trials.close()
    trials.close()
    sent = trials.send("u", "a", "b")
    answer.set()
    assert (False, CUT_OFF) == (sent.ok, sent.error)
    for thread in [one for one in threading.enumerate() if one.name == "alerts-test"]:
        thread.join(PATIENCE_SECONDS)
