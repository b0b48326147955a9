"""`headrace access-rule`, `scram-user` and `quota` as scripts use them."""

from __future__ import annotations

import pytest
from typer import Typer
from typer.testing import CliRunner

from headrace import Client, NotFoundError
from headrace.cli.commands import access_rules, quotas, scram_users
from headrace.cli.shell import Shell
from tests.fixtures.kafka_access import KafkaCluster
from tests.sdk.conftest import Run, json_of
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("sdk")

RULE = ("--resource-type", "topic", "--resource-name", "cli-ruled")


def test_what_scripts_do_with_access_rules(run: Run, kafka_cluster: KafkaCluster) -> None:
    cluster = ("--cluster", kafka_cluster.id)
    create = ("access-rule", "create", *cluster, *RULE, "--principal", "User:a")
    made = json_of(run(*create, "--operation", "read", "--deny", "--prefixed", "-ojson"))
    assert (made["permission"], made["pattern_type"]) == ("deny", "prefixed")
    listed = json_of(run("access-rule", "list", *cluster, "--principal", "User:a", "-ojson"))
    assert listed == [made]
    told = run("access-rule", "delete", *cluster, *RULE, "--dry-run")
    assert "cli-ruled" in told.stdout
    assert "nothing was changed" in told.stderr
    gone = json_of(run("access-rule", "delete", *cluster, *RULE, "-ojson"))
    assert gone["items"] == [made]


def test_what_scripts_do_with_scram_users(run: Run, kafka_cluster: KafkaCluster) -> None:
    place = ("cli/user", "--cluster", kafka_cluster.id)
    made = json_of(run("scram-user", "create", *place, "--mechanism", "SCRAM-SHA-256", "-ojson"))
    assert made["password"]
    listed = run("scram-user", "list", *place[1:])
    assert ["cli/user", "User:cli/user", "SCRAM-SHA-256"] in [
        line.split() for line in listed.stdout.splitlines()
    ]
    changed = run(
        "scram-user", "set-password", *place, "--password", "-", "-ojson", given="my own one\n"
    )
    assert json_of(changed)["password"] is None
    assert json_of(run("scram-user", "delete", *place, "-ojson")) == {"deleted": "cli/user"}
    assert run("scram-user", "delete", *place).returncode == 3


def test_what_scripts_do_with_quotas(run: Run, kafka_cluster: KafkaCluster) -> None:
    place = ("--cluster", kafka_cluster.id, "--user", "cli-user", "--default", "client-id")
    made = json_of(run("quota", "set", "producer_byte_rate=1024", *place, "-ojson"))
    assert made["rates"] == {"producer_byte_rate": 1024}
    listed = run("quota", "list", *place)
    assert "user=cli-user client-id=<default>" in listed.stdout
    assert json_of(run("quota", "delete", *place, "-ojson")) == made
    assert run("quota", "delete", *place).returncode == 3


@pytest.mark.parametrize(
    ("app", "command"),
    [
        (access_rules.app, ("delete", "--cluster", "c")),
        (scram_users.app, ("create", "u", "--cluster", "c", "--password", "shown-to-all")),
        (quotas.app, ("set", "producer_byte_rate=1", "--cluster", "c")),
        (quotas.app, ("set", "speed=1", "--cluster", "c", "--user", "u")),
        (quotas.app, ("set", "producer_byte_rate=x", "--cluster", "c", "--user", "u")),
        (quotas.app, ("list", "--cluster", "c", "--default", "topic")),
    ],
)
def test_usage_is_told(app: Typer, command: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, list(command), obj=Shell()).exit_code == 2


def test_programs_are_told_what_is_wrong(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    access = running_service.ready
    with Client(access.api_url, access.api_key) as client, pytest.raises(NotFoundError) as refused:
        client.quotas.delete(kafka_cluster.id, {"user": "nobody"})
    assert refused.value.code == "quota_not_found"
