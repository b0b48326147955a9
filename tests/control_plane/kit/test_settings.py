from pathlib import Path

import pytest
from pydantic import ValidationError

from control_plane.kit.settings import Environment, Settings
from control_plane.kit.token_buckets import Rate


class TestSettings:
    def test_the_embedded_service_needs_nothing_set(self, tmp_path: Path) -> None:
        settings = Settings(data_dir=tmp_path)
        assert settings.resolved_database_url == f"sqlite:///{tmp_path}/headrace.db"
        assert settings.resolved_master_key_file == tmp_path / "secrets" / "master.key"
        assert settings.host == "127.0.0.1"

    @pytest.mark.parametrize("missing", ["database_url", "master_key_file"])
    def test_production_refuses_to_run_without_its_secrets(
        self, tmp_path: Path, missing: str
    ) -> None:
        given = {"database_url": "postgresql://db/headrace", "master_key_file": tmp_path / "key"}
        del given[missing]
        with pytest.raises(ValidationError, match=f"HEADRACE_{missing.upper()} must be set"):
            Settings.model_validate({"environment": Environment.PRODUCTION, **given})

    def test_the_environment_is_read_and_arguments_win(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HEADRACE_PORT", "9999")
        monkeypatch.setenv("HEADRACE_ALLOWED_HOSTS", "kafka.example, localhost")
        monkeypatch.setenv("HEADRACE_API_KEY", "of the command line, not of the server")
        assert Settings().port == 9999
        assert Settings().allowed_hosts == ("kafka.example", "localhost")
        assert Settings(port=1).port == 1

    def test_apache_kafka_is_found_where_its_own_users_set_it(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        assert Settings(kafka_home=tmp_path).kafka_home == tmp_path
        monkeypatch.setenv("KAFKA_HOME", "/opt/kafka")
        assert Settings().kafka_home == Path("/opt/kafka")
        monkeypatch.setenv("HEADRACE_KAFKA_HOME", "/opt/another")
        assert Settings().kafka_home == Path("/opt/another")

    @pytest.mark.parametrize("port", [-1, 65536])
    def test_ports_are_bounded(self, port: int) -> None:
        with pytest.raises(ValidationError):
            Settings(port=port)

    @pytest.mark.parametrize("seconds", [0, 7, 61, 7200])
    def test_usage_windows_divide_the_hour(self, seconds: int) -> None:
        with pytest.raises(ValidationError):
            Settings(usage_window_seconds=seconds)


class TestRates:
    def test_operators_set_them_as_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEADRACE_RATE_READS", "5:20")
        assert Settings().rate("reads") == Rate(5, 20)

    def test_text_that_is_no_rate_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="PER_SECOND:BURST"):
            Settings.model_validate({"rate_reads": "fast"})

    def test_production_has_narrower_ones_than_one_machine(self, tmp_path: Path) -> None:
        production = Settings(
            environment=Environment.PRODUCTION,
            database_url="postgresql://db/headrace",
            master_key_file=tmp_path / "key",
        )
        for allowance in ("address", "anonymous", "reads", "writes", "records"):
            assert production.rate(allowance).burst < Settings().rate(allowance).burst
