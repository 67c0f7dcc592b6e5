"""The pages: who may see them, what they say in each state, what their forms do."""

import html
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest

from app.pages.rows import ENDED
from app.slurm.scheduler import JobFacts
from app.store.facts import AuditEntry

PLAN = {"name": "demo", "total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
JOB = {"cluster": "demo", "id": "77", "restart_count": 0}
LOGIN = "/?token=login-token-of-the-tests"
Service = Any
Visitor = Any


@pytest.fixture
async def visitor(service: Service) -> Visitor:
    """Return a browser that is signed in."""
    answer = await service.client.get(LOGIN, follow_redirects=True)
    assert 200 == answer.status_code
    return service.client


def words_of(answer: Any, status: int = 200) -> str:
    """Return a page's text, without markup and with ordinary spaces."""
    assert status == answer.status_code, answer.text
    body = re.sub(r"<(script|svg)\b.*?</\1>", " ", answer.text, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]+>", " ", body))
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def put_job(service: Service, state: str = "RUNNING", **facts: Any) -> None:
    """Store what a scheduler says of the job."""
    now = time.time()
    known = {"submitted": now - 9_000, "started": now - 8_400, "time_limit_seconds": 43_200.0, **facts}
    service.app.state.store.put_jobs([JobFacts("77", "demo", state, **known)], now)


def token_of(page: str) -> str:
    """Return the token that the forms of a page carry."""
    found = re.search(r'name="csrf_token" value="([0-9a-f]+)"', page)
    assert found
    return found.group(1)


@pytest.mark.parametrize("path", ["/", "/runs/x", "/plan", "/actions", "/runs/x/relaunch", "/chart"])
async def test_without_a_session_there_is_nothing_to_see(service: Service, path: str) -> None:
    """Every page asks to be signed in, in words a browser shows."""
    answer = await service.client.get(path, headers={"Accept": "text/html"})
    assert 401 == answer.status_code
    assert "This browser is not signed in." in answer.text


async def test_the_empty_list_teaches_the_first_run(visitor: Visitor) -> None:
    """Where no run has reported, the page says how the first one does."""
    told = words_of(await visitor.get("/"))
    assert "No run has reported yet." in told
    assert "cutloss.init(" in told


async def test_a_run_shows_its_answer_first(
    service: Service, visitor: Visitor, make_validations: Callable[..., Any]
) -> None:
    """A live run's page starts with the verdict, when it ends and between when."""
    await service.report("one", steps=100, plan=PLAN, job=JOB, validations=make_validations(20, 100))
    put_job(service)
    told = words_of(await visitor.get("/runs/one"))
    assert re.search(
        r"CONTINUE (?:[\w ]+ % sure )?Continue: ends at [\w :]+, between [\w :]+ and [\w :]+\.", told
    )
    assert "step 100 of 200" in told
    assert "Time ledger" in told
    assert "77 on" in told or "Job 77" in told


async def test_a_run_before_its_first_step_says_so(service: Service, visitor: Visitor) -> None:
    """What is unknown is called unknown: no zero, no dash for an end or a loss."""
    await service.report("new", plan=PLAN)
    told = words_of(await visitor.get("/runs/new"))
    assert "no step is done yet." in told
    assert "Train loss not yet" in told


async def test_a_run_without_a_declared_end_is_refused_in_words(service: Service, visitor: Visitor) -> None:
    """A refusal of the planner is a sentence, never its code."""
    await service.report("open", steps=50, plan={"name": "open"})
    told = words_of(await visitor.get("/runs/open"))
    assert "The run did not say how many steps it will take (total_steps)." in told
    assert "no_total_steps" not in told


@pytest.mark.parametrize(
    ("reason", "badge", "sentence"),
    [
        ("finished", "DONE", "Finished: ended at"),
        ("failed", "DONE", "Failed: it ended at"),
        ("stopped", "DONE", "Stopped at"),
    ],
)
async def test_an_ended_run_says_how(
    service: Service, visitor: Visitor, reason: str, badge: str, sentence: str
) -> None:
    """The end of a run is told, and nothing is asked of it any more."""
    assert reason in ENDED
    await service.report("old", steps=200, plan=PLAN, notes=[("finish", {"reason": reason})])
    page = await visitor.get("/runs/old")
    told = words_of(page)
    assert f"{badge} {sentence}" in told
    assert 'id="what-if"' not in page.text


async def test_a_diverged_run_is_to_be_stopped(service: Service, visitor: Visitor) -> None:
    """A loss that left the finite turns the page and the list to STOP."""
    now = time.time()
    columns = {
        "seq": list(range(60)), "step": list(range(1, 61)), "ended": [now - 60 + step for step in range(60)],
        "seconds": [1.0] * 60, "loss": [2.0] * 50 + ["nan"] * 10, "lr": [None] * 60,
    }  # fmt: skip
    await service.report("lost", columns=columns, plan=PLAN)
    told = words_of(await visitor.get("/runs/lost"))
    assert "STOP Stop: the loss is no longer a finite number." in told
    assert "Train loss NaN was 2.00" in told
    assert "at the end none to come" in told
    assert "now, step 60: NaN" in (await visitor.get("/runs/lost/chart")).text
    assert "Training loss NaN; it was 2.00 at the start." in words_of(await visitor.get("/runs/lost/report"))
    assert "1 of 1 runs needs you: stop 1." in words_of(await visitor.get("/"))


async def test_a_run_without_a_finite_loss_is_said_to_have_none(service: Service, visitor: Visitor) -> None:
    """Losses that were never finite were reported nonetheless."""
    now = time.time()
    columns = {
        "seq": list(range(60)), "step": list(range(1, 61)), "ended": [now - 60 + step for step in range(60)],
        "seconds": [1.0] * 60, "loss": ["nan"] * 60, "lr": [None] * 60,
    }  # fmt: skip
    await service.report("never", columns=columns, plan=PLAN)
    told = words_of(await visitor.get("/runs/never"))
    assert "Train loss NaN" in told
    assert "no loss was reported" not in told


async def test_a_queued_run_tells_its_start(service: Service, visitor: Visitor) -> None:
    """A run whose job waits says when it starts and why it waits."""
    await service.report("waits", plan=PLAN, job=JOB)
    put_job(service, "PENDING", started=None, estimated_start=time.time() + 7_200, reason="Priority")
    store = service.app.state.store
    run = store.run("waits")
    assert run is not None
    told = words_of(await visitor.get("/runs/waits"))
    assert "Pending" in told
    assert "Only then is this run cancelled." in told
    assert "This run saves a checkpoint." not in told


async def test_names_cannot_bring_markup(service: Service, visitor: Visitor) -> None:
    """A run's name is text wherever it is shown."""
    name = "<img src=x onerror=alert(1)>{user}"
    await service.report("odd", steps=30, plan={**PLAN, "name": name})
    for path in ("/", "/runs/odd"):
        page = (await visitor.get(path)).text
        assert "<img src=x" not in page
        assert html.escape(name) in page


async def test_another_users_run_is_not_there(service: Service, visitor: Visitor) -> None:
    """A run of somebody else is neither listed nor found."""
    await service.report("theirs", user="bob", steps=30, plan=PLAN)
    assert "theirs" not in (await visitor.get("/")).text
    for path in ("/runs/theirs", "/runs/theirs/chart", "/runs/theirs/what-if", "/runs/theirs/relaunch"):
        assert 404 == (await visitor.get(path)).status_code, path


async def test_the_list_is_paged_and_searched(service: Service, visitor: Visitor) -> None:
    """Of many runs one page is shown; the search is in the URL and keeps its pages."""
    for number in range(30):
        await service.report(f"run-{number:02}", plan=PLAN)
    first, second = await visitor.get("/"), await visitor.get("/?page=2")
    assert (25, 5) == (first.text.count('class="row"'), second.text.count('class="row"'))
    found = await visitor.get("/?q=run-07")
    assert 1 == found.text.count('class="row"')
    assert "No run is called that." in words_of(await visitor.get("/?q=nonsense"))


async def test_the_search_finds_runs_that_the_list_leaves_out(
    service: Service, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list chooses from the runs heard of last, and says so; the search looks at every run."""
    monkeypatch.setattr("app.pages.runs.MOST_RUNS", 3)
    for number in range(4):
        await service.report(f"run-{number}", plan={**PLAN, "name": f"name {number}"})
    told = words_of(await visitor.get("/"))
    assert "Chosen from the 3 runs heard of last; the search finds older ones." in told
    assert "name 0" not in told
    found = words_of(await visitor.get("/?q=name+0"))
    assert "name 0" in found
    assert "Chosen from" not in found


async def test_the_what_if_is_in_the_url(
    service: Service, visitor: Visitor, make_validations: Callable[..., Any]
) -> None:
    """A changed assumption is applied to the answer and marked; one that is no number is refused in words."""
    await service.report("one", steps=100, plan=PLAN, validations=make_validations(20, 100))
    told = words_of(await visitor.get("/runs/one?validate_every=100"))
    assert "Validate every 100 steps, not 20" in told
    assert "was 20" in told
    wrong = await visitor.get("/runs/one?edit=soon&test=-3&queue=1e9")
    assert 3 == wrong.text.count('aria-invalid="true"')
    assert "One of the fields holds no number that can be used." in words_of(wrong)


async def test_a_reached_target_is_not_ahead(service: Service, visitor: Visitor) -> None:
    """A loss at or below the target is told as reached, whatever is still to come."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": 50.0, "target_of": "train"})
    told = words_of(await visitor.get("/runs/one"))
    assert "The target 50 is reached" in told
    assert "On course for" not in told
    assert "A loss of 50 is reached already: the scenarios are compared at the end of their steps." in told
    assert "The target is reached: both are compared at the end of their steps." in told
    elsewhere = words_of(await visitor.get("/runs/one?target=0.01"))
    assert "The target is reached: both are compared" not in elsewhere


async def test_a_target_that_cannot_be_forecast_is_left_out_in_words(
    service: Service, visitor: Visitor
) -> None:
    """A run whose target is 0 or below has its verdict by time alone, and says so to each reader."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": -1.0, "target_of": "train"})
    told = words_of(await visitor.get("/runs/one"))
    assert "A loss of -1 cannot be forecast, so that target is left out: the scenarios are compared" in told
    assert "The target is left out: both are compared at the end of their steps." in told
    french = words_of(await visitor.get("/runs/one", headers={"Accept-Language": "fr"}))
    assert "Une perte de -1 ne peut pas être prévue, cet objectif est donc laissé de côté" in french
    verdict = (await service.get("/runs/one/verdict")).json()["verdict"]
    assert "target_left_out" in {reason["code"] for reason in verdict["reasons"]}


async def test_a_what_if_is_typed_as_people_type(service: Service, visitor: Visitor) -> None:
    """A comma or a point, spaces between thousands; a default sent back as a reader sees it is no change."""
    await service.report("one", steps=60, plan={**PLAN, "total_steps": 4_000, "validate_every": 500})
    french = {"Accept-Language": "fr"}
    for typed in ("edit=12,5", "edit=12.5"):
        told = words_of(await visitor.get(f"/runs/one?{typed}", headers=french))
        assert "Une hypothèse changée" in told or "1 hypothèse changée" in told, typed
    assert "Validate every 1,500 steps" in words_of(await visitor.get("/runs/one?validate_every=1,500"))
    assert "Validate every 1,500 steps" in words_of(await visitor.get("/runs/one?validate_every=1 500"))
    for name in ("edit", "test", "queue"):
        page = (await visitor.get("/runs/one", headers=french)).text
        shown = re.search(rf'name="{name}" value="([^"]*)"', page)
        assert shown is not None
        told = words_of(await visitor.get(f"/runs/one?{name}={shown[1]}"))
        assert "Change an assumption" in told, name


async def test_another_cadence_is_asked_of_the_running_job(service: Service, visitor: Visitor) -> None:
    """A rarer validation needs no relaunch: the trainer is asked, and what it answered is told."""
    await service.report("one", steps=60, plan=PLAN)
    unchanged, page = [(await visitor.get(f"/runs/one{query}")).text for query in ("", "?validate_every=100")]
    assert ("/runs/one/cadence" in unchanged, "/runs/one/cadence" in page) == (False, True)
    form = {"validate_every": "100"}
    assert 403 == (await visitor.post("/runs/one/cadence", data=form)).status_code
    signed = {**form, "csrf_token": token_of(page)}
    assert 303 == (await visitor.post("/runs/one/cadence", data=signed)).status_code
    asked = service.app.state.store.commands("one")[-1]
    assert ("set", "validate_every", 100) == (asked.command, asked.name, asked.value)
    assert "to validate every 100 steps; no answer yet." in words_of(await visitor.get("/runs/one"))
    await service.report("one", notes=[("command", {"id": asked.id, "status": "done", "step": 60})])
    assert "The trainer validates every 100 steps now" in words_of(await visitor.get("/runs/one"))
    same = {"validate_every": "20", "csrf_token": token_of(page)}
    assert 422 == (await visitor.post("/runs/one/cadence", data=same)).status_code


async def test_suggestions_stay_while_assumptions_change(
    service: Service, visitor: Visitor, make_validations: Callable[..., Any]
) -> None:
    """What else is worth asking is told under the changed assumptions, and asked about with them."""
    checked = make_validations(20, 100, seconds=900.0)
    await service.report("one", steps=100, plan={**PLAN, "total_steps": 2_000}, validations=checked)
    for query, kept in (("", ""), ("?edit=90", "edit=90&amp;")):
        page = (await visitor.get(f"/runs/one{query}")).text
        assert f'href="?{kept}validate_every=160#what-if"' in page


async def test_the_fixed_run_may_follow_an_earlier_one(
    service: Service, visitor: Visitor, make_validations: Callable[..., Any]
) -> None:
    """The curve of an earlier run, or this run's from a loss on, is chosen in the URL, and kept."""
    aim = {**PLAN, "target_loss": 0.62}
    await service.report("good", steps=150, plan=aim, validations=make_validations(10, 150))
    await service.report("one", steps=100, plan=aim, validations=make_validations(20, 100))
    page = (await visitor.get("/runs/one?curve=run:good")).text
    assert '<option value="run:good" selected>' in page
    assert "is taken to learn as this one does" in words_of(await visitor.get("/runs/one"))
    form = {"curve": "run:good", "start_loss": "0,8", "csrf_token": token_of(page)}
    assert 303 == (await visitor.post("/runs/one/scenario", data=form)).status_code
    stored, _ = service.app.state.store.document("one", "scenario")
    assert {"run": "good", "from_loss": 0.8} == stored["curve"]
    assert '<option value="run:good" selected>' in (await visitor.get("/runs/one")).text


async def test_a_what_if_becomes_the_scenario(service: Service, visitor: Visitor) -> None:
    """The form keeps the relaunch for good, with its token and only with it."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": 0.4, "target_of": "train"})
    page = (await visitor.get("/runs/one")).text
    form = {"edit": "30", "steps_low": "90", "steps_high": "120", "target": "0.4"}
    assert 403 == (await visitor.post("/runs/one/scenario", data=form)).status_code
    answer = await visitor.post("/runs/one/scenario", data={**form, "csrf_token": token_of(page)})
    assert 303 == answer.status_code
    stored, _ = service.app.state.store.document("one", "scenario")
    low, high = stored["edit_seconds"]
    assert 1_800 == pytest.approx((low * high) ** 0.5, rel=0.01)
    assert [90, 120] == [milestone[0] for milestone in stored["curve"]["milestones"]]


async def test_the_chart_does_not_grow_with_the_run(service: Service, visitor: Visitor) -> None:
    """The chart's data are bounded, whatever the run's length."""
    sizes = []
    for run, steps in (("short", 2_000), ("long", 20_000)):
        await service.report(run, steps=steps, plan={**PLAN, "total_steps": 40_000}, step_seconds=0.5)
        sizes.append(len((await visitor.get(f"/runs/{run}/chart")).content))
    assert sizes[1] < 1.2 * sizes[0]


async def test_pages_speak_french_and_keep_the_choice(service: Service, visitor: Visitor) -> None:
    """The browser's language is followed, a choice remembered, and the way back stays on this service."""
    await service.report("one", steps=60, plan=PLAN)
    french = await visitor.get("/runs/one", headers={"Accept-Language": "fr"})
    assert "Continuer :" in words_of(french)
    chosen = await visitor.get("/language/fr?back=/runs/one")
    assert (303, "/runs/one") == (chosen.status_code, chosen.headers["location"])
    assert 'lang="fr"' in (await visitor.get("/runs/one")).text
    for outside in ("//evil.example", "/\\evil.example", "https://evil.example"):
        away = await visitor.get("/language/en", params={"back": outside})
        assert "/" == away.headers["location"], outside


async def test_only_an_answer_that_was_asked_for_is_read_out(service: Service, visitor: Visitor) -> None:
    """The what-if moves with each step of its run; a screen reader is told of what its reader changes."""
    await service.report("one", steps=60, plan=PLAN)
    announced = '<div class="result" role="status">'
    assert '<div class="result">' in (await visitor.get("/runs/one")).text
    assert announced in (await visitor.get("/runs/one/what-if?edit=7")).text


def back_of(answer: Any) -> str:
    """Return where the link to the other language leads back to."""
    found = re.search(r'href="/language/\w+\?back=([^"]*)"', answer.text)
    assert found
    return unquote(html.unescape(found.group(1)))


async def test_another_language_keeps_what_was_asked(service: Service, visitor: Visitor) -> None:
    """Filters and assumptions stay; what answers a form leads back to the page that the form is on."""
    await service.report("one", steps=60, plan=PLAN)
    html_wanted = {"accept": "text/html"}
    for asked in (
        "/?q=a%26b%3F+%C3%A9&sort=name",
        "/runs/one?edit=1%2C5&queue=3",
        "/plan?edit=20",
        "/nowhere",
    ):
        assert asked == back_of(await visitor.get(asked, headers=html_wanted))
    kept = await visitor.get("/language/fr", params={"back": "/runs/one?edit=1%2C5&queue=3"})
    assert "/runs/one?edit=1%2C5&queue=3" == kept.headers["location"]
    shown = {"referer": "http://localhost/runs/one?edit=7"}
    changed = await visitor.get("/language/fr", params={"back": "/runs/one?edit=1"}, headers=shown)
    assert "/runs/one?edit=7" == changed.headers["location"]
    forms = {
        "/runs/one/curve": "/runs/one",
        "/runs/one/mute": "/runs/one",
        "/runs/one/relaunch/check": "/runs/one/relaunch",
        "/plan/curve": "/plan",
        "/alerts/channels/7/test": "/alerts",
    }
    for sent, page in forms.items():
        refused = await visitor.post(sent, data={"csrf_token": "old"}, headers=html_wanted)
        assert page == back_of(refused)
        is_problem = refused.status_code == 403
        assert is_problem == (f'<a href="{page}">Revenir à la page</a>' in refused.text)


async def test_links_respect_the_base_path(service: Service, visitor: Visitor) -> None:
    """Behind a proxy every link, form and file begins with the base path."""
    await service.report("one", steps=60, plan=PLAN)
    service.app.state.settings = service.settings.model_copy(update={"base_path": "/node/7"})
    for path in ("/", "/runs/one", "/plan", "/actions"):
        page = (await visitor.get(path)).text
        led = re.findall(
            r'(?:href|src|action|formaction|data-(?:live|answer|figure|source))="(/[^"]*)"', page
        )
        assert led, path
        assert [] == [target for target in led if not target.startswith("/node/7/")], path


async def test_the_plan_page_redoes_the_seed(visitor: Visitor) -> None:
    """The worked example comes out of typed numbers: 7 h 01 and 4 h 58 from now, tie at 3 h 08."""
    told = words_of(await visitor.get("/plan"))
    assert "Fix and relaunch: 2 h 03 min 30 sooner." in told
    assert "Continue 7 h 01 8 h 11 268 11" in told
    assert "Fix and relaunch advised 4 h 57 min 30 6 h 07 min 30 150 6" in told
    assert "take 3 h 08 min 30 together" in told
    assert "Sooner still: Continue, validating every 100 steps , 4 h 21 from now." in told
    assert "training 1 h 05 1 h 52 min 30 validation 2 h 57 min 30 2 h" in told


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("step=abc", "One step takes: no number that can be used."),
        ("total_steps=1e30", "Steps in all: no number that can be used."),
        ("at_step=999", "Steps done: expected at most total_steps, 311."),
        ("validate_every=0", "Validate every: expected"),
        (
            "fixed_losses=50:0.5;20:0.4",
            "(step: low-high; …): expected steps that increase.",
        ),
        ("step_seconds=-1", "There is no field step_seconds."),
        ("target=low", "Target val loss, if any: no number that can be used."),
        ("gpus=-1", "GPUs: no number that can be used."),
    ],
)
async def test_the_plan_page_names_the_field_it_refuses(visitor: Visitor, query: str, told: str) -> None:
    """What cannot be asked is refused as a whole, with a sentence that names the field."""
    assert told in words_of(await visitor.get(f"/plan?{query}"), 422)
    report = await visitor.get(f"/plan/report?{query}")
    assert (422, True) == (report.status_code, f"/{query.partition('=')[0]} is " in words_of(report, 422))


async def test_the_plan_page_repeats_no_endless_name(visitor: Visitor) -> None:
    """A field that is not there is named by its beginning."""
    told = words_of(await visitor.get(f"/plan/report?{'x' * 5_000}=1"), 422)
    assert (True, False) == ("x" * 100 in told, "x" * 101 in told)


async def test_the_plan_page_refuses_in_the_readers_language(visitor: Visitor) -> None:
    """In French, too, the sentence names the field and what was expected."""
    told = words_of(await visitor.get("/plan?at_step=999", headers={"Accept-Language": "fr"}), 422)
    assert "Pas faits : attendu au plus le nombre de pas en tout, 311." in told


async def test_the_plan_page_keeps_no_file_in_its_address(visitor: Visitor) -> None:
    """The form sends its file field along; the address it leads to holds the numbers alone."""
    led = await visitor.get("/plan?edit=20&file=&test=5")
    assert (303, "/plan?edit=20&test=5") == (led.status_code, led.headers["location"])


async def test_the_plan_page_compares_at_the_same_goal(visitor: Visitor) -> None:
    """With a target both options run to it: what never gets there is out of sight, never 0 s."""
    told = words_of(await visitor.get("/plan?target=0,36"))
    assert "Continue not in sight" in told
    assert "Fix and relaunch advised" in told
    assert "Set a target loss to compare them at the same goal." not in told


async def test_the_actions_page_tells_what_was_done(service: Service, visitor: Visitor) -> None:
    """An action shows with its outcome; another user's does not."""
    await service.report("one", steps=60, plan=PLAN)
    page = (await visitor.get("/runs/one")).text
    await visitor.post("/runs/one/scenario", data={"edit": "30", "csrf_token": token_of(page)})
    nothing = "Nothing in the log is like that."
    for query in ("", "?run=on", "?action=scenario", "?outcome=accepted&since=1"):
        told = words_of(await visitor.get(f"/actions{query}"))
        assert "Scenario kept one accepted" in told, query
    for query in ("?run=two", "?action=relaunch", "?outcome=refused"):
        assert nothing in words_of(await visitor.get(f"/actions{query}")), query


@pytest.mark.parametrize(
    ("outcome", "icon", "english", "french"),
    [
        ("accepted", "i-done", "accepted", "acceptée"),
        ("done", "i-done", "done", "terminé"),
        ("submitted", "i-dot", "under way", "en cours"),
        ("rolled_back", "i-cross", "undone", "annulée"),
    ],
)
async def test_a_stage_on_the_way_is_no_refusal(  # noqa: PLR0913, PLR0917 - a service, and one line of the log
    service: Service, visitor: Visitor, outcome: str, icon: str, english: str, french: str
) -> None:
    """Each line of the log has its mark, and is told in the reader's language."""
    noted = {"words": "job 78 waits, held"}
    entry = AuditEntry(time.time(), "ada", "relaunch", "one", outcome, noted)
    service.app.state.store.add_audit(entry)
    page = await visitor.get("/actions")
    assert f'<use href="#{icon}"/></svg>{english}</span>' in page.text
    told = words_of(await visitor.get("/actions", headers={"Accept-Language": "fr"}))
    assert f"Relancer one {french} le job 78 attend, retenu" in told


async def test_a_relaunch_without_a_scheduler_says_so(service: Service, visitor: Visitor) -> None:
    """Where nothing can be relaunched the page answers in words, and no button leads there."""
    await service.report("one", steps=60, plan=PLAN)
    answer = await visitor.get("/runs/one/relaunch", headers={"Accept": "text/html"})
    assert 409 == answer.status_code
    assert "without a scheduler" in answer.text
    assert "/runs/one/relaunch" not in (await visitor.get("/runs/one")).text
