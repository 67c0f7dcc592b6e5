"""What the service looks up across runs: jobs, waits, documents, tokens, the audit log."""

from typing import Any

from app.records import RecordBatch
from app.slurm.scheduler import JobFacts
from app.store import Store
from app.store.facts import AuditEntry, AuditFilter, Token


def _report(store: Store, run: str, *, user: str = "ada", started: float = 1000.0, **parts: Any) -> None:
    body = {"v": 1, "attempt": f"{run}-{started}", "attempt_started": started, **parts}
    store.add(user, run, RecordBatch.model_validate(body), started + 1)


def _job(number: str) -> dict[str, str]:
    return {"cluster": "c", "id": number}


def test_run_of_a_job_is_the_newest_of_the_user(store: Store) -> None:
    """A job names the user's newest run in it, over every attempt; other users' runs are not there."""
    _report(store, "first", job=_job("7"))
    _report(store, "first", started=2000.0, job=_job("8"))
    _report(store, "second", started=3000.0, job=_job("7"))
    found = [store.run_of_job("ada", job) for job in ("7", "8", "9")]
    assert ["second", "first", None] == [run and run.id for run in found]
    assert None is store.run_of_job("eve", "7")


def test_runs_heard_of(store: Store) -> None:
    """Runs of which something came since a moment are listed, the newest first."""
    for number, run in enumerate(("a", "b", "c")):
        _report(store, run, started=1000.0 * number)
    assert ["c", "b"] == [run.id for run in store.runs_heard_of(1001.0, 10)]
    assert ["c"] == [run.id for run in store.runs_heard_of(0.0, 1)]


def test_run_replacing_another(store: Store) -> None:
    """The newest of the user's runs that says it replaces a run is found."""
    plan = {"seq": [1], "kind": ["plan"], "data": [{"replaces": "old"}]}
    _report(store, "old")
    _report(store, "other", user="eve", notes=plan)
    assert None is store.run_replacing("old", "ada")
    _report(store, "new", notes=plan)
    assert "new" == store.run_replacing("old", "ada").id


def test_queue_waits_are_the_users_own(store: Store) -> None:
    """What a user's jobs waited is known, oldest first, of one partition where it is named."""
    waits = {"1": (100.0, 160.0, "gpu"), "2": (200.0, 230.0, "cpu"), "3": (300.0, None, "gpu")}
    facts = [
        JobFacts(id_, "c", "RUNNING", submitted=submitted, started=started, partition=partition)
        for id_, (submitted, started, partition) in waits.items()
    ]
    store.put_jobs([*facts, JobFacts("4", "c", "RUNNING", submitted=1.0, started=9.0)], 1000.0)
    for id_ in waits:
        _report(store, f"run-{id_}", job=_job(id_))
    _report(store, "theirs", user="eve", job=_job("4"))
    assert [60.0, 30.0] == store.queue_waits("ada")
    assert ([60.0], [8.0]) == (store.queue_waits("ada", "gpu"), store.queue_waits("eve"))


def test_documents_of_a_kind(store: Store) -> None:
    """The current documents of a kind come with their runs, the newest first, of one user only."""
    for number, (run, user) in enumerate((("a", "ada"), ("b", "ada"), ("c", "eve"))):
        _report(store, run, user=user)
        store.put_document(run, "kind", {"n": number}, float(number))
        store.put_document(run, "else", {"n": 9}, 9.0)
    assert [("b", {"n": 1}), ("a", {"n": 0})] == store.documents("kind", "ada")


def test_tokens_are_listed_and_revoked(store: Store) -> None:
    """Tokens are listed in the order they were made; one that was revoked opens nothing."""
    tokens = [Token(hash_, "ada", "read", created) for hash_, created in (("b", 1.0), ("a", 2.0))]
    for token in tokens:
        store.add_token(token)
    assert tokens == store.tokens()
    assert (True, False) == (store.revoke_token("b"), store.revoke_token("b"))
    assert (None, tokens[1:]) == (store.token("b"), store.tokens())


def test_audit_is_narrowed_by_action_outcome_and_time(store: Store) -> None:
    """Each of them alone, and together; which actions there are is a user's own."""
    for at, user, action, outcome in (
        (1.0, "ada", "relaunch", "accepted"), (2.0, "ada", "relaunch", "refused"),
        (3.0, "ada", "command", "accepted"), (4.0, "eve", "rollback", "accepted"),
    ):  # fmt: skip
        store.add_audit(AuditEntry(at, user, action, "one", outcome, {}))

    def found(**wanted: Any) -> list[float]:
        return [entry.at for entry in store.audit(9, 0, AuditFilter("ada", **wanted))]

    assert [2.0, 1.0] == found(action="relaunch")
    assert [3.0, 1.0] == found(outcome="accepted")
    assert [3.0, 2.0] == found(since=2.0)
    assert [1.0] == found(action="relaunch", outcome="accepted")
    assert ["command", "relaunch"] == store.audited_actions("ada")


def test_audit_is_narrowed_before_it_is_paged(store: Store) -> None:
    """A page of one user's entries, or of one run's, is full though others' lie between."""
    for number in range(6):
        user = "ada" if number % 2 else "eve"
        store.add_audit(AuditEntry(float(number), user, "x", f"run-{number}", "accepted", {}))
    assert [5.0, 3.0] == [entry.at for entry in store.audit(2, 0, AuditFilter("ada"))]
    assert [1.0] == [entry.at for entry in store.audit(2, 2, AuditFilter("ada"))]
    assert [3.0] == [entry.at for entry in store.audit(9, 0, AuditFilter("ada", "n-3"))]
