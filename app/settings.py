"""Everything that can be set, in one table; each setting is also documented in docs/settings.md."""

import getpass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEFAULT_PORT = 8765
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Names = Annotated[tuple[str, ...], NoDecode]
Folders = Annotated[tuple[Path, ...], NoDecode]


class Settings(BaseSettings):
    """The service's settings: argument, then ``CUTLOSSD_…`` in the environment, then the default."""

    model_config = SettingsConfigDict(
        env_prefix="CUTLOSSD_", populate_by_name=True, extra="forbid", frozen=True
    )

    state: Path = Field(
        Path("~/.cutloss/state"), description="folder of the store and of the secrets; mode 0700"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int | None = Field(
        None, ge=0, le=65535, description="port to listen on; unset: 8765, or a free one when that is taken"
    )
    base_path: str = Field("", description="path prefix behind a proxy, such as `/cutloss`")
    allowed_hosts: Names = Field(
        (), description="further names accepted in the Host header, separated by commas"
    )
    user: str = Field(
        default_factory=getpass.getuser, description="whose runs the printed link and the spools are"
    )
    credentials: Path = Field(
        Path("~/.cutloss/credentials.json"),
        validation_alias=AliasChoices("CUTLOSSD_CREDENTIALS", "CUTLOSS_CREDENTIALS"),
        description="file in which reporters and the command line of this user find the service; mode 0600",
    )
    spool: Folders = Field(
        (Path("~/.cutloss/spool"),),
        validation_alias=AliasChoices("CUTLOSSD_SPOOL", "CUTLOSS_SPOOL"),
        description="spool folders to read, separated by colons",
    )
    spool_seconds: float = Field(1.0, gt=0, description="seconds between two looks at the spool folders")
    scheduler: Literal["auto", "slurm", "rest", "local", "none"] = Field(
        "auto",
        description="who runs jobs; `auto`: SLURM where its commands are found, else the local runner;"
        " `rest`: SLURM through slurmrestd",
    )
    slurmrestd_url: str = Field(
        "", description="slurmrestd's address with `rest`: `http://host:6820` or `unix:/path`"
    )
    slurmrestd_token: Path | None = Field(
        None, description="file with your SLURM token; unset: `SLURM_JWT`, else `scontrol token`"
    )
    supervise: Path = Field(
        Path("~/.cutloss/supervise"), description="folder in which jobs under `cutloss supervise` take orders"
    )
    poll_seconds: float = Field(
        5.0, gt=0, description="seconds between two polls of the scheduler while jobs change"
    )
    poll_longest_seconds: float = Field(
        120.0,
        gt=0,
        description="the longest pause between two polls, when nothing changes or no answer comes",
    )
    poll_calls_per_hour: int = Field(
        240, ge=1, description="calls to the scheduler an hour, beyond which only the longest pause is taken"
    )
    stale_after_seconds: float = Field(
        60.0, gt=0, description="seconds without a record after which a run's data are called stale"
    )
    sweep_seconds: float = Field(
        15.0, gt=0, description="seconds between two looks at the runs that nobody watches"
    )
    alert_seconds: float = Field(2.0, gt=0, description="seconds between two looks for what alerts tell of")
    alert_schemes: Names = Field(
        (),
        description="kinds of alert channel (apprise's URL schemes, such as `mailtos,slack,jsons`) that are"
        " accepted, separated by commas; unset: all that leave this machine",
    )
    public_url: str = Field(
        "", description="address at which people reach the pages, for links in alerts; unset: no links"
    )
    checkpoint_wait_seconds: float = Field(
        600.0, gt=0, description="how long a replacement waits for the old job's checkpoint"
    )
    edit_low_seconds: float = Field(
        900.0, ge=0, description="10 % of fixes take less editing, until a run says otherwise"
    )
    edit_high_seconds: float = Field(3600.0, ge=0, description="90 % of fixes take less editing")
    test_low_seconds: float = Field(300.0, ge=0, description="10 % of fixes take less testing")
    test_high_seconds: float = Field(1200.0, ge=0, description="90 % of fixes take less testing")
    queue_low_seconds: float = Field(
        30.0, ge=0, description="10 % of jobs queue for less, where the job's own wait is unknown"
    )
    queue_high_seconds: float = Field(1800.0, ge=0, description="90 % of jobs queue for less")
    startup_low_seconds: float = Field(
        10.0, ge=0, description="10 % of start-ups take less, where the run's own is unknown"
    )
    startup_high_seconds: float = Field(600.0, ge=0, description="90 % of start-ups take less")
    gpu_hour_price: float | None = Field(
        None,
        ge=0,
        description="what a GPU-hour costs; unset: costs are not told until somebody types a price",
    )
    currency: str | None = Field(None, max_length=20, description="the currency of that price, such as `EUR`")
    watts_per_gpu: float | None = Field(
        None, ge=0, description="what a GPU draws, its share of the node included"
    )
    grams_co2_per_kwh: float | None = Field(None, ge=0, description="CO₂ of a kWh where the cluster stands")
    largest_body_bytes: int = Field(
        32 * 1024 * 1024, gt=0, description="largest request body, after decompression"
    )
    planner_threads: int = Field(2, ge=1, le=64, description="threads that compute forecasts and verdicts")
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="least level that is logged"
    )
    log_json: bool = Field(default=False, description="log one JSON object a line instead of text")

    @field_validator("allowed_hosts", "alert_schemes", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return (
            tuple(part.strip() for part in value.split(",") if part.strip())
            if isinstance(value, str)
            else value
        )

    @field_validator("spool", mode="before")
    @classmethod
    def _split_folders(cls, value: object) -> object:
        return _parts(value, ":") if isinstance(value, str) else value

    @field_validator("state", "credentials", "supervise")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser()

    @field_validator("spool")
    @classmethod
    def _expand_all(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        return tuple(path.expanduser() for path in value)

    @field_validator("base_path")
    @classmethod
    def _check_base_path(cls, value: str) -> str:
        if value in {"", "/"}:
            return ""
        if not value.startswith("/") or value.endswith("/"):
            raise ValueError("base_path must begin with a slash and not end with one, such as /cutloss")
        return value

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("public_url must begin with http:// or https://")
        return value.rstrip("/")

    @property
    def is_at_home(self) -> bool:
        """Whether the state is where it is by default."""
        default: Path = type(self).model_fields["state"].default
        return self.state == default.expanduser()

    @property
    def database(self) -> Path:
        """The store's file."""
        return self.state / "cutloss.sqlite3"


def _parts(value: str, separator: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.split(separator) if part.strip())
