"""The rule for a run that ends."""

from app.alerts.facts import Finding, Pulse
from app.schemas.alerts import AlertSettings
from app.states import ENDED_WORDS, JOB_END_WORDS


def run_ends(pulse: Pulse, _: AlertSettings, episode: str | None) -> Finding | None:
    """Find that a run has finished, failed or was stopped, by its own word or by its job's end."""
    word = _word(pulse)
    if word is None:
        return None
    job_state = pulse.job.state if pulse.job is not None and not pulse.job.is_active else None
    tempo = pulse.tempo
    data = {
        "word": word,
        "job_state": job_state,
        "job": pulse.run.job.id if pulse.run.job else None,
        "step": tempo.at_step if tempo else None,
        "total_steps": tempo.total_steps if tempo else None,
        "seconds": pulse.run.last_record_at - pulse.run.created,
    }
    key = f"{word}-{pulse.run.job.id}" if pulse.run.job else word
    if episode is not None and episode.partition("-")[2] == key.partition("-")[2]:
        return Finding(episode)  # told already: a later word for the same end is no news
    ended = pulse.job.ended if pulse.job is not None and pulse.job.ended else pulse.run.last_record_at
    return Finding(key, data, ended, is_alarm=word == "failed")


def _word(pulse: Pulse) -> str | None:
    if pulse.run.finished is not None:
        return ENDED_WORDS.get(pulse.run.finished, "failed")
    job = pulse.job
    silent = pulse.now - pulse.run.last_record_at > pulse.stale_after_seconds
    if job is None or job.is_active or not silent:
        return None
    return JOB_END_WORDS.get(job.state, "failed")
