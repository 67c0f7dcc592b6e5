"""``/alerts``: what is told, to whom, when, and what came of it."""

from collections.abc import Mapping

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from markupsafe import Markup
from pydantic import SecretStr, ValidationError

from app.alerts.desk import AlertDesk
from app.errors import ConflictError
from app.pages.alert_choices import Choices, choices, first_choices, read_choices
from app.pages.alert_faces import alerts_face
from app.pages.visit import FormDep, OperatorDep, Visit, VisitDep
from app.parts import ActionsDep, AlertsDep
from app.schemas.alerts import ChannelFields
from planner.errors import InvalidInputError

UNPROCESSABLE = 422
NO_STORE: Mapping[str, str] = {"Cache-Control": "no-store"}

router = APIRouter()


@router.get("/alerts")
def show_alerts(visit: VisitDep, alerts: AlertsDep) -> Response:
    """Show rules, channels and what was told of late."""
    return _page(visit, alerts)


@router.post("/alerts")
def keep_choices(form: FormDep, visit: OperatorDep, alerts: AlertsDep) -> Response:
    """Keep what a person chose, or show what of it cannot be."""
    read = read_choices(form, visit.words)
    if read.settings is None:
        return _page(visit, alerts, chosen=read.shown, status_code=UNPROCESSABLE)
    alerts.put_settings(visit.user, read.settings)
    return _back(visit, "#choices")


@router.post("/alerts/channels")
def add_channel(form: FormDep, visit: OperatorDep, alerts: AlertsDep) -> Response:
    """Add a channel, or say why it cannot be; what was typed as its address is not shown again."""
    name, url = form.get("name", "").strip(), form.get("url", "")
    try:
        added = alerts.add_channel(visit.user, ChannelFields(name=name or "–", url=SecretStr(url)))
        if not alerts.has_chosen(visit.user):
            alerts.put_settings(visit.user, first_choices(visit.words))
    except (InvalidInputError, ValidationError):
        problem = visit.words.say("This is no address of a channel that can be used here.")
        return _page(visit, alerts, problem=problem, name=name, status_code=UNPROCESSABLE)
    except ConflictError:
        problem = visit.words.say("There are as many channels as there may be: remove one first.")
        return _page(visit, alerts, problem=problem, name=name, status_code=UNPROCESSABLE)
    return _back(visit, f"#channel-{added.id}")


@router.post("/alerts/channels/{channel_id}/test")
def test_channel(channel_id: str, visit: OperatorDep, alerts: AlertsDep) -> Response:
    """Send a test and show what really came of it."""
    alerts.test_channel(visit.user, channel_id)
    return _back(visit, f"#channel-{channel_id}")


@router.post("/alerts/channels/{channel_id}/remove")
def remove_channel(channel_id: str, visit: OperatorDep, alerts: AlertsDep) -> Response:
    """Forget a channel."""
    alerts.remove_channel(visit.user, channel_id)
    return _back(visit, "#channels")


@router.post("/runs/{run_id}/mute")
def mute_run(
    run_id: str, form: FormDep, visit: OperatorDep, actions: ActionsDep, alerts: AlertsDep
) -> Response:
    """Keep alerts of a run back, or no longer."""
    run = actions.own_run(visit.user, run_id)
    alerts.mute(visit.user, run.id, is_muted=form.get("muted") == "yes")
    back = "/alerts#choices" if form.get("back") == "alerts" else f"/runs/{run.id}"
    return RedirectResponse(visit.link(back), status_code=303)


def _page(  # noqa: PLR0913 - what may be wrong with a form
    visit: Visit,
    alerts: AlertDesk,
    *,
    chosen: Choices | None = None,
    problem: Markup | None = None,
    name: str = "",
    status_code: int = 200,
) -> Response:
    settings = alerts.settings(visit.user) if alerts.has_chosen(visit.user) else first_choices(visit.words)
    return visit.page(
        "alerts.html",
        status_code=status_code,
        headers=NO_STORE,
        face=alerts_face(alerts, visit.user, visit.words),
        chosen=chosen or choices(settings, visit.words),
        problem=problem,
        typed_name=name,
    )


def _back(visit: Visit, part: str) -> Response:
    return RedirectResponse(visit.link("/alerts") + part, status_code=303)
