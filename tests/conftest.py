"""Fixtures for all tests; each file in tests/fixtures owns one kind of thing that tests start."""

# A module that builds on another one stands below it.
pytest_plugins = [
    "tests.fixtures.signals",
    "tests.fixtures.generated_inputs",
    "tests.fixtures.clocks",
    "tests.fixtures.databases",
    "tests.fixtures.planes",
    "tests.fixtures.apis",
    "tests.fixtures.service",
    "tests.fixtures.receivers",
    "tests.fixtures.mailboxes",
    "tests.fixtures.running_service",
    "tests.fixtures.identity_provider",
]
