"""``cutlossd``: run the service, and hand out tokens."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app import logs
from app.auth import issue, token_hash, token_name
from app.credentials import prepare_state, write_credentials
from app.errors import ConflictError, ForbiddenError, NotFoundError
from app.schemas.job_logs import FollowOrder
from app.serving import PortTakenError, Server, StateTakenError, bind, locked, raise_file_limit, url_of
from app.settings import Settings
from app.slurm.detect import scheduler_of
from app.slurm.scheduler import SchedulerError
from app.store import Store, open_store

app = typer.Typer(
    help="Live forecasts and verdicts for training runs on SLURM.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
tokens = typer.Typer(help="Tokens for programs.", no_args_is_help=True)
app.add_typer(tokens, name="token")

State = Annotated[Path | None, typer.Option(help="Folder of the store and of the secrets.")]
User = Annotated[str | None, typer.Option(help="Whose token it is; by default the user who runs this.")]


@app.command()
def serve(  # noqa: PLR0913 - the options of a command line
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; by default 8765, or a free one.")
    ] = None,
    state: State = None,
    scheduler: Annotated[str | None, typer.Option(help="auto, slurm, rest, local or none.")] = None,
    spool: Annotated[list[Path] | None, typer.Option(help="Spool folder to read; may be repeated.")] = None,
    base_path: Annotated[str | None, typer.Option(help="Path prefix behind a proxy.")] = None,
) -> None:
    """Run the service until it is interrupted."""
    settings = _settings(
        host=host, port=port, state=state, scheduler=scheduler, spool=tuple(spool or ()) or None,
        base_path=base_path,
    )  # fmt: skip
    logs.configure(settings)
    prepare_state(settings.state)
    raise_file_limit()
    try:
        with locked(settings.state), bind(settings.host, settings.port) as bound:
            _serve(settings, url_of(settings.host, bound), [bound])
    except (PortTakenError, StateTakenError) as error:
        raise typer.BadParameter(str(error)) from error


def _serve(settings: Settings, url: str, sockets: list[Any]) -> None:
    from app.main import create_app  # noqa: PLC0415 - charts and maths take seconds, and a token needs neither

    login_token = secrets.token_urlsafe(24)
    application = create_app(settings, login_token=login_token)

    def announce() -> None:
        base = url + settings.base_path
        write_credentials(settings.credentials, base, settings.user, application.state.store, time.time())
        typer.echo(f"cutloss is at {base}/?token={login_token}")

    def end_waiting() -> None:
        application.state.live.close()
        application.state.alerts.close()

    server = Server(application, announce, end_waiting)
    server.run(sockets=sockets)
    if not server.started:
        raise typer.Exit(code=1)


@app.command()
def attach(  # noqa: PLR0913 - the options of a command line
    job: Annotated[str, typer.Argument(help="The job's id.")],
    *,
    state: State = None,
    name: Annotated[str | None, typer.Option(help="What the run is called; by default as the job.")] = None,
    preset: Annotated[str | None, typer.Option(help="What kind of log it is; guessed without.")] = None,
    total_steps: Annotated[int | None, typer.Option(help="Declared, where the log does not tell.")] = None,
    validate_every: Annotated[int | None, typer.Option(help="Declared, where the log does not tell.")] = None,
) -> None:
    """Have the service follow what a job writes, and report it as a run; it does so over restarts."""
    settings = _settings(state=state)
    order = {"name": name, "preset": preset, "total_steps": total_steps, "validate_every": validate_every}
    prepare_state(settings.state)
    with _store(settings) as store:
        typer.echo(_attach(settings, store, job, order))


def _attach(settings: Settings, store: Store, job: str, fields: dict[str, Any]) -> str:
    """Have a job's log followed: by the running service at its next look, else from its next start on."""
    from app.job_logs import job_logs  # noqa: PLC0415 - who only wants a token waits for no scheduler

    try:
        logs = job_logs(settings, store, scheduler_of(settings), time.time)
        followed = logs.attach(settings.user, job, FollowOrder(**fields))
    except (ForbiddenError, NotFoundError, ConflictError, SchedulerError, ValueError) as error:
        raise typer.BadParameter(str(error)) from error
    return f"job {followed.job} writes to {followed.path}, which is reported as {followed.run}"


@tokens.command("create")
def create_token(
    scope: Annotated[
        Literal["report", "read", "operate"],
        typer.Option(help="report: write records only; read; operate: act on jobs."),
    ],
    state: State = None,
    user: User = None,
) -> None:
    """Print a new token; only its hash is stored."""
    settings = _settings(state=state, user=user)
    prepare_state(settings.state)
    with _store(settings) as store:
        typer.echo(issue(store, settings.user, scope, time.time()))


@tokens.command("list")
def list_tokens(state: State = None) -> None:
    """Print every token's name, scope, user and day; the tokens themselves are not kept."""
    with _store(_settings(state=state)) as store:
        for token in store.tokens():
            day = datetime.fromtimestamp(token.created, UTC).date().isoformat()
            typer.echo(f"{token_name(token.hash)}  {token.scope:<7}  {day}  {token.user}")


@tokens.command("revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(help="Its name as `token list` prints it, or the token itself.")],
    state: State = None,
) -> None:
    """Make a token worthless at once, in a running service too."""
    with _store(_settings(state=state)) as store:
        known = [token.hash for token in store.tokens()]
        meant = [hashed for hashed in known if hashed == token_hash(name) or token_name(hashed) == name]
        for hashed in meant:
            store.revoke_token(hashed)
    if not meant:
        raise typer.BadParameter("no token is called so; `cutlossd token list` prints their names")
    typer.echo(f"revoked {token_name(meant[0])}")


@contextmanager
def _store(settings: Settings) -> Iterator[Store]:
    store = open_store(settings.database)
    try:
        yield store
    finally:
        store.close()


def _settings(**options: Any) -> Settings:  # noqa: ANN401 - checked by the settings table
    try:
        return Settings(**{name: value for name, value in options.items() if value is not None})
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def main() -> None:
    """Run the command line."""
    app()
