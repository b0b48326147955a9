"""What is wanted of one broker process and what is seen of it. Standard library only."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from ipaddress import ip_address
from typing import Any, Literal, cast, get_args

from control_plane.provisioning.networks import NETWORKS_MAX, network_problem

ProcessState = Literal["running", "starting", "backing_off", "stopped"]
WantedState = Literal["running", "stopped"]

LISTENERS_MAX = 16
COMMAND_ARGUMENTS_MAX = 64
TEXT_CHARACTERS_MAX = 4096
ENVIRONMENT_VARIABLES_MAX = 64
PORT_MAX = 65_535
STOP_SECONDS_DEFAULT = 5
STOP_SECONDS_CEILING = 60
INTEGER_MAX = 2**63 - 1

_PROCESS_ID = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_LISTENER_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


class InvalidSpecError(ValueError):
    """A description of a process that can not be carried out; the message names the field."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A named TCP address that a process serves. Port 0 asks for a free one."""

    name: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process as it should be. Paths are absolute; ``env`` is its whole environment.

    With ``wakes`` a stopped process is started by the first connection to it, from the networks
    ``wakes_from`` where there are any. The supervisor then notes in ``woken_at`` (RFC 3339) when
    that was.

    A process that `binds_itself` inherits no sockets: its addresses are only kept free for it, and
    while it does not run connections to them are refused. A process that has not ended
    `stop_seconds_max` after it was told to is killed.

    ``data_bytes_max`` bounds the memory that it may write and shares with no file (RLIMIT_DATA of
    setrlimit(2)). A JVM is bounded by its own options instead.
    """

    process_id: str
    generation: int
    command: tuple[str, ...]
    cwd: str
    listeners: tuple[Listener, ...]
    admin_socket: str
    handover_socket: str
    log_file: str
    env: Mapping[str, str]
    state: WantedState = "running"
    wakes: bool = False
    wakes_from: tuple[str, ...] = ()
    woken_at: str | None = None
    binds_itself: bool = False
    stop_seconds_max: int = STOP_SECONDS_DEFAULT
    data_bytes_max: int | None = None


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process as it is. ``last_exit`` says in words how the previous run ended.

    ``woken_at`` is there while it runs because somebody connected.
    """

    process_id: str
    state: ProcessState
    pid: int | None
    generation: int | None
    listeners: tuple[Listener, ...]
    started_at: str | None
    restarts: int
    last_exit: str | None
    log_file: str | None
    wakes: bool = False
    woken_at: str | None = None


def to_json(value: ProcessSpec | ProcessStatus | Listener) -> dict[str, Any]:
    return asdict(value)


def require_process_id(value: object) -> str:
    if not isinstance(value, str) or not _PROCESS_ID.fullmatch(value):
        raise InvalidSpecError("process_id: lower-case letters, digits, '_', '.' and '-' expected")
    return value


def listeners_from_json(value: object) -> tuple[Listener, ...]:
    items = _list(value, "listeners", LISTENERS_MAX)
    listeners = tuple(_listener(item) for item in items)
    if len({listener.name for listener in listeners}) != len(listeners):
        raise InvalidSpecError("listeners: names must be unique")
    return listeners


def spec_from_json(value: object) -> ProcessSpec:
    fields = _object(value, "spec")
    command = tuple(
        _text(item, "command")
        for item in _list(fields.get("command"), "command", COMMAND_ARGUMENTS_MAX)
    )
    if not command:
        raise InvalidSpecError("command: at least the program expected")
    state = fields.get("state", "running")
    if state not in get_args(WantedState):
        raise InvalidSpecError("state: 'running' or 'stopped' expected")
    if fields.get("wakes") is True and fields.get("binds_itself") is True:
        raise InvalidSpecError("wakes: a process that binds its addresses itself can not be woken")
    return ProcessSpec(
        process_id=require_process_id(fields.get("process_id")),
        generation=_integer(fields.get("generation"), "generation", maximum=INTEGER_MAX),
        command=command,
        cwd=_path(fields.get("cwd"), "cwd"),
        listeners=listeners_from_json(fields.get("listeners")),
        admin_socket=_path(fields.get("admin_socket"), "admin_socket"),
        handover_socket=_path(fields.get("handover_socket"), "handover_socket"),
        log_file=_path(fields.get("log_file"), "log_file"),
        env=_environment(fields.get("env")),
        state=cast("WantedState", state),
        wakes=fields.get("wakes") is True,
        wakes_from=_networks(fields.get("wakes_from", [])),
        woken_at=_optional_text(fields.get("woken_at"), "woken_at"),
        binds_itself=fields.get("binds_itself") is True,
        stop_seconds_max=_integer(
            fields.get("stop_seconds_max", STOP_SECONDS_DEFAULT),
            "stop_seconds_max",
            maximum=STOP_SECONDS_CEILING,
        ),
        data_bytes_max=_optional_integer(fields.get("data_bytes_max"), "data_bytes_max"),
    )


def status_from_json(value: object) -> ProcessStatus:
    fields = _object(value, "process")
    generation, pid = fields.get("generation"), fields.get("pid")
    return ProcessStatus(
        process_id=require_process_id(fields.get("process_id")),
        state=cast("ProcessState", fields.get("state")),
        pid=pid if isinstance(pid, int) else None,
        generation=generation if isinstance(generation, int) else None,
        listeners=listeners_from_json(fields.get("listeners")),
        started_at=_optional_text(fields.get("started_at"), "started_at"),
        restarts=_integer(fields.get("restarts"), "restarts", maximum=INTEGER_MAX),
        last_exit=_optional_text(fields.get("last_exit"), "last_exit"),
        log_file=_optional_text(fields.get("log_file"), "log_file"),
        wakes=fields.get("wakes") is True,
        woken_at=_optional_text(fields.get("woken_at"), "woken_at"),
    )


def _listener(value: object) -> Listener:
    fields = _object(value, "listeners")
    name = fields.get("name")
    if not isinstance(name, str) or not _LISTENER_NAME.fullmatch(name):
        raise InvalidSpecError("listeners: a name of lower-case letters, digits and '_' expected")
    return Listener(
        name=name,
        host=_ip_address(fields.get("host")),
        port=_integer(fields.get("port"), "port", maximum=PORT_MAX),
    )


def _networks(value: object) -> tuple[str, ...]:
    networks = tuple(_text(item, "wakes_from") for item in _list(value, "wakes_from", NETWORKS_MAX))
    for network in networks:
        if (problem := network_problem(network)) is not None:
            raise InvalidSpecError(f"wakes_from: {problem}")
    return networks


def _ip_address(value: object) -> str:
    text = _text(value, "host")
    try:
        return str(ip_address(text))
    except ValueError:
        raise InvalidSpecError("host: an IP address expected") from None


def _environment(value: object) -> dict[str, str]:
    fields = _object({} if value is None else value, "env")
    if len(fields) > ENVIRONMENT_VARIABLES_MAX:
        raise InvalidSpecError(f"env: at most {ENVIRONMENT_VARIABLES_MAX} variables")
    return {_text(name, "env"): _text(item, "env") for name, item in fields.items()}


def _object(value: object, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidSpecError(f"{field}: an object expected")
    return cast("dict[str, Any]", value)


def _list(value: object, field: str, length_max: int) -> list[object]:
    if not isinstance(value, list):
        raise InvalidSpecError(f"{field}: a list expected")
    items = cast("list[object]", value)
    if len(items) > length_max:
        raise InvalidSpecError(f"{field}: at most {length_max} items")
    return items


def _text(value: object, field: str) -> str:
    if not isinstance(value, str) or len(value) > TEXT_CHARACTERS_MAX or "\0" in value:
        raise InvalidSpecError(
            f"{field}: text of at most {TEXT_CHARACTERS_MAX} characters expected"
        )
    return value


def _optional_text(value: object, field: str) -> str | None:
    return None if value is None else _text(value, field)


def _path(value: object, field: str) -> str:
    text = _text(value, field)
    if not text.startswith("/"):
        raise InvalidSpecError(f"{field}: an absolute path expected")
    return text


def _integer(value: object, field: str, *, maximum: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= maximum:
        raise InvalidSpecError(f"{field}: a whole number from 0 to {maximum} expected")
    return value


def _optional_integer(value: object, field: str) -> int | None:
    return None if value is None else _integer(value, field, maximum=INTEGER_MAX)
