"""Fixtures for all tests; each file in tests/fixtures owns one kind of thing that tests start."""

pytest_plugins = [
    "tests.fixtures.clocks",
    "tests.fixtures.databases",
    "tests.fixtures.planes",
    "tests.fixtures.service",
]
