"""Which addresses a customer may have us connect to. Pure.

Everything that is not a public unicast address is refused, whichever notation hides it: forms of
IPv6 that carry an IPv4 address (RFC 4291, 2.5.5; RFC 6052; RFC 3056; RFC 4380) are judged by it.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# Public by number, but answering with secrets of the machine inside of a cloud.
METADATA_ADDRESSES = frozenset({IPv4Address("168.63.129.16")})

NAT64 = IPv6Network("64:ff9b::/96")
IPV4_COMPATIBLE = IPv6Network("::/96")
ANYCAST_RELAYS = IPv4Network("192.88.99.0/24")


def is_public(address: str) -> bool:
    """Whether a literal address is one that anybody on the Internet could connect to."""
    return _is_public(ip_address(address.partition("%")[0]))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        inner = _carried(address)
        if inner is not None:
            return _is_public(inner)
        if address in IPV4_COMPATIBLE or address.sixtofour or address.teredo:
            return False
    elif address in METADATA_ADDRESSES or address in ANYCAST_RELAYS:
        return False
    return address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that packets to `address` end up at, if it is of such a form."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return None
