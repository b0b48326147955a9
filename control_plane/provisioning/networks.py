"""Networks that clients of a cluster may come from, as brokers read them.

Pure, and of the standard library alone: the supervisor uses it too.
"""

import ipaddress
import re
from collections.abc import Sequence

NETWORKS_MAX = 100
NETWORK_LENGTH_MAX = 49  # the longest IPv6 address that ends in an IPv4 one, and its length

# An address, or one with the count of its bits that matter; nothing else that Python would take.
_NETWORK = re.compile(r"(?P<address>[0-9a-fA-F:.]+)(/(?P<bits>[0-9]{1,3}))?")
_BITS = 128
_IPV4_BITS = 32
_IPV4_MAPPED = 0xFFFF << _IPV4_BITS  # RFC 4291, 2.5.5.2


def network_problem(text: str) -> str | None:
    """Return what is wrong with a network as brokers take it; None if nothing is."""
    parsed = _parse(text)
    if parsed is None:
        return "an address, or a network such as 10.0.0.0/8, expected"
    base, bits = parsed
    if _masked(base, bits) != base:
        return "the address has bits beyond the network's length"
    return None


def allows(networks: Sequence[str], address: str) -> bool:
    """Whether clients may come from `address`: from everywhere where there is no network.

    IPv4 addresses that come as IPv6 count as what they are. What is no address comes from nowhere.
    """
    if not networks:
        return True
    found = _parse(address.partition("%")[0])
    if found is None:
        return False
    number, _ = found
    return any(_contains(network, number) for network in networks)


def _contains(network: str, number: int) -> bool:
    parsed = _parse(network)
    if parsed is None:
        return False
    base, bits = parsed
    return _masked(number, bits) == base


def _parse(text: str) -> tuple[int, int] | None:
    """Return the number of an address among those of IPv6, and how many of its bits matter."""
    match = _NETWORK.fullmatch(text)
    if match is None:
        return None
    try:
        address = ipaddress.ip_address(match["address"])
    except ValueError:
        return None
    is_short = isinstance(address, ipaddress.IPv4Address)
    number = int(address) + (_IPV4_MAPPED if is_short else 0)
    width = _IPV4_BITS if is_short else _BITS
    length = width if match["bits"] is None else int(match["bits"])
    return None if length > width else (number, _BITS - width + length)


def _masked(number: int, bits: int) -> int:
    return number >> (_BITS - bits) << (_BITS - bits)
