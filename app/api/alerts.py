"""Alerts: what a person wants to be told of, through which channels, and what they were told."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, status

from app.alerts.message import texts_of
from app.json_body import JsonRoute
from app.parts import ActionsDep, AlertsDep, Operator, Reader
from app.schemas.alerts import (
    AlertSettings,
    AlertSettingsAnswer,
    AlertsResponse,
    ChannelAnswer,
    ChannelFields,
    MuteFields,
)
from app.store.facts import Alert
from app.words import Words, zone

router = APIRouter(tags=["alerts"], route_class=JsonRoute)


@router.get("/alerts", response_model=AlertsResponse)
def get_alerts(
    alerts: AlertsDep,
    caller: Reader,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10**9)] = 0,
    run: Annotated[str | None, Query(max_length=200, description="id of a run")] = None,
) -> Any:  # noqa: ANN401 - see response_model
    """List what the caller was told, the newest first, and how far it has come on each channel."""
    settings = alerts.settings(caller.user)
    found = alerts.recent(caller.user, limit, offset, run)
    return {"alerts": [_told(alert, settings) for alert in found]}


@router.get("/alerts/settings", response_model=AlertSettingsAnswer)
def get_settings(alerts: AlertsDep, caller: Reader) -> Any:  # noqa: ANN401 - see response_model
    """Say what the caller wants to be told of, and through which channels; addresses are not shown."""
    return {
        **alerts.settings(caller.user).model_dump(),
        "channels": alerts.channels(caller.user),
        "muted_runs": alerts.muted(caller.user),
        "may_change_channels": alerts.may_change_channels(caller.user),
    }


@router.put("/alerts/settings", status_code=status.HTTP_204_NO_CONTENT)
def put_settings(settings: AlertSettings, alerts: AlertsDep, caller: Operator) -> None:
    """Say what the caller wants to be told of; what is absent becomes the default."""
    alerts.put_settings(caller.user, settings)


@router.post("/alerts/channels", status_code=status.HTTP_201_CREATED, response_model=ChannelAnswer)
def post_channel(fields: ChannelFields, alerts: AlertsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Add a channel; only whoever runs the service may, since the service will connect to its address."""
    return alerts.add_channel(caller.user, fields)


@router.delete("/alerts/channels/{channel_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete_channel(channel_id: str, alerts: AlertsDep, caller: Operator) -> None:
    """Forget a channel and its address."""
    alerts.remove_channel(caller.user, channel_id)


@router.post("/alerts/channels/{channel_id}/test", response_model=ChannelAnswer)
def post_test(channel_id: str, alerts: AlertsDep, caller: Operator) -> Any:  # noqa: ANN401 - see response_model
    """Send a test on a channel and say what came of it, under ``tested``."""
    return alerts.test_channel(caller.user, channel_id)


@router.put("/runs/{run_id}/muted", status_code=status.HTTP_204_NO_CONTENT)
def put_muted(
    run_id: str, fields: MuteFields, actions: ActionsDep, alerts: AlertsDep, caller: Operator
) -> None:
    """Keep alerts of a run back, or no longer."""
    run = actions.own_run(caller.user, run_id)
    alerts.mute(caller.user, run.id, is_muted=fields.muted)


def _told(alert: Alert, settings: AlertSettings) -> dict[str, Any]:
    title, text = texts_of(alert, Words(settings.language, alert.at, zone(settings.time_zone)))
    named = ("id", "run", "rule", "is_alarm", "at", "due", "deliveries")
    return {**{name: getattr(alert, name) for name in named}, "title": title, "text": text}
