"""The command line as people and scripts use it, against a running service."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from control_plane.identity.secrets import new_secret
from headrace import Client
from tests.fixtures.identity_provider import IdentityProvider
from tests.fixtures.kafka_access import KafkaCluster
from tests.fixtures.receivers import Receiver
from tests.fixtures.waiting import eventually
from tests.sdk.conftest import SECONDS_MAX, Run, json_of
from tools.paths import venv_tool
from tools.running_service import RunningService

pytestmark = pytest.mark.xdist_group("sdk")


def test_what_scripts_rely_on(run: Run, running_service: RunningService) -> None:
    cluster = json_of(run("cluster", "create", "script", "--plan", "dev", "--wait", "-o", "json"))
    assert cluster["status"] == "running"
    assert cluster["ca_certificate"].startswith("-----BEGIN CERTIFICATE-----")
    assert cluster["endpoints"]["rest"].startswith("https://")
    assert set(cluster["endpoints"]["kafka"]) == {"sasl_ssl", "sasl_plaintext", "ssl", "oauth"}

    key = json_of(run("-o", "json", "api-key", "create", "--cluster", cluster["id"]))
    assert key["id"].startswith("hk_")
    assert key["secret"].startswith("hrs_")
    topic = run("topic", "create", "t", "--cluster", cluster["id"], "--partitions", "3", "-ojson")
    assert json_of(topic)["partitions"] == 3
    grown = run("topic", "update", "t", "--cluster", "script", "--partitions", "5", "-ojson")
    assert json_of(grown)["partitions"] == 5
    change = ("--config", "retention.ms=60000", "--unset", "segment.ms")
    changed = json_of(run("topic", "update", "t", "--cluster", "script", *change, "-ojson"))
    assert changed["configs"]["retention.ms"]["value"] == "60000"
    assert [t["name"] for t in json_of(run("topic", "list", "--cluster", "script", "-ojson"))] == [
        "t"
    ]
    keys = json_of(run("api-key", "list", "-o", "json"))
    assert key["id"] in [one["id"] for one in keys]
    assert all(one["secret"] is None for one in keys)
    assert json_of(run("api-key", "revoke", key["id"], "-ojson"))["revoked_at"] is not None

    organization = json_of(run("organization", "create", "Scripted", "-o", "json"))
    assert organization["id"].startswith("org_")
    listed = {one["id"] for one in json_of(run("organization", "list", "-o", "json"))}
    assert {organization["id"], running_service.ready.organization_id} <= listed
    stranger = {"HEADRACE_API_KEY": organization["api_key"]}
    assert run("cluster", "show", cluster["id"], **stranger).returncode == 3

    assert run("topic", "delete", "t", "--cluster", "script").returncode == 0
    assert json_of(run("cluster", "delete", "script", "-ojson")) == {"deleted": cluster["id"]}
    assert run("cluster", "show", cluster["id"]).returncode == 3


def test_who_operates_the_installation(run: Run, running_service: RunningService) -> None:
    first = running_service.ready.api_key.split("_")[1]
    grants = json_of(run("operator", "list", "-o", "json"))
    assert [one["principal_id"] for one in grants if one["granted_by"] is None] == [f"hk_{first}"]
    apart = {"HEADRACE_API_KEY": running_service.ready.operator_api_key}
    made = json_of(run("operator", "key", "create", "night shift", "-o", "json", **apart))
    night = {"HEADRACE_API_KEY": made["secret"]}
    organization = json_of(run("organization", "create", "Operated", "-ojson", **night))
    assert run("cluster", "list", **night).returncode == 4
    wanted = ("--actor", made["id"], "--action", "installation.organizations.create")
    events = json_of(run("audit", "list", "--installation", *wanted, "-ojson"))
    assert [event["resource_id"] for event in events] == [organization["id"]]
    owner = {"HEADRACE_API_KEY": organization["api_key"]}
    assert run("operator", "list", **owner).returncode == 4
    key_id = organization["api_key_id"]
    assert json_of(run("operator", "grant", key_id, "-ojson"))["principal_id"] == key_id
    assert json_of(run("operator", "revoke", key_id, "-ojson"))["principal_id"] == key_id
    assert run("operator", "revoke", key_id).returncode == 3
    listed = json_of(run("operator", "key", "list", "-ojson", **apart))
    assert made["id"] in [one["id"] for one in listed]
    assert json_of(run("operator", "key", "revoke", made["id"], "-ojson"))["revoked_at"] is not None
    assert run("organization", "list", **night).returncode == 4


def test_the_whole_life_of_a_cluster(run: Run) -> None:
    made = run("cluster", "create", "whole-life", "--label", "team=search", "-ojson")
    cluster = json_of(made)
    assert cluster["labels"] == {"team": "search"}

    def cluster_of(*command: str) -> Any:
        return json_of(run("cluster", *command, "-ojson"))

    assert cluster_of("pause", "whole-life", "--wait")["status"] == "paused"
    assert cluster_of("resume", cluster["id"])["status"] == "running"
    assert cluster_of("restart", "whole-life")["generation"] == 4
    preview = cluster_of("update", "whole-life", "--plan", "pro", "--dry-run")
    assert preview["diff"] == [{"field": "plan", "before": "dev", "after": "pro"}]
    assert preview["price"]["per_day_after"] == "1.440000"
    to_wake = ("update", "whole-life", "--wake-on-connect", "--auto-pause", "30")
    told = {one["field"]: one["after"] for one in cluster_of(*to_wake, "--dry-run")["diff"]}
    assert told == {"wake_on_connect": True, "auto_pause_minutes": 30}
    waking = cluster_of(*to_wake)
    assert (waking["wake_on_connect"], waking["auto_pause_minutes"]) == (True, 30)
    keeping = ("--storage-limit", "1000000", "--retention-ms-max", "60000")
    kept = cluster_of("update", "whole-life", *keeping, "--maintenance-window", "Sunday:3")
    assert (kept["storage_limit_bytes"], kept["retention_ms_max"]) == (1_000_000, 60_000)
    assert kept["maintenance_window"] == {"weekday": "sunday", "hour": 3}
    rotated = cluster_of("rotate", "whole-life")
    assert rotated["generation"] == kept["generation"] + 1
    upgraded = cluster_of("upgrade", "whole-life")
    assert upgraded["generation"] == rotated["generation"], "it runs what is installed"
    assert run("cluster", "update", "whole-life", "--maintenance-window", "3").returncode == 2
    protected = ("--name", "longer-life", "--no-labels", "--deletion-protection")
    updated = cluster_of("update", cluster["id"], *protected)
    assert (updated["name"], updated["labels"]) == ("longer-life", {})
    assert run("cluster", "delete", "--yes", "longer-life").returncode == 5
    cluster_of("update", "longer-life", "--no-deletion-protection")
    assert cluster_of("delete", "--yes", "longer-life") == {"deleted": cluster["id"]}
    deleted = {one["id"]: one["status"] for one in cluster_of("list", "--deleted")}
    assert deleted[cluster["id"]] == "deleted"
    assert cluster_of("undelete", "longer-life", "--name", "third-life")["status"] == "running"
    assert run("cluster", "undelete", "third-life").returncode == 3
    cluster_of("delete", "third-life")
    cluster_of("delete", "third-life", "--purge")
    assert cluster["id"] not in [one["id"] for one in cluster_of("list", "--deleted")]
    assert run("cluster", "update", "third-life").returncode == 2
    assert run("cluster", "create", "x", "--label", "nonsense").returncode == 2


def test_client_certificates_are_checked_and_told_of(run: Run, tmp_path: Path) -> None:
    cluster = json_of(run("cluster", "create", "by-certificate", "-ojson"))
    file = tmp_path / "authorities.pem"
    file.write_text(cluster["ca_certificate"], encoding="utf-8")

    def change(*options: str) -> Any:
        return run("cluster", "client-certificates", "by-certificate", *options, "-ojson")

    rules = ("--mapping-rules", "RULE:^CN=(.*?),.*$/$1/L,DEFAULT")
    given = ("--authorities", str(file), *rules)
    preview = json_of(change(*given, "--dry-run"))
    assert preview["diff"][0]["field"] == "client_certificates"
    assert preview["steps"] == ["start"]
    changed = json_of(change(*given))
    assert changed["endpoints"]["kafka"]["ssl"] is not None
    assert changed["client_certificates"] == {
        "authorities": cluster["ca_certificate"],
        "mapping_rules": rules[1],
        "mode": "required",
    }
    refused = change("--authorities", str(file), "--mapping-rules", "RULE:(?=a)/b/")
    assert refused.returncode == 1
    assert "look-around" in refused.stderr, refused.stderr
    assert change().returncode == 2
    assert change("--mode", "off", *rules).returncode == 2
    assert json_of(change("--mode", "off"))["endpoints"]["kafka"]["ssl"] is None
    json_of(run("cluster", "delete", "--yes", "by-certificate", "--purge", "-ojson"))


def test_an_oauth_issuer_is_checked_and_told_of(
    run: Run, tmp_path: Path, session_identity_provider: IdentityProvider
) -> None:
    json_of(run("cluster", "create", "by-provider", "-ojson"))
    file = tmp_path / "jwks.json"
    file.write_text(json.dumps(session_identity_provider.jwks()), encoding="utf-8")

    def change(*options: str) -> Any:
        return run("cluster", "oauth-issuer", "by-provider", *options, "-ojson")

    named = ("--issuer", session_identity_provider.url, "--audience", "kafka")
    given = (*named, "--jwks-file", str(file), "--algorithm", "ES256", "--principal-claim", "azp")
    assert json_of(change(*given, "--dry-run"))["steps"] == ["start"]
    changed = json_of(change(*given))
    assert changed["endpoints"]["kafka"]["oauth"] is not None
    told = changed["oauth_issuer"]
    assert (told["algorithms"], told["principal_claim"]) == (["ES256"], "azp")
    assert told["key_ids"] == [session_identity_provider.jwks()["keys"][-1]["kid"]]
    by_url = (*named, "--jwks-url", session_identity_provider.jwks_url)
    refused = change(*by_url, "--algorithm", "none")
    assert refused.returncode == 1
    for nonsense in ((), named, ("--off", *named), (*given, "--jwks-url", "https://x")):
        assert change(*nonsense).returncode == 2
    assert json_of(change("--off"))["endpoints"]["kafka"]["oauth"] is None
    json_of(run("cluster", "delete", "--yes", "by-provider", "--purge", "-ojson"))


def test_a_fork_of_a_cluster(run: Run) -> None:
    source = json_of(run("cluster", "create", "fork-source", "-ojson"))
    assert run("topic", "create", "t", "--cluster", "fork-source").returncode == 0
    preview = json_of(
        run("cluster", "fork", "fork-source", "--name", "fork-copy", "--dry-run", "-ojson")
    )
    assert (preview["source_id"], preview["steps"]) == (source["id"], ["fork", "start"])
    cut = ("--offset", "t:0:0")
    command = ("cluster", "fork", "fork-source", "--name", "fork-copy", *cut, "--wait", "-ojson")
    made = json_of(run(*command))
    assert (made["status"], made["source_id"]) == ("running", source["id"])
    topics = json_of(run("topic", "list", "--cluster", "fork-copy", "-ojson"))
    assert [topic["name"] for topic in topics] == ["t"]
    assert run(*command).returncode == 5
    moment = ("--at", "2026-11-30T12:00:00Z")
    for nonsense in ((*moment, *cut), ("--at", "noon"), ("--at", "2026-11-30"), ("--offset", "t")):
        assert run("cluster", "fork", "fork-source", "--name", "x", *nonsense).returncode == 2
    for name in ("fork-copy", "fork-source"):
        assert run("cluster", "delete", name, "--purge").returncode == 0


def test_exit_codes_tell_what_went_wrong(run: Run, kafka_cluster: KafkaCluster) -> None:
    cases = {
        ("cluster", "show", "lkc_none"): 3,
        ("topic", "show", "none", "--cluster", kafka_cluster.id): 3,
        ("cluster", "create", "clients"): 5,
        ("cluster", "create"): 2,
        ("no-such-command",): 2,
        ("topic", "create", "x", "--cluster", kafka_cluster.id, "--config", "nonsense"): 2,
        ("topic", "create", "not valid", "--cluster", kafka_cluster.id): 1,
        ("topic", "update", "none", "--cluster", kafka_cluster.id, "--partitions", "2"): 3,
        ("topic", "update", "none", "--cluster", kafka_cluster.id): 2,
        ("produce", "none", "--cluster", kafka_cluster.id, "/no/such/file"): 2,
    }
    found = {arguments: run(*arguments).returncode for arguments in cases}
    assert found == cases
    assert run("whoami", HEADRACE_API_KEY="wrong").returncode == 4
    assert run("whoami", HEADRACE_URL="http://127.0.0.1:1").returncode == 1
    assert run("whoami", HEADRACE_URL="").returncode == 2


def test_an_error_shows_the_services_code_and_advice(run: Run) -> None:
    text = run("whoami", HEADRACE_API_KEY="wrong")
    assert text.stdout == ""
    assert "credentials_invalid" in text.stderr
    assert "Authorization: Bearer" in text.stderr

    found = json.loads(run("-o", "json", "whoami", HEADRACE_API_KEY="wrong").stderr)
    assert (found["error"]["code"], found["error"]["status"]) == ("credentials_invalid", 401)


def test_an_api_key_can_be_made_of_a_secret_from_standard_input(run: Run) -> None:
    key_id, secret = new_secret()
    create = ("-o", "json", "api-key", "create", "--secret")
    made = run(*create, "-", given=f"{secret}\n")
    assert (json_of(made)["id"], json_of(made)["secret"]) == (key_id, None)
    assert secret not in made.stdout + made.stderr
    assert json_of(run("-o", "json", "whoami", HEADRACE_API_KEY=secret))["id"] == key_id

    used = run(*create, "-", given=secret)
    assert json.loads(used.stderr)["error"]["code"] == "api_key_secret_used"
    for given, option in (("", "-"), ("  \n", "-"), ("a" * 10_000, "-"), ("", new_secret()[1])):
        refused = run(*create, option, given=given)
        assert refused.returncode == 2
        assert "standard input" in refused.stderr


def test_an_api_key_can_be_given_an_end(run: Run) -> None:
    made = json_of(run("-o", "json", "api-key", "create", "--expires-at", "2100-01-31T12:00:00Z"))
    assert made["expires_at"] == "2100-01-31T12:00:00Z"
    for wrong in ("tomorrow", "2100-01-31T12:00:00"):
        assert run("api-key", "create", "--expires-at", wrong).returncode == 2
    assert run("api-key", "create", "--expires-at", "2001-01-31T12:00:00Z").returncode == 1


def test_an_error_of_the_command_line_has_a_stable_code_too(run: Run) -> None:
    unreachable = run("-o", "json", "whoami", HEADRACE_URL="http://127.0.0.1:1")
    assert json.loads(unreachable.stderr)["error"]["code"] == "connection_failed"

    no_url = run("-o", "json", "whoami", HEADRACE_URL="nonsense")
    assert no_url.returncode == 2
    assert json.loads(no_url.stderr)["error"]["code"] == "configuration_invalid"


@pytest.mark.parametrize("output", [("cluster", "list"), ("-o", "json", "version")])
def test_an_output_that_takes_nothing_is_told_from_one_that_is_gone(
    environment: dict[str, str], output: tuple[str, ...]
) -> None:
    command = [venv_tool("headrace"), *output]
    with Path("/dev/full").open("wb") as full:
        refused = subprocess.run(
            command, env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "No space left" in refused.stderr

    reader, writer = os.pipe()
    os.close(reader)
    try:
        gone = subprocess.run(
            command, env=environment, stdout=writer, stderr=subprocess.PIPE, text=True, check=False
        )
    finally:
        os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, "")


def test_tables_are_whole_in_a_pipe_and_quiet_prints_ids(
    run: Run, kafka_cluster: KafkaCluster
) -> None:
    table = run("cluster", "list").stdout
    assert kafka_cluster.id in table
    assert kafka_cluster.endpoints["SASL_SSL"] in table
    assert kafka_cluster.id in run("-q", "cluster", "list").stdout.splitlines()


def test_login_checks_the_key_and_keeps_it_private(
    run: Run, running_service: RunningService, environment: dict[str, str]
) -> None:
    ready = running_service.ready
    url = ("--url", ready.api_url_tls, "--ca-file", str(ready.ca_file))
    assert run("login", *url, "--api-key", "wrong").returncode == 4
    profiles = Path(environment["HEADRACE_CONFIG_DIR"]) / "profiles.toml"
    assert not profiles.exists()

    assert run("login", *url).returncode == 0
    assert stat.S_IMODE(profiles.stat().st_mode) == 0o600
    for name in ("HEADRACE_URL", "HEADRACE_API_KEY"):
        del environment[name]
    assert json_of(run("whoami", "-o", "json"))["organization_id"] == ready.organization_id


def test_lines_go_in_and_come_out(run: Run, kafka_cluster: KafkaCluster, tmp_path: Path) -> None:
    topic = kafka_cluster.topic("lines", 1)
    text = "".join(f"line {number} ä\n" for number in range(5_000)) + "\nlast\n"
    file = tmp_path / "lines.txt"
    file.write_text(text)
    cluster = ("--cluster", kafka_cluster.id)

    sent = json_of(run("produce", topic, *cluster, str(file), "-o", "json"))
    assert sent == {"topic": topic, "delivered": 5_002, "failed": 0}
    assert run("consume", topic, *cluster).stdout == text
    assert run("consume", topic, *cluster, "--from", "5001").stdout == "last\n"
    assert run("consume", topic, *cluster, "--max", "2").stdout == "line 0 ä\nline 1 ä\n"
    assert run("consume", topic, *cluster, "--from", "latest").stdout == ""
    assert run("produce", topic, *cluster, given="from a pipe\n").returncode == 0
    assert run("consume", topic, *cluster, "--from", "5002").stdout == "from a pipe\n"


def test_reading_begins_at_a_time(run: Run, kafka_cluster: KafkaCluster) -> None:
    topic = kafka_cluster.topic("since", 2)
    cluster = ("--cluster", kafka_cluster.id)
    now = datetime.now(UTC).replace(microsecond=0)
    ages = {"first": timedelta(days=3), "next": timedelta(days=2), "last": timedelta(hours=1)}
    lines = [
        {"value": name, "partition": partition, "timestamp": int((now - age).timestamp()) * 1000}
        for partition in range(2)
        for name, age in ages.items()
    ]
    given = "".join(f"{json.dumps(line)}\n" for line in lines)
    assert run("produce", topic, *cluster, "--format", "ndjson", given=given).returncode == 0

    def read(start: str) -> list[str]:
        done = run("consume", topic, *cluster, "--from", start)
        assert done.returncode == 0, done.stderr
        return sorted(done.stdout.split())

    assert read("30m") == []
    assert read("2h") == ["last", "last"]
    assert read("60h") == ["last", "last", "next", "next"]
    assert read((now - timedelta(days=2)).isoformat()) == ["last", "last", "next", "next"]
    assert read("2026-01-01") == sorted(2 * [*ages])
    assert run("consume", topic, *cluster, "--from", "soon").returncode == 2
    tomorrow = (now + timedelta(days=1)).isoformat()
    refused = run("consume", topic, *cluster, "--from", tomorrow)
    assert refused.returncode == 1
    assert "read_since_future" in refused.stderr


def test_ndjson_is_a_round_trip_between_topics(run: Run, kafka_cluster: KafkaCluster) -> None:
    source, target = kafka_cluster.topic("ndjson", 3), kafka_cluster.topic("ndjson", 3)
    producer = Producer(kafka_cluster.access().librdkafka())
    # Of today: retention goes by what records say, and takes old ones at its next look.
    first_ms = int(datetime.now(UTC).timestamp() * 1000) - 60_000
    for number in range(50):
        producer.produce(
            source,
            None if number % 7 == 0 else bytes([number, 255]),
            f"k{number}",
            number % 3,
            headers=[("h", b"\xff"), ("n", None)],
            timestamp=first_ms + number,
        )
    assert producer.flush(SECONDS_MAX) == 0
    cluster = ("--cluster", kafka_cluster.id)

    copied = run("consume", source, *cluster, "-o", "json").stdout
    given = run("produce", target, *cluster, "--format", "ndjson", given=copied)
    assert given.returncode == 0, given.stderr
    again = run("consume", target, *cluster, "-o", "json").stdout

    def contents(lines: str) -> list[Any]:
        found = [json.loads(line) for line in lines.splitlines()]
        return sorted(
            ({k: v for k, v in one.items() if k != "topic"} for one in found),
            key=lambda one: (one["partition"], one["offset"]),
        )

    assert contents(again) == contents(copied)
    assert len(contents(copied)) == 50


def test_bad_lines_are_named_and_the_others_written(run: Run, kafka_cluster: KafkaCluster) -> None:
    topic = kafka_cluster.topic("bad-lines", 1)
    given = '{"value": "one"}\nnot json\n{"value": "x", "partition": 9}\n{"value": "two"}\n'
    cluster = ("--cluster", kafka_cluster.id)

    done = run("produce", topic, *cluster, "--format", "ndjson", "-o", "json", given=given)

    assert done.returncode == 1
    assert json.loads(done.stdout) == {"topic": topic, "delivered": 2, "failed": 2}
    assert "line 2:" in done.stderr
    assert "line 3:" in done.stderr
    assert run("consume", topic, *cluster).stdout == "one\ntwo\n"


def test_an_error_ends_the_command_though_its_input_goes_on(
    kafka_cluster: KafkaCluster, environment: dict[str, str]
) -> None:
    command = [str(venv_tool("headrace")), "produce", "none", "--cluster", kafka_cluster.id]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as producing:
        assert producing.stdin is not None
        assert producing.stderr is not None
        producing.stdin.write("a line\n")
        producing.stdin.flush()
        assert producing.wait(SECONDS_MAX) == 3
        assert "topic_not_found" in producing.stderr.read()


def test_following_shows_what_comes_and_ends_with_an_interrupt(
    run: Run, kafka_cluster: KafkaCluster, environment: dict[str, str]
) -> None:
    topic = kafka_cluster.topic("follow", 3)
    cluster = ("--cluster", kafka_cluster.id)
    command = [str(venv_tool("headrace")), "consume", topic, *cluster, "--follow"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as following:
        assert following.stdout is not None
        for number in range(3):
            assert run("produce", topic, *cluster, given=f"{number}\n").returncode == 0
            assert following.stdout.readline() == f"{number}\n"
        following.send_signal(signal.SIGINT)
        assert following.wait(SECONDS_MAX) == 130


def test_a_reader_that_leaves_ends_the_command_quietly(
    run: Run, kafka_cluster: KafkaCluster, environment: dict[str, str]
) -> None:
    topic = kafka_cluster.topic("leaves", 1)
    given = "a long line to fill the pipe with\n" * 20_000
    assert run("produce", topic, "--cluster", kafka_cluster.id, given=given).returncode == 0
    command = [str(venv_tool("headrace")), "consume", topic, "--cluster", kafka_cluster.id]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        reading.stdout.readline()
        reading.stdout.close()
        assert reading.stderr.read() == b""
        assert reading.wait(SECONDS_MAX) == 141


def test_kafka_settings_of_the_sdk_connect(
    running_service: RunningService, kafka_cluster: KafkaCluster
) -> None:
    topic = kafka_cluster.topic("sdk", 1)
    ready = running_service.ready
    with Client(ready.api_url_tls, ready.api_key, ca_file=ready.ca_file) as client:
        producer = Producer(client.clusters.kafka_config(kafka_cluster.id))
        producer.produce(topic, b"by Kafka")
        assert producer.flush(SECONDS_MAX) == 0
        page = client.records.read(kafka_cluster.id, topic, 0, wait_ms=10_000)

    assert [record.value_bytes for record in page.records] == [b"by Kafka"]


def test_webhooks(run: Run, receiver: Receiver) -> None:
    made = run("webhook", "create", receiver.url, "--event", "api_key.created", "-ojson")
    webhook = json_of(made)
    assert webhook["secret"].startswith("whsec_")
    sent = json_of(run("webhook", "test", webhook["id"], "-ojson"))
    assert (sent["status"], sent["response_status"]) == ("delivered", 204)
    run("api-key", "create")
    eventually(lambda: len(receiver.received) == 2)
    listed = json_of(run("webhook", "deliveries", webhook["id"], "-ojson"))
    assert [one["event_type"] for one in listed] == ["api_key.created", "webhook.test"]
    again = json_of(run("webhook", "replay", webhook["id"], listed[0]["id"], "-ojson"))
    assert again["event_id"] == listed[0]["event_id"]
    eventually(lambda: len(receiver.received) == 3)
    assert receiver.received[1].headers["webhook-id"] == receiver.received[2].headers["webhook-id"]
    receiver.statuses = [500]
    assert run("webhook", "test", webhook["id"]).returncode == 1
    assert json_of(run("webhook", "disable", webhook["id"], "-ojson"))["enabled"] is False
    assert json_of(run("webhook", "enable", webhook["id"], "-ojson"))["enabled"] is True
    rotated = json_of(run("webhook", "rotate-secret", webhook["id"], "-ojson"))
    assert rotated["secret"] != webhook["secret"]
    since = ("--failed-since", "2020-01-01T00:00:00Z")
    assert json_of(run("webhook", "replay", webhook["id"], *since, "-ojson")) == {"replayed": 1}
    assert [one["id"] for one in json_of(run("webhook", "list", "-ojson"))] == [webhook["id"]]
    assert run("webhook", "delete", webhook["id"]).returncode == 0
    assert run("webhook", "test", webhook["id"]).returncode == 3
