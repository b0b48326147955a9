"""What every provisioner can do: run processes somewhere and keep them running."""

from collections.abc import Sequence
from typing import Protocol

from control_plane.provisioning.process import Listener, ProcessSpec, ProcessStatus


class Provisioner(Protocol):
    """Runs the processes of clusters. Every method may be repeated; none needs a database.

    A cluster is one process or several, so the unit here is the process. Each method raises
    ``ProvisioningError`` with a stable code.
    """

    def reserve(self, process_id: str, listeners: Sequence[Listener]) -> tuple[Listener, ...]:
        """Take the addresses (port 0: choose one) and hold them; connections are refused."""
        ...

    def ensure(self, spec: ProcessSpec) -> ProcessStatus:
        """Make it so, and return once the process is ready with that generation (or stopped)."""
        ...

    def restart(self, process_id: str) -> ProcessStatus:
        """End the process and start it again, refusing no connection; returns once ready."""
        ...

    def stop(self, process_id: str) -> ProcessStatus:
        """End the process, keep its addresses, refuse connections at once."""
        ...

    def remove(self, process_id: str) -> None:
        """End the process, give its addresses back, forget it. Unknown ids are no error."""
        ...

    def observe(self, process_id: str) -> ProcessStatus | None: ...

    def list(self) -> tuple[ProcessStatus, ...]: ...
