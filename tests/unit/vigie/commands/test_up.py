import argparse
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build.answers import answering
from vigie.__main__ import main
from vigie.commands import up
from vigie.commands.children import Child
from vigie.errors import SettingsError, VigieError
from vigie.network.load import reference
from vigie.settings import TwinSettings


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def busy() -> Iterator[int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def plan(*words: str) -> up.Plan:
    parser = argparse.ArgumentParser()
    up.add(parser)
    return up._plan(parser.parse_args(words))


def test_without_options_everything_is_in_this_folder_and_on_loopback(tmp_path: Path) -> None:
    made = plan()
    assert made.data == tmp_path / ".vigie"
    assert made.dashboard.listen == "127.0.0.1:8050"
    assert made.api == "http://127.0.0.1:8051"
    assert made.agent.metrics_listen == "127.0.0.1:8053"


def test_options_reach_the_programs_over_their_settings(tmp_path: Path) -> None:
    (tmp_path / "vigie.toml").write_text(
        '[collector]\nlisten = "127.0.0.1:7000"\n[dashboard]\nlisten = "127.0.0.1:7001"\n'
    )
    made = plan("--data", "there", "--host", "0.0.0.0", "--port", "9000")
    assert made.data == tmp_path / "there"
    assert made.collector.listen == "0.0.0.0:7000"
    assert made.dashboard.listen == "0.0.0.0:9000"
    assert made.api == "http://127.0.0.1:7000"
    assert up._collector(made)[3:] == [
        "collector", "run", "--data", str(tmp_path / "there"), "--config", "vigie.toml",
        "--listen", "0.0.0.0:7000",
    ]  # fmt: skip


def test_what_this_release_has_not_is_refused_in_words() -> None:
    with pytest.raises(SettingsError, match="--public-port: this release has no"):
        plan("--public-port", "8052")


def test_the_twin_plays_faults_and_a_past_unless_told_otherwise(tmp_path: Path) -> None:
    made = plan("--twin")
    assert up._collector(made)[-2:] == ["--twin", "true"]
    assert up._twin(made)[3:] == [
        "twin", "run", "--data", str(tmp_path / ".vigie"), "--upstream", "http://127.0.0.1:8051",
        "--scenario", "demo", "--history", "26h",
    ]  # fmt: skip
    (tmp_path / "vigie.toml").write_text('[twin]\nscenario = "calm"\nhistory = "2h"\n')
    assert up._twin(plan("--twin"))[-4:] == ["--scenario", "calm", "--history", "2h"]


def test_without_the_twin_nothing_of_it_is_watched_or_said() -> None:
    made = plan()
    assert made.twin is None
    assert "--twin" not in up._collector(made)


def test_people_are_told_what_is_simulated_and_at_which_scale() -> None:
    said = up._simulated(TwinSettings(scenario="demo", history=26 * 3600.0), reference())
    assert "campus at 1:100" in said
    assert "seed 1, scenario demo" in said
    assert "last 26 hours" in said
    assert "all of them whole" in up._simulated(TwinSettings(full=True), reference())


def test_this_machine_is_part_of_its_own_network_and_not_of_the_played_one() -> None:
    made = plan("--twin")
    assert [c.path for c in up._network(made).containers] == ["local/this"]


def test_a_wrong_network_is_told_before_anything_starts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "n.toml").write_text("[[containers]]\nid = 'c'\n")
    assert main(["up", "--network", "n.toml"]) == 2
    assert "n.toml:1: containers[1]: name is missing" in capsys.readouterr().err
    assert not (tmp_path / ".vigie").exists()


@pytest.mark.parametrize("flag", ["--port", "--api-port", "--metrics-port"])
def test_a_port_that_is_taken_is_named_with_its_flag(flag: str, busy: int) -> None:
    others = {"--port": "0", "--api-port": "0", "--metrics-port": "0", flag: str(busy)}
    words = [word for pair in others.items() for word in pair]
    with pytest.raises(VigieError, match=f"port {busy} of 127.0.0.1 is not free.*{flag}$"):
        up._check_ports(plan(*words))


def test_one_data_directory_is_for_one_up(tmp_path: Path) -> None:
    held = up._lock(tmp_path)
    with pytest.raises(VigieError, match=r"another `vigie up` \(process \d+\) uses .*--data"):
        up._lock(tmp_path)
    held.close()
    up._lock(tmp_path).close()


def test_a_program_that_ends_at_once_is_not_waited_for() -> None:
    child = Child("collector", lambda: ["false"])
    child.start(0)
    assert child.process
    child.process.wait()
    with pytest.raises(VigieError, match=r"collector did not start \(exit 1\)"):
        up._answers(child, "http://127.0.0.1:9/readyz", threading.Event())


def test_a_program_is_ready_when_it_answers_200() -> None:
    child = Child("collector", lambda: ["sleep", "60"])
    child.start(0)
    try:
        with answering() as collector:
            collector.then(503).then(200)
            assert up._answers(child, f"{collector.url}/readyz", threading.Event())
            assert [one.path for one in collector.asked] == ["/readyz", "/readyz"]
    finally:
        child.stop(patience=1)


def test_being_told_to_end_ends_the_wait() -> None:
    over = threading.Event()
    over.set()
    assert not up._answers(Child("agent", lambda: ["true"]), "http://127.0.0.1:9/", over)
