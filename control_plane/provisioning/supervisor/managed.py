"""One process that is kept as its spec says, whatever happens to it."""

import asyncio
import dataclasses
import logging
from collections.abc import Coroutine, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from control_plane.provisioning.process import Listener, ProcessSpec, ProcessState, ProcessStatus
from control_plane.provisioning.supervisor.backoff import Backoff
from control_plane.provisioning.supervisor.child import Child
from control_plane.provisioning.supervisor.errors import SupervisorError
from control_plane.provisioning.supervisor.health import ask_health
from control_plane.provisioning.supervisor.limits import READY_SECONDS_MAX
from control_plane.provisioning.supervisor.logs import last_line
from control_plane.provisioning.supervisor.sockets import ListenerSockets
from control_plane.provisioning.supervisor.spawn import spawn
from control_plane.provisioning.supervisor.specs import SpecStore
from control_plane.provisioning.supervisor.survivors import Command, Survivor, find_survivor
from control_plane.provisioning.supervisor.wakeup import Wakeup

_logger = logging.getLogger(__name__)

_EAGER_POLLS = 200
_EAGER_SECONDS = 0.003
_PATIENT_SECONDS = 0.05


class ManagedProcess:
    """The process of one spec. Calls are carried out one after the other.

    Waiting for a process to be ready is no part of that: it may die and be started again, or be
    stopped, meanwhile.
    """

    def __init__(self, spec: ProcessSpec, sockets: ListenerSockets, store: SpecStore) -> None:
        self.spec = spec
        self.sockets = sockets
        self._store = store
        self._child: Child | None = None
        self._restarts = 0
        self._last_exit: str | None = None
        self._backoff = Backoff()
        self._turn = asyncio.Lock()
        self._closed = False
        self._watchers: set[asyncio.Task[None]] = set()
        self._retry: asyncio.Task[None] | None = None
        self._wakeup = Wakeup(sockets, self._request_wake)

    def status(self) -> ProcessStatus:
        child = self._child
        return ProcessStatus(
            process_id=self.spec.process_id,
            state=self._state(),
            pid=child.pid if child else None,
            generation=self.spec.generation if child else None,
            listeners=self.sockets.listeners or self.spec.listeners,
            started_at=child.started_at if child else None,
            restarts=self._restarts,
            last_exit=self._last_exit,
            log_file=self.spec.log_file,
            wakes=self.spec.wakes,
            woken_at=self.spec.woken_at,
        )

    def reserve(self, wanted: Iterable[Listener]) -> tuple[Listener, ...]:
        """Return the listeners of these names: those that it has, and new ones, bound for it.

        New ones are its own once a spec names them.
        """
        known = {one.name: one for one in self.spec.listeners}
        wanted = tuple(known.get(one.name, one) for one in wanted)
        names = {one.name for one in wanted}
        others = [one for one in self.spec.listeners if one.name not in names]
        if not names <= known.keys():
            held = self.sockets.bind([*others, *wanted])
            known = {one.name: one for one in held}
        return tuple(known[one.name] for one in wanted)

    async def recover(self, commands: Mapping[Command, int]) -> None:
        """Adopt the process if it outlived an earlier supervisor, and make the spec true."""
        async with self._turn:
            survivor = await find_survivor(self.spec, commands)
            if survivor is not None:
                await self._adopt(survivor)
            try:
                self._hold(self.spec.listeners)
                if self.spec.state == "stopped":
                    await self._stop()
                elif self._child is None:
                    self._start()
            except SupervisorError as error:
                self._warn_not_started(error)

    async def apply(self, spec: ProcessSpec) -> None:
        """Make the spec true, durably; return once the process is ready, or stopped."""
        async with self._turn:
            self._require_open()
            self._wakeup.disarm()
            spec = dataclasses.replace(spec, listeners=self._hold(spec.listeners))
            # What a process does is the same, whether it was woken or told to run.
            as_running = dataclasses.replace(
                spec, wakes=self.spec.wakes, wakes_from=self.spec.wakes_from
            )
            changed = as_running != dataclasses.replace(self.spec, woken_at=None)
            if spec != self.spec:
                self._store.save(spec)
                self.spec = spec
            if spec.state == "stopped":
                await self._stop()
                return
            if changed and self._child is not None:
                await self._end_child(self._child)
            if self._child is None and (changed or self._retry is None):
                self._start()
        await self._wait_ready()

    async def restart(self) -> None:
        """End the process, start it again, and return once it is ready."""
        async with self._turn:
            self._require_open()
            if self.spec.state == "stopped":
                raise SupervisorError("process_stopped", "a stopped process can not be restarted")
            self._backoff.reset()
            if self._child is not None:
                await self._end_child(self._child)
            self._start()
        await self._wait_ready()

    async def close(self) -> None:
        """End the process for good; its spec is kept for a successor."""
        self._closed = True
        self._wakeup.disarm()
        async with self._turn:
            await self._stop()
            self.sockets.close()

    async def remove(self) -> None:
        """End the process for good and forget its spec.

        It is first recorded as stopped: a successor must never find a process without a spec.
        """
        async with self._turn:
            self._closed = True
            self._wakeup.disarm()
            self._store.save(dataclasses.replace(self.spec, state="stopped", wakes=False))
            await self._stop()
            self.sockets.close()
            self._store.delete(self.spec.process_id)

    def kill(self) -> None:
        """End the process this instant, for whoever waits for it to end orderly."""
        if self._child is not None:
            self._child.kill()

    def release(self) -> None:
        """Leave the process running and forget it."""
        self._closed = True
        self._wakeup.disarm()
        self._cancel_retry()
        if self._child is not None:
            self._child.release()

    def _state(self) -> ProcessState:
        if self._child is not None:
            return "running" if self._child.ready.done() else "starting"
        return "stopped" if self.spec.state == "stopped" else "backing_off"

    def _require_open(self) -> None:
        if self._closed:
            raise SupervisorError("process_removed", "the process was removed meanwhile")

    async def _adopt(self, survivor: Survivor) -> None:
        self.sockets.adopt(survivor.sockets)
        health = await ask_health(self.spec.admin_socket)
        started_at = health.started_at if health else None
        child = Child(survivor.pid, survivor.pidfd, adopted=True, started_at=started_at)
        _logger.info("process adopted", extra=self._named(child))
        self._attend(child)
        outdated = health is not None and health.generation != self.spec.generation
        has_others = self.sockets.listeners != self.spec.listeners and not self.spec.binds_itself
        if outdated or has_others:
            await self._end_child(child)

    def _hold(self, listeners: tuple[Listener, ...]) -> tuple[Listener, ...]:
        """Hold these addresses, but for those that a process found alive has bound itself.

        Nobody can share an address with a socket that listens; they are held once it has ended.
        """
        is_away = self.spec.binds_itself and self._child is not None
        if is_away and not self.sockets.listeners and listeners == self.spec.listeners:
            return listeners
        return self.sockets.bind(listeners)

    async def _stop(self) -> None:
        """End the process; refuse first, so that nobody waits for a listener without a server."""
        self._cancel_retry()
        if self._child is not None:
            self._child.terminate()
        self.sockets.refuse()
        if self._child is not None:
            await self._end_child(self._child)
        if self.spec.binds_itself and not self._closed:
            self.sockets.bind(self.spec.listeners)
        if self.spec.wakes and not self._closed:
            self._wakeup.arm(self.spec.wakes_from)

    def _request_wake(self) -> None:
        self._attend_to(self._wake())

    async def _wake(self) -> None:
        """Start the process for whoever has connected; the connection waits in the backlog."""
        async with self._turn:
            if self._closed or self._child is not None or self.spec.state != "stopped":
                return
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            self.spec = dataclasses.replace(self.spec, state="running", woken_at=now)
            self._store.save(self.spec)
            _logger.info("process woken", extra={"process_id": self.spec.process_id})
            try:
                self._start()
            except SupervisorError as error:
                self._warn_not_started(error)

    async def _end_child(self, child: Child) -> None:
        _logger.info("process ending", extra=self._named(child))
        await child.end(self.spec.stop_seconds_max)
        self._last_exit = child.exited.result()
        self._child = None

    def _start(self) -> None:
        """Start the process; a failure is raised, and tried again later all the same."""
        self._cancel_retry()
        try:
            self.sockets.bind(self.spec.listeners)
            pid = spawn(self.spec, self._sockets_to_inherit())
        except (OSError, SupervisorError) as error:
            self._last_exit = f"not started: {error}"
            self._retry_later(lived_seconds=0)
            if isinstance(error, SupervisorError):
                raise
            raise SupervisorError("process_not_started", str(error)) from error
        child = Child.started(pid)
        _logger.info("process started", extra=self._named(child))
        self._attend(child)

    def _sockets_to_inherit(self) -> dict[str, int]:
        if self.spec.binds_itself:
            self.sockets.lend()
            return {}
        self.sockets.listen()
        return self.sockets.descriptors()

    def _warn_not_started(self, error: SupervisorError) -> None:
        _logger.warning(
            "process not started",
            extra={"process_id": self.spec.process_id, "error": error.message},
        )

    def _attend(self, child: Child) -> None:
        self._child = child
        for work in (self._watch_ready(child), self._watch_exit(child)):
            self._attend_to(work)

    def _attend_to(self, work: Coroutine[None, None, None]) -> None:
        watcher = asyncio.create_task(work)
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)

    async def _watch_ready(self, child: Child) -> None:
        polls = 0
        while not child.exited.done():
            health = await ask_health(self.spec.admin_socket)
            if (
                health is not None
                and health.ready
                and (health.pid, health.generation) == (child.pid, self.spec.generation)
            ):
                child.ready.set_result(None)
                _logger.info("process ready", extra=self._named(child))
                return
            polls += 1
            await asyncio.sleep(_EAGER_SECONDS if polls < _EAGER_POLLS else _PATIENT_SECONDS)

    async def _watch_exit(self, child: Child) -> None:
        await asyncio.wait({child.exited})
        if child.end_expected:
            return
        words = child.exited.result()
        _logger.warning("process died", extra=self._named(child) | {"exit": words})
        self._child = None
        self._restarts += 1
        self._last_exit = words
        self._retry_later(child.lived_seconds)

    def _retry_later(self, lived_seconds: float) -> None:
        self._cancel_retry()
        delay = self._backoff.after_life_of(lived_seconds)
        self._retry = asyncio.create_task(self._start_after(delay))

    async def _start_after(self, delay_seconds: float) -> None:
        await asyncio.sleep(delay_seconds)
        async with self._turn:
            self._retry = None
            if self._closed or self._child is not None or self.spec.state == "stopped":
                return
            try:
                self._start()
            except SupervisorError as error:
                self._warn_not_started(error)

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    async def _wait_ready(self) -> None:
        child = self._child
        if child is None:
            raise SupervisorError(
                "process_backing_off", f"it is started again later; it {self._last_exit}"
            )
        await asyncio.wait(
            {child.ready, child.exited},
            timeout=READY_SECONDS_MAX,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if child.ready.done():
            return
        tail = await asyncio.to_thread(last_line, Path(self.spec.log_file))
        if child.exited.done():
            raise SupervisorError("process_not_ready", f"it {child.exited.result()}: {tail}")
        raise SupervisorError("process_not_ready", f"no answer on its admin socket yet: {tail}")

    def _named(self, child: Child) -> dict[str, object]:
        return {
            "process_id": self.spec.process_id,
            "pid": child.pid,
            "adopted": child.adopted,
            "generation": self.spec.generation,
        }
