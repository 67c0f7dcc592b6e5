"""The pages at every size, in light and dark, in both languages, with scripts and without."""

import os
import re
from pathlib import Path

import pytest
from conftest import signed_in, watch
from playwright.sync_api import Browser, Page, Route, expect
from served import Service

PAGES = (
    "/", "/?q=topo", "/?q=nothing-of-that-name", "/runs/topoflow", "/runs/vit-seg-lr3e4", "/runs/gnn-mesh-b",
    "/runs/topoflow-sweep-3", "/runs/ocean-unet-xl", "/plan", "/actions",
    "/runs/topoflow/report", "/plan/report", "/calibration", "/alerts", "/logs", "/fixes",
    "/?verdict=needs_you&sort=end", "/actions?outcome=refused",
)  # fmt: skip
WIDTHS = (390, 820, 1440)
PICTURES = {
    "run-light.png": ("/runs/topoflow", 1440, "light"),
    "run-dark.png": ("/runs/topoflow", 1440, "dark"),
    "runs-light.png": ("/", 1440, "light"),
    "run-phone.png": ("/runs/topoflow", 390, "light"),
    "report-light.png": ("/runs/topoflow/report", 1000, "light"),
}
LARGEST_PICTURE = 350_000
TALLEST_PICTURE = 1_910
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def warm(browser: Browser, demo: Service) -> None:
    """Let the service compute every run once before pages are looked at."""
    signed_in(browser, demo).context.close()


def wait_for_chart(page: Page) -> None:
    """Wait until the loss chart, where there is one, is drawn."""
    if page.locator("#loss-chart").count():
        page.locator("#loss-chart[data-ready]").wait_for()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_and_nothing_complains(browser: Browser, demo: Service, width: int) -> None:
    """No page is wider than its window, breaks its security policy, errs, or asks another host."""
    page = signed_in(browser, demo, viewport={"width": width, "height": 900})
    watched = watch(page)
    wide = {}
    for path in PAGES:
        page.goto(demo.url + path)
        wait_for_chart(page)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if over > 0:
            wide[path] = over
    assert {} == wide
    assert [] == watched.complaints
    assert {"127.0.0.1"} == watched.hosts
    page.context.close()


def test_without_scripts_the_answer_and_the_numbers_are_there(browser: Browser, demo: Service) -> None:
    """With JavaScript off, verdict, end, losses and the what-if's answer are in the HTML."""
    page = signed_in(browser, demo, java_script_enabled=False)
    page.goto(f"{demo.url}/runs/topoflow")
    expect(page.locator("#answer .badge")).to_have_text("RELAUNCH")
    expect(page.locator("#numbers")).to_contain_text("Train loss")
    page.locator("#chart_table summary").click()
    expect(page.locator("#chart_table table").first).to_be_visible()
    page.fill("#wi-validate_every", "100")
    page.get_by_role("button", name="Answer").click()
    expect(page.locator("#what-if-title")).to_contain_text("Validate every 100 steps, not 25")
    page.context.close()


def test_the_what_if_answers_while_typing(browser: Browser, demo: Service) -> None:
    """A changed assumption is answered without a reload, and the URL brings a colleague the same."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    page.fill("#wi-validate_every", "100")
    expect(page.locator("#what-if-title")).to_contain_text("Validate every 100 steps, not 25")
    result = page.locator(".result").inner_text()
    page.goto(page.url)
    expect(page.locator("#wi-validate_every")).to_have_value("100")
    expect(page.locator(".result")).to_contain_text(result.split("\n")[0])
    page.context.close()


def test_a_slider_moves_its_field(browser: Browser, demo: Service) -> None:
    """A slider is a second hand on its field: the answer and the URL follow, the field keeps the number."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    page.locator('.slide[data-for="wi-edit"]').fill("100")
    expect(page.locator("#wi-edit")).to_have_value("100")
    expect(page.locator("#what-if-title")).to_contain_text("1 assumption changed")
    page.wait_for_url("**edit=100*")
    page.fill("#wi-edit", "20")
    expect(page.locator('.slide[data-for="wi-edit"]')).to_have_value("20")
    page.context.close()


def test_news_is_asked_for_though_an_older_question_is_still_on_its_way(
    browser: Browser, demo: Service
) -> None:
    """An answer that nobody waits for any more holds nothing back: a run's last news is not lost."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/what-if?validate_every=50", hold)
    with page.expect_request("**/what-if?validate_every=50"):
        page.fill("#wi-validate_every", "50")
    page.fill("#wi-validate_every", "100")
    expect(page.locator("#what-if-title")).to_contain_text("Validate every 100 steps, not 25")
    with page.expect_request("**/what-if?validate_every=100"):
        page.evaluate("document.dispatchEvent(new CustomEvent('cutloss:news'))")
    assert 1 == len(held)
    held[0].abort()
    page.context.close()


def test_news_leaves_the_reader_where_they_are(browser: Browser, demo: Service) -> None:
    """An answer that follows the run keeps the element that is focused, and is not read out again."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    page.fill("#wi-validate_every", "100")
    expect(page.locator(".result")).to_have_attribute("role", "status")
    page.locator("#what_if_answer").get_by_role("link", name="Report to print").focus()
    page.evaluate("window.focused = document.activeElement")
    page.evaluate("document.dispatchEvent(new CustomEvent('cutloss:news'))")
    expect(page.locator(".result")).not_to_have_attribute("role", "status")
    assert page.evaluate("window.focused.isConnected && window.focused === document.activeElement")
    page.context.close()


def test_what_was_typed_before_the_scripts_came_is_answered(browser: Browser, demo: Service) -> None:
    """A slow line brings the form before what answers it."""
    page = signed_in(browser, demo)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/static/whatif.js*", hold)
    with page.expect_request("**/static/whatif.js*"):
        page.goto(f"{demo.url}/runs/topoflow", wait_until="commit")
    page.fill("#wi-validate_every", "100")
    held[0].continue_()
    expect(page.locator("#what-if-title")).to_contain_text("Validate every 100 steps, not 25")
    page.context.close()


def test_a_suggested_option_leads_to_its_what_if(browser: Browser, demo: Service) -> None:
    """What applies and was not asked about stands beside the options, one click from being asked."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    page.get_by_role("link", name="See in What if: Continue, validating every 100 steps").click()
    expect(page.locator("#what-if-title")).to_contain_text("Validate every 100 steps, not 25")
    page.context.close()


def test_a_page_says_one_probability_for_one_target(browser: Browser, demo: Service) -> None:
    """How likely going on reaches the target is the same number beside the option and among the numbers."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    likely = re.compile(r"(\d+)\s%\slikely")
    option = likely.search(page.locator(".opt", has_text="Continue").locator(".what").inner_text())
    number = likely.search(page.locator("#numbers").inner_text())
    assert option
    assert number
    assert option.group(1) == number.group(1)
    page.context.close()


def test_a_report_prints_without_the_page_around_it(browser: Browser, demo: Service, tmp_path: Path) -> None:
    """On paper there is the report alone, and it comes out as a PDF."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow/report")
    page.emulate_media(media="print")
    expect(page.locator(".top")).to_be_hidden()
    expect(page.get_by_role("link", name="Download as Markdown")).to_be_hidden()
    expect(page.get_by_role("heading", name="Plan of action")).to_be_visible()
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
    page.context.close()


READ_AXES = """(() => {
    const plot = Bokeh.documents[0].get_model_by_name('loss');
    const ticks = Bokeh.documents[0].get_model_by_name('x').ticker.ticks;
    return [plot.x_range.start, plot.x_range.end, plot.y_range.start, plot.y_range.end, ticks.length];
})()"""


def axes(page: Page) -> list[float]:
    """Return the ends of the chart's axes and the number of ticks across."""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: list[float] = page.evaluate(READ_AXES)
    return found


def test_the_chart_switches_its_axes_and_to_the_dark(browser: Browser, demo: Service) -> None:
    """Steps, their logarithm, wall clock, log and linear loss change in place; colours follow the scheme."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/topoflow")
    wait_for_chart(page)
    tools = page.locator("#chart-tools")
    assert [0, True] == [axes(page)[0], axes(page)[1] > 311]
    tools.get_by_text("Log steps").click()
    assert 2 < axes(page)[1] < 3
    tools.get_by_text("Linear").click()
    assert axes(page)[3] > 5
    tools.get_by_text("Wall clock").click()
    assert axes(page)[0] > 1e9
    assert axes(page)[4] >= 3
    colour = "Bokeh.documents[0].get_model_by_name('smooth').glyph.line_color.value"
    light = page.evaluate(colour)
    page.emulate_media(color_scheme="dark")
    # A change of scheme is told to the page with its next frame, before that frame's callbacks.
    axes(page)
    assert light != page.evaluate(colour)
    page.context.close()


def test_the_chart_zooms_by_mouse_and_by_keyboard(browser: Browser, demo: Service) -> None:
    """A stretch that is drawn is shown, in its own resolution; wheel with ctrl and the buttons do as much."""
    page = signed_in(browser, demo, viewport={"width": 1280, "height": 2_600})
    page.goto(f"{demo.url}/runs/llm-ablate-07")
    wait_for_chart(page)
    whole, box = axes(page), page.locator("#loss-chart").bounding_box()
    assert box is not None
    with page.expect_response("**/chart/*-*") as close:
        page.mouse.move(box["x"] + 300, box["y"] + 100)
        page.mouse.down()
        page.mouse.move(box["x"] + 340, box["y"] + 160, steps=4)
        page.mouse.up()
    assert close.value.ok
    drawn = axes(page)
    assert drawn[1] - drawn[0] < (whole[1] - whole[0]) / 10
    assert drawn[3] - drawn[2] < whole[3] - whole[2]
    page.get_by_role("button", name="All", exact=True).focus()
    page.keyboard.press("Enter")
    assert whole[:4] == axes(page)[:4]
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.keyboard.down("Control")
    with page.expect_response("**/chart/*-*"):
        page.mouse.wheel(0, -240)
    page.keyboard.up("Control")
    assert axes(page)[1] - axes(page)[0] < whole[1] - whole[0]
    for name in ("Zoom in", "Zoom out", "Later", "Earlier"):
        before = axes(page)[:2]
        page.get_by_role("button", name=name).focus()
        page.keyboard.press("Enter")
        assert before != axes(page)[:2], name
    page.context.close()


def test_the_chart_is_no_stop_of_the_keyboard(browser: Browser, demo: Service) -> None:
    """Its buttons do what the figure does by mouse; from the last of them one tab leads beyond it."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/llm-ablate-07")
    wait_for_chart(page)
    page.get_by_role("button", name="All", exact=True).focus()
    page.keyboard.press("Tab")
    assert "loss-chart" != page.evaluate("document.activeElement.id")
    assert not page.evaluate("document.getElementById('loss-chart').contains(document.activeElement)")
    page.context.close()


def test_what_the_chart_shows_is_in_the_address(browser: Browser, demo: Service) -> None:
    """Whoever is sent the address sees the same axes and the same stretch; what is whole leaves no trace."""
    page = signed_in(browser, demo)
    page.goto(f"{demo.url}/runs/llm-ablate-07")
    wait_for_chart(page)
    assert "#" not in page.url
    page.get_by_text("Log steps", exact=True).click()
    page.get_by_text("Linear", exact=True).click()
    page.get_by_role("button", name="Zoom in").click()
    expect(page).to_have_url(re.compile("#chart.x=log&y=linear&from=.*&to="))
    shown, address = axes(page), page.url
    page.goto("about:blank")
    page.goto(address)
    wait_for_chart(page)
    assert [round(end, 4) for end in shown[:2]] == [round(end, 4) for end in axes(page)[:2]]
    assert page.get_by_label("Log steps").is_checked()
    assert page.get_by_label("Linear").is_checked()
    page.get_by_role("button", name="All", exact=True).click()
    expect(page).to_have_url(re.compile("#chart.x=log&y=linear$"))
    page.context.close()


def test_french_readers_read_french(browser: Browser, demo: Service) -> None:
    """The browser's language is followed, and the choice in the footer goes before it."""
    page = signed_in(browser, demo, locale="fr-FR")
    expect(page.locator("html")).to_have_attribute("lang", "fr")
    expect(page.locator("#runs .group").first).to_contain_text("À vous de jouer")
    page.get_by_role("link", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.context.close()


def test_times_are_the_readers(browser: Browser, demo: Service) -> None:
    """The same end is told by two readers' clocks; both are told how long it is until then."""
    told = []
    for zone in ("UTC", "Asia/Tokyo"):
        page = signed_in(browser, demo, timezone_id=zone)
        page.goto(f"{demo.url}/runs/topoflow")
        expect(page.locator("html")).to_have_attribute("data-offset", "32400" if "Tokyo" in zone else "0")
        told.append(page.locator("#numbers > div").first.inner_text())
        page.context.close()
    clocks = [int(re.search(r"(\d\d):\d\d", one).group(1)) for one in told]  # type: ignore[union-attr]  # else it fails
    assert 9 == (clocks[1] - clocks[0]) % 24
    assert all(re.search(r"in\s\d+\sh", one) for one in told)


def test_what_moves_keeps_still_for_who_asks(browser: Browser, demo: Service) -> None:
    """Under prefers-reduced-motion nothing is animated."""
    page = signed_in(browser, demo, reduced_motion="reduce")
    page.goto(f"{demo.url}/runs/topoflow")
    moving = page.evaluate("""[...document.querySelectorAll('*')].filter(one => {
        const style = getComputedStyle(one);
        return style.animationName !== 'none' || !/^0s(, 0s)*$/.test(style.transitionDuration);
    }).length""")
    assert 0 == moving
    page.context.close()


def test_the_list_is_chosen_by_keyboard_and_kept_in_the_url(browser: Browser, demo: Service) -> None:
    """State, verdict and order are chosen without a mouse; the URL brings a colleague the same."""
    page = signed_in(browser, demo)
    page.locator("#verdict").focus()
    page.keyboard.type("Needs")
    page.locator("#sort").select_option("name")
    page.get_by_role("button", name="Show", exact=True).press("Enter")
    page.wait_for_url("**verdict=needs_you*sort=name*")
    names = page.locator("#runs .nm").all_inner_texts()
    assert sorted(names) == names
    assert "topoflow" in names
    assert "topoflow-sweep-3" not in names
    page.goto(page.url)
    expect(page.locator("#verdict")).to_have_value("needs_you")
    page.context.close()


def test_the_keyboard_reaches_the_run(browser: Browser, demo: Service) -> None:
    """Tab leads to the skip link first, and a row's link opens the run by Enter."""
    page = signed_in(browser, demo)
    page.keyboard.press("Tab")
    assert "#main" == page.evaluate("document.activeElement.getAttribute('href')")
    page.get_by_role("link", name="topoflow", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_be_visible()
    page.context.close()


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_small(browser: Browser, demo: Service, root: Path, tmp_path: Path, name: str) -> None:
    """A picture of a page is small enough for a README; with CUTLOSS_SCREENSHOTS it goes into docs."""
    path, width, scheme = PICTURES[name]
    page = signed_in(browser, demo, viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(demo.url + path)
    wait_for_chart(page)
    folder = root / "docs" / "screenshots" if os.environ.get("CUTLOSS_SCREENSHOTS") else tmp_path
    folder.mkdir(parents=True, exist_ok=True)
    tall = min(TALLEST_PICTURE, page.evaluate("document.documentElement.scrollHeight"))
    clip = {"x": 0, "y": 0, "width": width, "height": tall}
    page.screenshot(path=folder / name, full_page=True, clip=clip)  # type: ignore[arg-type]  # by name
    page.context.close()
    assert (folder / name).stat().st_size <= LARGEST_PICTURE
