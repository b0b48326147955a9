import pytest

from control_plane.provisioning.networks import allows, network_problem


@pytest.mark.parametrize(
    "text",
    ["10.0.0.0/8", "192.0.2.7", "0.0.0.0/0", "::/0", "2001:DB8::/32", "::ffff:10.0.0.0/104"],
)
def test_networks_that_brokers_take(text: str) -> None:
    assert network_problem(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.0/33",
        "10.0.0/8",
        "localhost",
        "10.0.0.0/-1",
        "2001:db8::/129",
        "10.0.0.0/8/8",
        "10.0.0.0/255.0.0.0",
        "fe80::1%eth0",
        " 10.0.0.0/8",
        "010.0.0.0/8",
        "10.1.0.0/8",
        "2001:db8::1/32",
    ],
)
def test_what_is_no_network_is_refused(text: str) -> None:
    assert network_problem(text) is not None


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
        ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:9.1.2.3"),
        ("0.0.0.0/0", "203.0.113.9", "2001:db8::1"),
        ("fe80::/10", "fe80::1%eth0", "unknown"),
    ],
)
def test_networks_hold_what_lies_inside(network: str, inside: str, outside: str) -> None:
    assert allows([network], inside)
    assert not allows([network], outside)


def test_without_networks_everybody_may_come() -> None:
    assert allows([], "203.0.113.9")
    assert allows([], "unknown")
    assert allows(["192.0.2.0/24", "203.0.113.0/24"], "203.0.113.9")
