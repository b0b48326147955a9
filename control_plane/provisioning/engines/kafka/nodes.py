"""The nodes of one cluster as processes: asked, started, waited for."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import structlog

from control_plane.provisioning.broker_admin import BrokerAdmin
from control_plane.provisioning.engines.kafka.cluster_directory import NODE_IDS, ClusterDirectory
from control_plane.provisioning.engines.kafka.node_health import (
    ClusterHealth,
    NodeHealth,
    read_health,
    summed,
)
from control_plane.provisioning.engines.kafka.node_usage import NodeUse, decode_node_use
from control_plane.provisioning.engines.kafka.rollout import NodeView, rollout
from control_plane.provisioning.errors import (
    BrokerNotReadyError,
    ClusterNotRunningError,
    ClusterUnsettledError,
    ProvisioningError,
)
from control_plane.provisioning.process import ProcessSpec, ProcessStatus
from control_plane.provisioning.provisioner import Provisioner

# A JVM on a busy machine takes minutes; one that ends is noticed at once.
START_SECONDS_MAX = 240.0
SETTLE_SECONDS_MAX = 120.0

_POLL_SECONDS = 0.2

_logger = structlog.stdlib.get_logger("provisioning")


class Nodes:
    """The processes of one cluster. Raises ProvisioningError for what can not be done now."""

    def __init__(
        self, cluster_id: str, directory: ClusterDirectory, provisioner: Provisioner
    ) -> None:
        self._cluster_id = cluster_id
        self._directory = directory
        self._provisioner = provisioner

    def statuses(self) -> dict[int, ProcessStatus | None]:
        return {one: self._provisioner.observe(self.process_id(one)) for one in NODE_IDS}

    def running(self) -> Sequence[int]:
        found = self.statuses().items()
        return [one for one, status in found if status and status.state == "running"]

    def told(self) -> dict[int, NodeHealth]:
        """What each running node tells of itself; one that does not answer is left out."""
        found: dict[int, NodeHealth] = {}
        for node_id in self.running():
            try:
                found[node_id] = read_health(self.admin(node_id).told())
            except ClusterNotRunningError as error:
                self._note_silence(node_id, error)
        return found

    def health(self) -> ClusterHealth:
        return summed(tuple(self.told().values()))

    def used(self) -> dict[int, NodeUse]:
        """What each running node counts of its use; one that does not answer is left out."""
        found: dict[int, NodeUse] = {}
        for node_id in self.running():
            try:
                found[node_id] = decode_node_use(self.admin(node_id).use())
            except ClusterNotRunningError as error:
                self._note_silence(node_id, error)
        return found

    def _note_silence(self, node_id: int, error: ClusterNotRunningError) -> None:
        _logger.warning(
            "broker_silent", cluster_id=self._cluster_id, broker=node_id, reason=error.detail
        )

    def admin(self, node_id: int) -> BrokerAdmin:
        return BrokerAdmin(self._directory.node(node_id).admin_socket)

    def roll(self, specs: Mapping[int, ProcessSpec], before_a_stop: Callable[[], None]) -> None:
        """Have every node run as specified, as many at a time as the cluster bears."""
        statuses, told = self.statuses(), self.told()
        views: list[NodeView] = []
        for node_id, spec in specs.items():
            status, health = statuses[node_id], told.get(node_id)
            views.append(
                NodeView(
                    id=node_id,
                    state=status.state if status else "stopped",
                    is_current=health is not None and health.generation == spec.generation,
                    is_controller=health is not None and health.is_controller,
                )
            )
        work = rollout(views)
        side_by_side(lambda one: self._start(specs[one]), work.together)
        self.wait_settled()
        for node_id in work.in_turn:
            before_a_stop()
            self._start(specs[node_id])
            self.wait_settled()

    def restart(self, before_a_stop: Callable[[], None]) -> None:
        """Restart one after the other, each once all data is on all of them."""
        told = self.told()
        order = sorted(NODE_IDS, key=lambda one: (one in told and told[one].is_controller, one))
        self.wait_settled()
        for node_id in order:
            before_a_stop()
            self._restart(node_id)
            self.wait_settled()

    def confirm(self, generation: int) -> None:
        """Return once every running node has this set of credentials, or a newer one, in force."""
        running = self.running()
        if not running:
            raise ClusterNotRunningError("none of its brokers runs")
        for node_id in running:
            admin = self.admin(node_id)
            if admin.health().credentials_generation >= generation:
                continue
            confirmed = admin.reload_credentials()
            if confirmed < generation:
                raise ProvisioningError(
                    f"broker {node_id} has credentials generation {confirmed}, not {generation}"
                )

    def wait_settled(self) -> None:
        deadline = time.monotonic() + SETTLE_SECONDS_MAX
        while not (health := self.health()).is_settled:
            if time.monotonic() > deadline:
                raise ClusterUnsettledError(str(health.problem))
            time.sleep(_POLL_SECONDS)

    def process_id(self, node_id: int) -> str:
        return f"{self._cluster_id}.{node_id}"

    def _start(self, spec: ProcessSpec) -> None:
        self._until_ready(spec.process_id, lambda: self._provisioner.ensure(spec))

    def _restart(self, node_id: int) -> None:
        process_id = self.process_id(node_id)
        try:
            self._provisioner.restart(process_id)
        except BrokerNotReadyError:
            # To ask for it again would end what is about to get ready.
            self._until_ready(process_id, lambda: self._require_running(process_id))

    def _until_ready(self, process_id: str, attempt: Callable[[], object]) -> None:
        """Repeat while the process is on its way: a JVM may take longer than a supervisor waits."""
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                attempt()
            except BrokerNotReadyError:
                status = self._provisioner.observe(process_id)
                is_on_its_way = status is not None and status.state in {"starting", "running"}
                if not is_on_its_way or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL_SECONDS)
            else:
                return

    def _require_running(self, process_id: str) -> None:
        status = self._provisioner.observe(process_id)
        if status is None or status.state != "running":
            raise BrokerNotReadyError(f"{process_id} is not ready yet")


def side_by_side(work: Callable[[int], object], nodes: Sequence[int] = NODE_IDS) -> None:
    """Do it for these nodes at once; raise the first failure when all have ended."""
    if not nodes:
        return
    with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
        done = [pool.submit(work, node) for node in nodes]
    for one in done:
        one.result()
