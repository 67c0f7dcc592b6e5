"""The report: every part of the comparison, as a page and as Markdown, in both languages."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from markupsafe import Markup

from app.pages.plan_question import read_plan
from app.pages.report_account import account_of
from app.pages.report_blocks import Command, Paragraph, Points, Report, Section, Table
from app.pages.report_content import report
from app.pages.report_markdown import markdown
from app.words import Words
from planner.report import compare

PLAN = {"name": "demo", "total_steps": 200, "validate_every": 20, "checkpoint_every": "never"}
LOGIN = "/?token=login-token-of-the-tests"


@pytest.fixture
async def visitor(service: Any) -> Any:
    """Return a browser that is signed in."""
    answer = await service.client.get(LOGIN, follow_redirects=True)
    assert 200 == answer.status_code
    return service.client


def seed(language: str = "en", **typed: str) -> str:
    """Return the report of the typed numbers, the seed's where none are given, with ordinary spaces."""
    asked = read_plan(typed)
    assert asked.query is not None
    account = account_of(None, 1_790_000_000.0, asked.query, compare(asked.query))
    return markdown(report(account, Words(language, 1_790_000_000.0))).replace("\u00a0", " ")


@pytest.mark.parametrize(
    "told",
    [
        "| Time from now | 7 h 01 | **4 h 58** ✓ |",
        "| Time in all | 8 h 11 | **6 h 08** ✓ |",
        "| Continue | 268 | 11 | 7 h 01 | 8 h 11 |",
        "Step 43 of 311 after 1 h 10.",
        "| 50 | 25 min | 14:38 | 1.20 to 1.50 |",
        "| 100 | 1 h 43 | 15:56 | 0.700 to 0.900 |",
        "| 200 | 4 h 18 | 18:31 | 0.500 to 0.600 |",
        "| 311 | 7 h 01 | 21:14 | 0.400 to 0.450 |",
        "| validation | 2 h 58 | 2 h |",
        "**Fix and relaunch: 2 h 04 sooner (25 %).**",
        "take **3 h 08** together",
        "- Edit, test and queue together take more than 3 h 08",
        "With 10 min of attention until tomorrow: **Continue**.",
        "| Reproducibility | no | **yes** ✓ |",
        "Over 10 such experiments the fix gains 20 h 35.",
        "| Edit | 40 min | 2 h 44 | 18 min |",
        "| Continue, validating every 100 steps | 4 h 21 | new |",
        "- **Now**: Cancel the job.",
        "```bash\nsbatch submit_multipollutants_from_6pollutants.sh\n```",
    ],
)
def test_the_seeds_report_holds_every_part_of_it(told: str) -> None:
    """The document that started it all comes out of its own numbers, its slips put right."""
    assert told in seed()


def test_the_document_s_own_count_of_start_up_is_honoured() -> None:
    """Paying this job's own 16 minutes of start-up makes relaunching take 5 h 14 and gain 1 h 48."""
    assert "**Fix and relaunch: 1 h 48 sooner (22 %).**" in seed(startup="16")
    assert "**5 h 14** ✓" in seed(startup="16")


def test_money_is_told_where_the_gpus_are_known() -> None:
    """GPU-hours, cost and CO2 of each option, and that cost does not weigh unless asked."""
    told = seed(gpus="8", price="2", watts="500", co2="50")
    assert re.search(r"\| GPU-hours \| 56\.1 h \| \*\*31\.0 h\*\* ✓ \|", told)
    assert "| Cost | 112 | **62.0** ✓ |" in told
    assert "What it costs" not in seed()


def test_a_french_reader_reads_french() -> None:
    """Durations, decimals, percents and plural forms are a French reader's."""
    told = seed("fr")
    assert "**Corriger et relancer : 2 h 04 plus tôt (25 %).**" in told
    assert "| 100 | 1 h 43 | 15:56 | 0,700 à 0,900 |" in told
    assert "Sur 10 expériences de ce genre, la correction gagne 20 h 35." in told
    assert "Sur 1 expérience de ce genre" in seed("fr", experiments="1")
    assert not re.search(r"\b(the|of|and)\b", told)


@pytest.mark.parametrize("losses", ["50 1.2", "50: x", "50: 1..2", "a: 1-2"])
def test_milestones_that_cannot_be_read_are_refused(losses: str) -> None:
    """A field that holds no milestones is marked, and nothing is asked."""
    asked = read_plan({"losses": losses})
    assert asked.query is None
    assert frozenset({"losses"}) == asked.wrong


def test_contradictions_are_told() -> None:
    """Milestones that do not increase, or an end already passed, are refused with what was expected."""
    assert read_plan({"losses": "100: 1-2; 50: 1-2"}).expected
    assert read_plan({"at_step": "900"}).expected


def test_markdown_escapes_what_is_text() -> None:
    """A name cannot bring markup of either kind; bold survives."""
    title = Markup("a&lt;b|*c*")
    blocks = [
        Paragraph(Markup("<b>x</b> _y_")),
        Points([Markup("one")], Markup("T")),
        Table([Markup("A"), Markup("B")], [[Markup("1"), Markup("2|3")]]),
        Command("scancel 7"),
    ]
    told = markdown(Report(title, Markup("lead"), [Section(Markup("S"), blocks)]))
    assert told.startswith("# a\\<b\\|\\*c\\*\n\n**lead**\n\n## S\n\n**x** \\_y\\_\n")
    assert "| A | B |\n|---|---:|\n| 1 | 2\\|3 |" in told
    assert told.endswith("```bash\nscancel 7\n```\n")


async def test_a_runs_report_is_a_page_and_a_file(
    service: Any, visitor: Any, make_validations: Callable[..., Any]
) -> None:
    """The page and the Markdown hold the same parts; the file is named after the run."""
    await service.report("one", steps=100, plan=PLAN, validations=make_validations(20, 100))
    page = await visitor.get("/runs/one/report")
    file = await visitor.get("/runs/one/report.md?attention=10")
    assert (200, 200) == (page.status_code, file.status_code)
    assert 'filename="one-report.md"' in file.headers["content-disposition"]
    for part in ("Measured", "Time invested", "What is left", "Verdict"):
        assert f">{part}<" in page.text, part
        assert f"## {part}" in file.text, part


async def test_a_run_with_nothing_to_compare_reports_what_it_took(service: Any, visitor: Any) -> None:
    """A finished run's report holds its pace and its time, and no verdict."""
    await service.report("old", steps=200, plan=PLAN, notes=[("finish", {"reason": "finished"})])
    told = (await visitor.get("/runs/old/report.md")).text
    assert "## Measured" in told
    assert "## Verdict" not in told
    assert "Finished: ended at" in told.replace("\u00a0", " ")


async def test_another_users_report_is_not_there(service: Any, visitor: Any) -> None:
    """A report is as private as its run."""
    await service.report("theirs", user="bob", steps=30, plan=PLAN)
    for form in ("report", "report.md"):
        assert 404 == (await visitor.get(f"/runs/theirs/{form}")).status_code
    assert 404 == (await visitor.get("/runs/theirs/report.pdf")).status_code


async def test_the_plans_report_follows_its_url(visitor: Any) -> None:
    """The numbers of the URL are those of the report; numbers that cannot be used are refused in words."""
    assert "| 268 | 4 |" in (await visitor.get("/plan/report.md?validate_every=75")).text
    assert 422 == (await visitor.get("/plan/report?step=abc")).status_code


async def test_an_assumption_about_money_leaves_the_times_as_they_are(service: Any, visitor: Any) -> None:
    """What is assumed of GPUs changes no end: the run's own scenario is asked again, curve and all."""
    await service.report("one", steps=60, plan={**PLAN, "target_loss": 0.4, "target_of": "train"})
    curve = {"milestones": [[70, 0.4, 0.9], [110, 0.2, 0.4]]}
    scenario = {
        "name": "fix and relaunch", "action": "relaunch", "edit_seconds": 60, "test_seconds": 30,
        "queue_seconds": 10, "curve": curve,
    }  # fmt: skip
    service.app.state.store.put_document("one", "scenario", scenario, 1.0)
    plain, asked = [
        (await visitor.get(f"/runs/one/report.md{query}")).text for query in ("", "?gpus=8&price=2")
    ]
    row = re.search(r"\| Time from now .*", plain)
    assert row
    assert row.group() in asked
    assert "| Cost |" in asked
