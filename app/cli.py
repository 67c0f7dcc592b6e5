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
from app.serving import PortTakenError, Server, StateTakenError, bind, locked, url_of
from app.settings import Settings
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

    server = Server(application, announce)
    server.run(sockets=sockets)
    if not server.started:
        raise typer.Exit(code=1)


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
