"""The supervisor's methods: what it is asked for, by name, in docs/supervisor.md."""

import asyncio
import dataclasses
import logging
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from control_plane.provisioning.process import (
    ProcessSpec,
    ProcessStatus,
    listeners_from_json,
    require_process_id,
    spec_from_json,
    to_json,
)
from control_plane.provisioning.supervisor.errors import SupervisorError
from control_plane.provisioning.supervisor.limits import LIST_PAGE_MAX, PROCESSES_MAX
from control_plane.provisioning.supervisor.logs import bound_log
from control_plane.provisioning.supervisor.managed import ManagedProcess
from control_plane.provisioning.supervisor.sockets import ListenerSockets
from control_plane.provisioning.supervisor.specs import SpecStore
from control_plane.provisioning.supervisor.survivors import running_commands

VERSION = 4
"""Raised with every change that an older client or supervisor would misunderstand."""

_logger = logging.getLogger(__name__)

Params = dict[str, Any]
Method = Callable[[Params], Awaitable[dict[str, Any]]]


class Supervisor:
    """Owns all processes of one data directory."""

    def __init__(self, store: SpecStore) -> None:
        self.ended = asyncio.Event()
        self._store = store
        self._started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._processes: dict[str, ManagedProcess] = {}
        self._reserved: dict[str, ListenerSockets] = {}
        self._ending = False
        self._methods: dict[str, Method] = {
            "hello": self._hello,
            "reserve": self._reserve,
            "ensure": self._ensure,
            "stop": self._stop,
            "restart": self._restart,
            "remove": self._remove,
            "get": self._get,
            "list": self._list,
            "shutdown": self._shutdown,
        }

    async def recover(self) -> None:
        """Adopt what runs and start what should, from the durable specs."""
        commands = running_commands()
        for spec in self._store.load():
            self._processes[spec.process_id] = ManagedProcess(spec, ListenerSockets(), self._store)
        await asyncio.gather(*(one.recover(commands) for one in self._processes.values()))

    async def call(self, method: str, params: Params) -> dict[str, Any]:
        """Carry out one request. Raises SupervisorError, InvalidSpecError or OSError."""
        found = self._methods.get(method)
        if found is None:
            raise SupervisorError("method_unknown", "no such method")
        if self._ending and method != "shutdown":
            raise SupervisorError("supervisor_ending", "the supervisor is about to end")
        return await found(params)

    async def end(self, *, brokers: bool, now: bool = False) -> None:
        """End this supervisor, with its processes or leaving them to a successor."""
        self._ending = True
        _logger.info("supervisor ending", extra={"brokers": brokers, "now": now})
        processes = list(self._processes.values())
        if brokers:
            if now:
                for process in processes:
                    process.kill()
            await asyncio.gather(*(process.close() for process in processes))
        else:
            for process in processes:
                process.release()
        self.ended.set()

    def bound_logs(self) -> None:
        for process in self._processes.values():
            bound_log(Path(process.spec.log_file))

    async def _hello(self, _params: Params) -> dict[str, Any]:
        return {"pid": os.getpid(), "version": VERSION, "started_at": self._started_at}

    async def _reserve(self, params: Params) -> dict[str, Any]:
        process_id = require_process_id(params.get("process_id"))
        listeners = listeners_from_json(params.get("listeners"))
        known = self._processes.get(process_id)
        if known is not None:
            return {"listeners": [to_json(one) for one in known.reserve(listeners)]}
        sockets = self._reserved.get(process_id)
        if sockets is None:
            self._require_room()
            sockets = self._reserved[process_id] = ListenerSockets()
        return {"listeners": [to_json(one) for one in sockets.bind(listeners)]}

    async def _ensure(self, params: Params) -> dict[str, Any]:
        spec = spec_from_json(params.get("spec"))
        process = self._processes.get(spec.process_id) or self._create(spec)
        await process.apply(spec)
        return _answer(process.status())

    async def _stop(self, params: Params) -> dict[str, Any]:
        process = self._find(params)
        await process.apply(dataclasses.replace(process.spec, state="stopped", wakes=False))
        return _answer(process.status())

    async def _restart(self, params: Params) -> dict[str, Any]:
        process = self._find(params)
        await process.restart()
        return _answer(process.status())

    async def _remove(self, params: Params) -> dict[str, Any]:
        process_id = require_process_id(params.get("process_id"))
        reserved = self._reserved.pop(process_id, None)
        if reserved is not None:
            reserved.close()
        process = self._processes.get(process_id)
        if process is not None:
            await process.remove()
            self._processes.pop(process_id, None)
        return {}

    async def _get(self, params: Params) -> dict[str, Any]:
        process = self._processes.get(require_process_id(params.get("process_id")))
        return {"process": None} if process is None else _answer(process.status())

    async def _list(self, params: Params) -> dict[str, Any]:
        after = params.get("after")
        ids = sorted(one for one in self._processes if after is None or one > str(after))
        page = ids[:LIST_PAGE_MAX]
        return {
            "processes": [to_json(self._processes[one].status()) for one in page],
            "next": page[-1] if len(ids) > len(page) else None,
        }

    async def _shutdown(self, params: Params) -> dict[str, Any]:
        await self.end(brokers=params.get("brokers") is True, now=params.get("now") is True)
        return {}

    def _create(self, spec: ProcessSpec) -> ManagedProcess:
        sockets = self._reserved.get(spec.process_id)
        if sockets is None:
            self._require_room()
            sockets = ListenerSockets()
        spec = dataclasses.replace(spec, listeners=sockets.bind(spec.listeners))
        self._store.save(spec)
        self._reserved.pop(spec.process_id, None)
        process = self._processes[spec.process_id] = ManagedProcess(spec, sockets, self._store)
        return process

    def _find(self, params: Params) -> ManagedProcess:
        process = self._processes.get(require_process_id(params.get("process_id")))
        if process is None:
            raise SupervisorError("process_unknown", "no such process")
        return process

    def _require_room(self) -> None:
        if len(self._processes) + len(self._reserved) >= PROCESSES_MAX:
            raise SupervisorError("processes_exhausted", f"at most {PROCESSES_MAX} processes")


def _answer(status: ProcessStatus) -> dict[str, Any]:
    return {"process": to_json(status)}
