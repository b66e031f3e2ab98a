import argparse
from pathlib import Path

import pytest

from vigie import settings
from vigie.errors import SettingsError
from vigie.settings import AgentSettings, CollectorSettings, DashboardSettings

DAY = 86_400


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "vigie.toml"
    path.write_text(
        '[collector]\nlisten = "127.0.0.1:1"\n\n[collector.store]\nflush = "30s"\n'
        'retention = { raw = "10d" }\n'
    )
    return path


def test_defaults_hold_when_nothing_is_said() -> None:
    collector = settings.load(CollectorSettings)
    assert collector.listen == "127.0.0.1:8051"
    assert collector.store.retention.raw == 30 * DAY
    assert collector.store.late_limit == 7 * DAY


def test_flag_beats_environment_beats_file_beats_default(file: Path) -> None:
    env = {"VIGIE_COLLECTOR_LISTEN": "127.0.0.1:2", "VIGIE_COLLECTOR_STORE_SYNC": "50ms"}
    loaded = settings.load(CollectorSettings, file=file, env=env, flags={"listen": "127.0.0.1:3"})
    assert loaded.listen == "127.0.0.1:3"
    assert loaded.store.sync == 0.05
    assert loaded.store.flush == 30
    assert loaded.store.retention.raw == 10 * DAY
    assert loaded.store.retention.minute == 400 * DAY


def test_every_fault_is_told_with_its_place_and_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text('[colector]\n[collector]\nretenton = 1\n\nlisten = "here"\n')
    env = {"VIGIE_COLLECTOR_STORE_FLUSH": "soon", "VIGIE_COLECTOR_LISTEN": "x:1"}
    with pytest.raises(SettingsError) as error:
        settings.load(CollectorSettings, file=path, env=env, flags={"store.sync": "x"})
    told = str(error.value).splitlines()
    assert f"{path}:1: colector: no such setting; did you mean collector?" in told
    assert f"{path}:3: collector.retenton: no such setting; " in str(error.value)
    assert any(line.startswith(f"{path}:5: collector.listen: host:port is wanted") for line in told)
    assert any(
        line.startswith("VIGIE_COLLECTOR_STORE_FLUSH: collector.store.flush:") for line in told
    )
    assert any(line.startswith("--store-sync: collector.store.sync:") for line in told)
    assert (
        "environment: VIGIE_COLECTOR_LISTEN: no such setting; did you mean VIGIE_COLLECTOR_LISTEN?"
        in told
    )


def test_other_programs_settings_in_the_environment_are_known() -> None:
    env = {"VIGIE_AGENT_HOST": "a", "VIGIE_TOKEN": "t", "HOME": "/"}
    assert settings.load(CollectorSettings, env=env) == CollectorSettings()


def test_rows_may_not_be_admitted_after_their_raw_hour_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text('[collector.store]\nsync = "20ms"\nlate_limit = "31d"\n')
    with pytest.raises(SettingsError, match=r"vigie.toml:3: collector.store.late_limit: is longer"):
        settings.load(CollectorSettings, file=path)


@pytest.mark.parametrize(
    ("told", "wrong"),
    [("k = 15\nn = 14", "k: 15-of-14 is no erasure code"),
     ("pattern = '(?P<object>'", "pattern: is no regular expression: missing"),
     ("pattern = '(?P<object>.*)'", r"pattern: must have the groups \(\?P<object>...\) and")],
)  # fmt: skip
def test_a_store_of_fragments_that_no_file_could_belong_to_is_refused(
    tmp_path: Path, told: str, wrong: str
) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text(f'[[agent.fragments]]\nname = "store"\n{told}\n')
    with pytest.raises(SettingsError, match=wrong):
        settings.load(AgentSettings, file=path)


def test_a_role_that_is_none_would_leave_a_meter_out_of_every_sum(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text('[agent.roles]\n"ups:room" = "usp"\n')
    with pytest.raises(SettingsError, match=r"agent.roles: 'usp' is no role; did you mean ups"):
        settings.load(AgentSettings, file=path)
    path.write_text('[agent.roles]\n"rapl:psys" = "it"\n')
    assert settings.load(AgentSettings, file=path).roles == {"rapl:psys": "it"}


def test_a_store_that_is_no_table_is_a_fault_even_when_a_flag_goes_below(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text("[collector]\nstore = 5\n")
    with pytest.raises(SettingsError, match=r"vigie.toml:2: collector.store: a table is wanted"):
        settings.load(CollectorSettings, file=path, flags={"store.sync": "1s"})


def test_an_upstream_is_a_table_or_just_its_url(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text(
        '[agent]\nupstreams = ["http://a:1", {url = "http://b:2", credential = "/k"}]\n'
        'periods = {host = "2s"}\noff = ["gpu"]\n'
    )
    agent = settings.load(AgentSettings, file=path, env={"VIGIE_AGENT_OFF": "disk_io, host"})
    assert [u.url for u in agent.upstreams] == ["http://a:1", "http://b:2"]
    assert agent.upstreams[1].credential == Path("/k")
    assert agent.periods == {"host": 2.0}
    assert agent.off == ("disk_io", "host")


def test_periods_and_upstreams_can_be_said_in_the_environment() -> None:
    env = {
        "VIGIE_AGENT_PERIODS": "host=5s,gpu=1m",
        "VIGIE_AGENT_UPSTREAMS": "http://a:1,http://b:2",
    }
    agent = settings.load(AgentSettings, env=env)
    assert agent.periods == {"host": 5.0, "gpu": 60.0}
    assert [upstream.url for upstream in agent.upstreams] == ["http://a:1", "http://b:2"]


def test_a_language_is_one_of_two() -> None:
    with pytest.raises(SettingsError, match="'de' is not one of the words; known are: en, fr"):
        settings.load(DashboardSettings, flags={"language": "de"})


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    settings.add_flags(parser, CollectorSettings)
    return parser.parse_args(words)


def test_flags_carry_into_settings(file: Path) -> None:
    given = arguments("--config", str(file), "--store-retention-raw", "20d")
    loaded = settings.from_arguments(CollectorSettings, given, {})
    assert loaded.store.retention.raw == 20 * DAY
    assert loaded.listen == "127.0.0.1:1"


def test_described_settings_say_where_each_came_from_and_can_be_read_back(
    file: Path, tmp_path: Path
) -> None:
    given = arguments("--config", str(file), "--store-sync", "40ms")
    text = settings.describe(CollectorSettings, given, {"VIGIE_COLLECTOR_STORE_FLUSH": "2m"})
    assert 'sync = "40ms"  # --store-sync' in text
    assert 'flush = "2m"  # VIGIE_COLLECTOR_STORE_FLUSH' in text
    assert f'raw = "10d"  # {file}:6' in text
    assert 'hour = "3653d"  # default' in text
    assert "# network = none  # default" in text
    again = tmp_path / "again.toml"
    again.write_text(text)
    assert settings.load(CollectorSettings, file=again).store.sync == 0.04


def test_a_password_in_a_url_is_masked() -> None:
    assert settings.spelled("https://me:secret@there/x") == '"https://me:***@there/x"'


def test_there_are_less_than_sixty_settings() -> None:
    assert sum(len(list(settings.leaves(kind))) for kind in settings.PROGRAMS) < 60


def refused(text: str, path: Path) -> str:
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        settings.load(CollectorSettings, file=path)
    return str(error.value)


def test_a_measurement_may_keep_its_rows_for_a_time_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text(
        '[collector.store]\nlate_limit = "3d"\n'
        '[collector.store.retention.measurements]\nhost = "3d"\n'
        '[collector.store.retention.measurements.gpu]\nraw = "7d"\nminute = "90d"\n'
    )
    kept = settings.load(CollectorSettings, file=path).store.retention
    assert [kept.of("gpu", tier) for tier in ("raw", "minute", "hour")] == [
        7 * DAY, 90 * DAY, 3653 * DAY,
    ]  # fmt: skip
    assert kept.of("host", "raw") == 3 * DAY
    assert kept.of("power", "raw") == kept.of(None, "raw") == kept.longest_raw == 30 * DAY
    assert kept.shortest_raw == ("measurements.host.raw", 3 * DAY)


def test_the_late_limit_fits_into_what_every_measurement_keeps_raw(tmp_path: Path) -> None:
    text = '[collector.store]\nlate_limit = "7d"\n[collector.store.retention.measurements.gpu]\n'
    told = refused(text + 'raw = "6d"\n', tmp_path / "vigie.toml")
    assert "vigie.toml:2: collector.store.late_limit: is longer than" in told
    assert "retention.measurements.gpu.raw, 6d: a late row's" in told


def test_retention_of_an_unknown_measurement_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    text = '[collector.store.retention.measurements]\ngpuu = "10d"\n'
    told = refused(text, tmp_path / "vigie.toml")
    assert "vigie.toml:2: collector.store.retention.measurements.gpuu: " in told
    assert "did you mean gpu?" in told


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ('[collector.store.retention]\nminute = "10d"\n', "retention.minute: minute rows"),
        ('[collector.store.retention]\nhour = "399d"\n', "retention.hour: hour rows"),
        (
            '[collector.store.retention.measurements.gpu]\nraw = "500d"\n',
            "retention.measurements.gpu.raw: minute rows",
        ),
        (
            '[collector.store.retention.measurements.gpu]\nminute = "8d"\n',
            "retention.measurements.gpu.minute: minute rows",
        ),
    ],
)
def test_a_coarser_tier_is_kept_at_least_as_long_as_a_finer_one(
    text: str, blamed: str, tmp_path: Path
) -> None:
    assert blamed in refused(text, tmp_path / "vigie.toml")


def test_retention_by_measurement_is_printed_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "vigie.toml"
    path.write_text('[collector.store.retention.measurements.gpu]\nraw = "10d"\n')
    printed = settings.describe(CollectorSettings, arguments("--config", str(path)), {})
    assert 'measurements = { gpu = { raw = "10d" } }' in printed
