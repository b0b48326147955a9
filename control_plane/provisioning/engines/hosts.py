"""Where clusters of one machine listen, and by which names clients reach them. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """`bind_host` is an IP address; `public_host` is the name under which clients reach it."""

    bind_host: str
    public_host: str

    @property
    def is_loopback(self) -> bool:
        return ip_address(self.bind_host).is_loopback

    @property
    def certificate_hosts(self) -> tuple[str, ...]:
        """What certificates of clusters are good for."""
        local = ("localhost", LOOPBACK, "::1")
        return local if self.public_host in local else (self.public_host, *local)


def join_host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
