"""``target.toml``: how a backend is started, and by which names it calls what. Errors carry ``file:line``.

An example with every table::

    name = "my-backend"

    [[process]]                    # one or more; the first one serves HTTP
    name = "web"
    command = ["node", "server.js"]
    directory = "../backend"
    [process.environment]
    PORT = "${PORT}"
    DATABASE_URL = "${DATABASE_URL}"
    STRIPE_SECRET_KEY = "${STRIPE_SECRET_KEY}"
    STRIPE_WEBHOOK_SECRET = "${STRIPE_WEBHOOK_SECRET}"

    [web]
    port = 3000
    ready = "/health"

    [[job]]                        # what the backend's own timers do
    name = "pay-winners"
    does = "payout"
    interval_seconds = 300
    seen_in_log = "pay-winners: done"

    [database]
    schema_file = "schema.sql"

    [stripe]
    webhook_path = "/stripe/webhook"

    [provider]
    hosts = ["feeds.example"]

    [admin]
    create_sql = "INSERT INTO staff (name, email, role) VALUES (${NAME}, ${EMAIL}, ${ROLE}) RETURNING id"
    [admin.token]
    secret = "${ADMIN_SECRET}"

    [governance]
    governed_tables = ["contests"]

``${NAME}`` in a command or an environment stands for a value of the run, see :data:`PLACEHOLDERS`.
"""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from simulation.documents.refusal import refused, suggest
from simulation.documents.strict import refusal
from simulation.documents.toml import read_toml
from simulation.documents.yaml import MarkedYaml
from simulation.environment.installations import OLDEST
from simulation.errors import UsageError, command
from simulation.events.governance import Governance
from simulation.scenario.orders import Profile
from simulation.world.stripe.api import API_VERSION
from simulation.world.stripe.integration import Integration, Stub
from simulation.world.stripe.labels import MetadataNames
from simulation.world.stripe.objects.webhook_endpoint import SUBSCRIBED

FILE_NAME = "target.toml"

PLACEHOLDERS = {
    "PORT": "the port of [web], on which the first process must listen (on 127.0.0.1 or everywhere)",
    "DATABASE_URL": "postgresql:// URL of the run's database; its host is the folder of a Unix socket",
    "DATABASE_HOST": "that folder",
    "DATABASE_PORT": "the number that names the socket in it",
    "DATABASE_NAME": "name of the database",
    "DATABASE_USER": "the role the backend connects as",
    "DATABASE_PASSWORD": "its password",
    "DATABASE_TCP_URL": "the URL for a client that knows no Unix sockets, such as Java's",
    "DATABASE_TCP_HOST": "127.0.0.1: jdbc:postgresql://${DATABASE_TCP_HOST}:${DATABASE_TCP_PORT}/${DATABASE_NAME}",
    "DATABASE_TCP_PORT": "the port there, in the backend's own network",
    "MIGRATION_URL": "only in [database] migrate: the URL for the role that owns the schema; there the DATABASE_… "
    "above are that role's, too: a tool finds them under the names that the backend has for them",
    "STRIPE_SECRET_KEY": "secret API key (sk_test_…) that the Stripe twin knows as the backend's",
    "STRIPE_PUBLISHABLE_KEY": "publishable key (pk_test_…)",
    "STRIPE_WEBHOOK_SECRET": "signing secret (whsec_…) of the webhook endpoint",
    "STRIPE_STANDBY_WEBHOOK_SECRET": "signing secret of a second endpoint, disabled until the backend enables it",
    "STRIPE_URL": "https:// URL of the first of [stripe] hosts",
    "PROVIDER_URL": "https:// URL of the first of [provider] hosts: below it GET /v1/… are the feeds",
    "ALERTS_URL": "https:// URL of the hosted monitoring: below it GET /api/v1/alerts, as Prometheus has it",
    "RUNBOOKS": "the folder of the runbooks that the operator follows",
    "ADMIN_SECRET": "secret with which admin tokens are signed",
    "SIGNING_KEY_FILE": "file in which the identity service keeps that secret; a fault may take it away for a while",
    "REPLICA_KEY_FILE": "file in which its replica keeps it",
    "STRIPE_KEY_FILE": "file in which the secret store keeps the secret key of Stripe; a fault may roll it",
    "BREAK_GLASS_SECRET": "secret that signs the tokens for the time in which no other can be verified",
    "CA_FILE": "PEM file of the throw-away authority that signed the certificates of all those hosts",
    "TRUST_STORE": "the same authority as a store of Java's (PKCS #12, no password)",
    "SCRATCH": "a folder in which the backend may write; gone after the run",
    "TARGET": "the folder of target.toml",
    "PYTHON": "the Python program that runs the simulation",
}
"""What ``${…}`` may name, and what it stands for. Every value is thrown away with the run."""

_PLACEHOLDER = re.compile(r"\$\{(\w*)\}")
_Path = Annotated[str, Field(pattern=r"^/")]
_Request = Annotated[str, Field(pattern=r"^(GET|POST|PUT|PATCH|DELETE) /\S*$")]
"""``METHOD /path``, in which ``*`` stands for one segment."""
_Host = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
_Command = Annotated[tuple[str, ...], Field(min_length=1)]
JobPurpose = Literal["lifecycle", "ingestion", "settlement", "payout", "reconciliation"]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ProcessTable(_Table):
    """``[[process]]``: one program of the backend. They are started in this order, and share a network that has nothing
    but a loopback interface."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    command: _Command
    """Program and arguments, no shell."""
    directory: str = "."
    """Working directory, from the folder of target.toml."""
    environment: dict[str, str] = {}
    """Environment variables. From the harness's own the program has PATH, HOME and LANG only."""
    timers: bool = True
    """Whether this program has timers of its own that matter (jobs, back-offs). False for a server that only polls for
    requests (gunicorn): the ends of its waits are then not taken for timers."""
    replica: bool = False
    """Whether it may run twice, as on two servers; for faults in which two of them run one job at once. The second one
    is given ``${PORT}`` + 1."""
    code: tuple[str, ...] = ("**/*.js", "**/*.ts", "**/*.py", "**/*.rb", "**/*.sql")
    """Globs below ``directory`` of the files whose change would be a deploy; ``node_modules`` never counts."""


class WebTable(_Table):
    """``[web]``: the backend's HTTP interface, served by the first process."""

    port: int = Field(ge=1, le=65535)
    ready: _Path = "/health"
    """A GET that answers with a status below 400 once the backend is up."""
    start_seconds: int = Field(default=30, ge=1, le=600)
    """Real seconds the backend may take to get there."""
    metrics: _Path | None = None
    """The page in Prometheus' format from which the alerting rules are evaluated; without one no alert ever fires."""
    diagnostics: bool = False
    """Whether the admin diagnostics of fixtures/spec/platform.md are there. Without them the check that compares what
    the dashboards say with the database cannot decide."""


class JobTable(_Table):
    """``[[job]]``: background work that the backend's own timers start, or cron (``run``). The clock moves in steps of
    the smallest interval, so name every job that matters."""

    name: str = Field(min_length=1)
    does: JobPurpose
    interval_seconds: int | None = Field(default=None, ge=1, le=86_400)
    daily_at: str | None = Field(default=None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")
    """``HH:MM`` UTC; instead of an interval."""
    run: _Command | None = None
    """Command that cron starts at these times, in the directory and the environment of the first process. Its runs are
    known, so that it needs neither seen_in_log nor seen_in_table; another status than 0 is a run that broke off."""
    seen_in_log: str | None = None
    """Regular expression that matches one line of the programs' output for every run of the job. Without it nobody can
    tell whether the job ran, and the check for that is unknown."""
    seen_in_table: str | None = Field(default=None, min_length=1)
    """Instead: a table into which, or in which, every run of the job writes; the write-ahead log shows it."""
    silent_when_idle: bool = False
    """Whether it leaves its mark only when there was something to do. Then nobody can tell a run that found nothing
    from one that was left out, which is said; what it did is judged all the same."""
    failed_in_log: str | None = None
    """The same for a run that broke off."""
    seen_in_sql: str | None = None
    """Regular expression that matches the beginning of a statement (its white space one blank each) with which a run of
    the job begins, or each of its transactions. Faults at a statement find the job's transactions by it: those that the
    same program begins from then on, up to the sign of another job."""
    seen_in_call: str | None = None
    """Regular expression that matches the beginning of method and path of the job's calls to Stripe and the score
    provider (``GET /golf/``; ids in a path are ``{id}``). Where one program does several jobs at once, their calls are
    told apart by it; a call that matches none is told as the job's whose statement came last."""

    @model_validator(mode="after")
    def _one_schedule(self) -> JobTable:
        if (self.interval_seconds is None) == (self.daily_at is None):
            raise refusal("it needs either interval_seconds or daily_at", remedy="write one of the two")
        if self.seen_in_log is not None and self.seen_in_table is not None:
            raise refusal("it has seen_in_log and seen_in_table", remedy="write one of the two: the surer one")
        needless = [name for name in ("seen_in_log", "seen_in_table", "silent_when_idle") if getattr(self, name)]
        if self.run is not None and needless:
            raise refusal(f"it has run and {needless[0]}", remedy=f"leave {needless[0]} out: what cron starts is known")
        return self

    @property
    def unseen(self) -> str | None:
        """Why nobody can tell whether it ran each time; None where every run is seen."""
        if self.run is not None:
            return None
        if self.seen_in_log is None and self.seen_in_table is None:
            return "nothing that it leaves is named: neither seen_in_log nor seen_in_table"
        return "it is silent when there is nothing to do (silent_when_idle)" if self.silent_when_idle else None

    @field_validator("seen_in_log", "failed_in_log", "seen_in_sql", "seen_in_call")
    @classmethod
    def _is_expression(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                with warnings.catch_warnings(action="error"):  # of what may mean something else one day
                    re.compile(value)
            except (re.error, FutureWarning, OverflowError, RecursionError) as error:
                raise refusal(f"{value!r} is no regular expression: {error}", remedy="correct it") from error
        return value


class DatabaseTable(_Table):
    """``[database]``: what is loaded into an empty PostgreSQL before the backend starts; one of the two."""

    schema_file: str | None = None
    """SQL file (a ``pg_dump --schema-only`` will do), from the folder of target.toml."""
    migrate: _Command | None = None
    """Command that creates the schema, run once in the directory of the first process, with its environment, in which
    what stands for the database is of the role that owns the schema; ``${MIGRATION_URL}`` is its URL."""
    migrate_seconds: int = Field(default=120, ge=1, le=3600)
    """Real seconds that the command may take."""
    server: int | None = Field(default=None, ge=OLDEST, le=99)
    """Major version of PostgreSQL that it must have; else whichever has its extensions."""
    extensions: tuple[str, ...] = ()
    """Extensions that its migrations create; a schema file says so itself."""
    skip_settings: tuple[str, ...] = ()
    """Settings that the schema file sets, that the server does not know, and that the schema does without."""
    seed_file: str | None = None
    """SQL file with the rows that must be there before the backend starts, run after the schema as its owner.
    ``${STRIPE_WEBHOOK_SECRET}`` and each other value of the run stands for a literal: no quotes around it."""

    @model_validator(mode="after")
    def _one_source(self) -> DatabaseTable:
        if (self.schema_file is None) == (self.migrate is None):
            raise refusal("it needs either schema_file or migrate", remedy="write one of the two")
        return self


class LabelsTable(_Table):
    """``[stripe.metadata]``: the metadata that it gives its payment intents, transfers, refunds and accounts. By them
    the twin knows what an object is about; without them no fault finds its victim."""

    contest: str = Field(default=MetadataNames.contest, validation_alias=AliasChoices("contest", "order"))
    """Key of the contest's id; of the order's (``order``), where the profile is ``payments``."""
    user: str = MetadataNames.user
    """Key of the user's id."""
    rows: tuple[str, ...] = MetadataNames.rows
    """Keys of the id of its own row: the transfer's, the payment's, the refund's."""


class StubTable(_Table):
    """``[[stripe.stub]]``: a call that the twin does not model, and the answer that the backend gets: a way on, where
    no money is concerned."""

    call: str = Field(pattern=r"^(GET|POST|DELETE) /v[12]/[a-z_]+(/[a-z_{}]+)*$")
    """Method and path, ``{id}`` for an id: ``POST /v1/products``."""
    answer: str
    """Body of the answer, a JSON object; its status is 200."""

    @field_validator("answer")
    @classmethod
    def _is_object(cls, value: str) -> str:
        try:
            decoded = json.loads(value)
        except ValueError as error:
            raise refusal(f"the answer is no JSON: {error}", remedy="write what Stripe would answer") from error
        if not isinstance(decoded, dict):
            raise refusal("the answer is no JSON object", remedy='write an object, e.g. {"id": "prod_1"}')
        return value

    def stub(self) -> Stub:
        method, _, path = self.call.partition(" ")
        return Stub(method=method, path=path, answer=json.loads(self.answer))


_OLDEST_VERSION = "2022-11-15"
"""Of Stripe's API: since then a payment intent has `latest_charge` (fixtures/spec/stripe.md 21)."""


class StripeTable(_Table):
    """``[stripe]``: how the backend and Stripe reach each other."""

    hosts: tuple[_Host, ...] = ("api.stripe.com",)
    """Names under which it calls the API, all answered by the twin."""
    webhook_path: _Path
    """Where it receives webhooks, signed with ``${STRIPE_WEBHOOK_SECRET}``."""
    webhooks: Literal["signed", "fetched"] = "signed"
    """Why it believes an event: by its signature, or (``fetched``) because it takes of an unsigned one only ids, and
    fetches from Stripe the event, or what it is about."""
    metadata: LabelsTable = LabelsTable()
    events: tuple[str, ...] = Field(default=SUBSCRIBED, min_length=1)
    """Types of the events that its endpoint gets; ``["*"]`` is all of them."""
    api_version: str = Field(default=API_VERSION, pattern=r"^\d{4}-\d{2}-\d{2}(\.[a-z]+)?$")
    """The version of Stripe's API with which its endpoint was made: each event names it. The libraries for Go and
    .NET refuse events of another version than their own, and Java's shows no object of one. What an event shows is as
    the newest version has it."""
    stub: tuple[StubTable, ...] = ()

    @field_validator("api_version")
    @classmethod
    def _since_latest_charge(cls, version: str) -> str:
        if version < _OLDEST_VERSION:
            raise refusal(
                f"events are shown as since version {_OLDEST_VERSION}, and not as {version} has them",
                remedy="name the version of your Stripe library; the fault events_of_older_version has older ones",
            )
        return version

    def integration(self) -> Integration:
        return Integration(
            names=MetadataNames(**self.metadata.model_dump()),
            events=self.events,
            api_version=self.api_version,
            stubs=tuple(stub.stub() for stub in self.stub),
        )


class ProviderTable(_Table):
    """``[provider]``: the score provider."""

    hosts: tuple[_Host, ...] = Field(default=("scores.provider.test",), min_length=1)


class TokenTable(_Table):
    """``[admin.token]``: a JWT with ``sub`` (the admin's id), ``iat`` and ``exp``, a bearer token."""

    secret: str = "${ADMIN_SECRET}"  # noqa: S105 - a placeholder
    algorithm: Literal["HS256", "HS384", "HS512"] = "HS256"
    claims: dict[str, str | bool | int] = {}
    """Further claims, the same for every admin."""


class AdminTable(_Table):
    """``[admin]``: how the deployment appoints the operator and the founder before day 0, and how they show who they
    are. One of ``create`` and ``create_sql``."""

    create: _Command | None = None
    """Command whose last line of output is the new admin's id; ``${NAME}``, ``${EMAIL}`` and ``${ROLE}`` stand for the
    admin's. Run like ``[database] migrate``."""
    create_sql: str | None = None
    """SQL that returns the id, run as the schema's owner, with the same three."""
    token: TokenTable = TokenTable()
    probe: _Path | None = None
    """A GET that only admins may make; with it the run shows that the founder's token is refused."""
    revoke: str | None = Field(default=None, pattern=r"^(POST|PUT|PATCH|DELETE) /")
    """``METHOD /path`` that takes an admin's rights, ``{user_id}`` in it; sent by the operator before day 0. Without it
    ``revoke_sql`` must do it."""
    revoke_sql: str | None = None
    """SQL with ``${USER_ID}``, run as the schema's owner before day 0."""

    @model_validator(mode="after")
    def _one_way(self) -> AdminTable:
        if (self.create is None) == (self.create_sql is None):
            raise refusal("it needs either create or create_sql", remedy="write one of the two")
        return self


class GovernanceTable(_Table):
    """``[governance]``: the fields of :class:`simulation.events.governance.Governance`, all optional. What is left
    out makes the audit checks that need it findings or unknown, never passes."""

    governed_tables: tuple[str, ...] = ()
    """Tables whose every change must be explained by an audit record of the same transaction."""
    append_only_tables: tuple[str, ...] = ()
    audit_table: str = ""
    audit_columns: dict[str, str] = {}
    """``transaction_id``, ``actor``, ``action``, ``reason``, ``request_id``, ``created_at`` to the column's name."""
    contest_table: str = ""
    contest_status_column: str = ""
    contest_audit_table: str = ""
    contest_audit_columns: dict[str, str] = {}
    executions_table: str = ""
    system_actor: str = ""
    planned_time_columns: tuple[str, ...] = ()
    contest_score_tables: dict[str, str] = {}
    """Tables of a contest's scores to the column that names the contest: what the fault `contest_rows_lost` empties."""
    restore_request: _Request | Literal[""] = ""
    """``METHOD /path`` (``*`` for one segment) of the request that brings lost rows back from a backup."""
    idempotency_table: str = ""
    repeatable_requests: tuple[_Request, ...] = ()
    runbook_only_requests: tuple[_Request, ...] = ()
    break_glass_runbook: str = ""
    break_glass_requests: tuple[_Request, ...] = ()

    def governance(self) -> Governance:
        return Governance(**self.model_dump())


class TargetFile(_Table):
    """The whole of ``target.toml``."""

    name: str = Field(default="", pattern=r"^[A-Za-z0-9._ -]*$")
    """How the report calls the backend; the folder's name when left out."""
    profile: Profile = "contests"
    """What the business does: people play for prizes, or (``payments``) they buy, pay and get their money back. It is
    run with scenarios of the same profile."""
    runbooks: str | None = None
    """Folder with the runbooks of this backend; without it the project's own, written for the staging platform."""
    alerts: str | None = None
    """Folder with its alerting rules; likewise."""
    ca_files: tuple[str, ...] = ()
    """Files of certificate authorities that the backend reads and nobody finds by itself, from the folder of
    target.toml: the run's own authority takes their place. The system's, Java's, certifi's and those of Stripe's
    packages are found."""
    process: tuple[ProcessTable, ...] = Field(min_length=1)
    web: WebTable
    job: tuple[JobTable, ...] = Field(min_length=1)
    short_timer_seconds: int = Field(default=5, ge=0, le=60)
    """A timer of the backend that is due within this many simulated seconds (a back-off, a delay between retries) is
    not kept waiting for the next step."""
    database: DatabaseTable
    stripe: StripeTable
    provider: ProviderTable = ProviderTable()
    admin: AdminTable
    governance: GovernanceTable = GovernanceTable()
    _document: MarkedYaml | None = PrivateAttr(default=None)

    def place(self, *path: str | int) -> str:
        """``file:line`` of a key, or of what is nearest around it, for messages."""
        return FILE_NAME if self._document is None else f"{self._document.file}:{self._document.line_of(path)}"

    def place_of(self, process: ProcessTable) -> str:
        """``file:line`` of a program's command."""
        return self.place("process", [table.name for table in self.process].index(process.name), "command")

    def gives(self, placeholder: str) -> bool:
        """Whether any program is given what a placeholder stands for."""
        return any(f"${{{placeholder}}}" in text for table in self.process for text in table.environment.values())

    @model_validator(mode="after")
    def _known_placeholders(self) -> TargetFile:
        programs: list[tuple[tuple[str | int, ...], tuple[str, ...]]] = [
            (("process", number), (*process.command, *process.environment.values()))
            for number, process in enumerate(self.process)
        ]
        programs += [(("job", number, "run"), job.run) for number, job in enumerate(self.job) if job.run]
        for where, texts in programs:
            for name in _PLACEHOLDER.findall(" ".join(texts)):
                if name == "MIGRATION_URL":
                    raise refusal(
                        "${MIGRATION_URL} stands for something in [database] migrate only",
                        remedy="${DATABASE_URL} and its parts are the owner's there, under the same names",
                        path=where,
                    )
                if name not in PLACEHOLDERS:
                    raise refusal(
                        f"${{{name}}} stands for nothing", remedy=suggest(name, list(PLACEHOLDERS)), path=where
                    )
        for path, words, more in (
            (("database", "migrate"), self.database.migrate or (), ()),
            (("admin", "create"), self.admin.create or (), ("NAME", "EMAIL", "ROLE")),
            (("admin", "token", "secret"), (self.admin.token.secret,), ()),
        ):
            for name in _PLACEHOLDER.findall(" ".join(words)):
                if name not in (*PLACEHOLDERS, *more):
                    remedy = suggest(name, [*more, *PLACEHOLDERS])
                    raise refusal(f"${{{name}}} stands for nothing", remedy=remedy, path=path)
        return self

    @model_validator(mode="after")
    def _own_names(self) -> TargetFile:
        names = [job.name for job in self.job]
        for number, name in enumerate(names):
            if name in names[:number]:
                raise refusal(f"two jobs are called {name!r}", remedy="rename one", path=("job", number, "name"))
        return self

    @property
    def step_seconds(self) -> int:
        """How far the clock may move at once: the smallest interval of a job."""
        return min(job.interval_seconds or 3600 for job in self.job)


def load_target_file(folder: Path) -> TargetFile:
    """:raises UsageError: no such file, not TOML, an unknown key, a bad value; with ``file:line`` and remedy."""
    file = folder / FILE_NAME
    if not file.is_file():
        remedy = f"write one: {command('target', 'init', folder)}"
        raise UsageError(place=str(file), problem=missing(file), remedy=remedy)
    document = read_toml(file)
    try:
        found = TargetFile.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, TargetFile) from error
    named = found if found.name else found.model_copy(update={"name": folder.resolve().name})
    named._document = document
    return named


def missing(file: Path) -> str:
    """The message about a file that does not exist."""
    return f"the symbolic link leads nowhere: {file.readlink()}" if file.is_symlink() else "there is no such file"


def fill_in(text: str, values: dict[str, str]) -> str:
    """``text`` with its placeholders replaced. :raises KeyError: a name that has no value here."""
    return _PLACEHOLDER.sub(lambda match: values[match[1]], text)
