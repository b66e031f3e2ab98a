"""What the figures of a run add up to, and how a reader is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.peers import page, plot, report
from bench.peers.asking import Timed
from bench.peers.cell import Phase, Result, phase
from bench.peers.durability import Durability
from bench.peers.record import Record
from bench.peers.sender import Outcome
from bench.peers.server import Usage


def result(system: str, *, rate: float = 1.0, cpu: float = 1.0, each: int = 1) -> Result:
    steady = Phase(
        values=1_000_000, seconds=1 / rate, cpu=cpu, sender=0.1, foreign=0.0, refused=0,
        p50=0.001, p99=0.01,
    )  # fmt: skip
    form = "frames" if system == "vigie" else "lines"
    return Result(
        system, form, each, containers=10, ticks=12, values=1_200_000, connections=4, wire=5.0,
        first=steady, steady=steady, cpu_per_million=cpu, steady_per_million=cpu,
        peak_bytes=100, bytes_per_value=2.0 * cpu, without_index=1.5 * cpu,
        questions={"a": Timed(10 * cpu, 20.0, "")}, rolled={"a": Timed(5 * cpu, 9.0, "")},
    )  # fmt: skip


def record(*results: Result, **others: object) -> Record:
    made = Record("2026-11-22T00:00:00Z", {"cores": "2"}, {}, results=list(results))
    return replace(made, **others)  # type: ignore[arg-type]


def test_ratios_say_how_many_times_better_we_are() -> None:
    grid = report.grids(record(result("vigie", rate=8, cpu=0.5), result("victoria", rate=2)))[1]
    assert grid.head[:3] == ("against", "rate", "CPU all in")
    row = grid.rows[0]
    assert row[0] == "VictoriaMetrics, 1 a request"
    assert row[1:5] == ["4.0×", "2.0×", "1.0×", "2.0×"]
    assert row[6] == "2.0× (2.0×)", "as sent, and with rollups on both sides"


def test_a_peer_is_compared_by_the_faster_of_its_formats() -> None:
    slow, fast = result("victoria", rate=1), replace(result("victoria", rate=4), form="remote")
    assert report.best([slow, fast], "victoria", 1) is fast
    assert report.best([slow, fast], "victoria", 10) is None


def test_an_unknown_figure_is_a_dash_and_no_zero() -> None:
    assert report.ratio(1.0, None) is None
    assert report.ratio(1.0, 0.0) is None
    assert report.times(None) == "–"
    assert report.times(0.034) == "0.03×", "what is worse than a peer is no nought"
    lost = Durability("victoria", "lines", 1000, None, None, 10, None, "")
    assert report.kept("", [lost]).rows == [["VictoriaMetrics", "–", "–", "10", "no strace"]]


def test_what_survives_is_a_share_of_what_was_acknowledged() -> None:
    half = Durability("victoria", "lines", 1000, 500, 2.0, 10, 7)
    assert report.kept("", [half]).rows == [["VictoriaMetrics", "50.0 %", "2.0", "10", "7"]]


def test_foreign_load_is_what_neither_used_and_is_marked() -> None:
    outcome = Outcome(seconds=2.0, cpu_seconds=0.5, acknowledged=1, refused=0, latencies=[0.1])
    made = phase(10, outcome, Usage(server=1.5, machine=4.0, at=2.0))
    assert made.foreign == pytest.approx(1.0)
    noisy = replace(result("vigie"), steady=made)
    assert report.ingest("", [noisy]).rows[0][1].endswith("*")


def test_what_could_not_be_measured_says_why() -> None:
    broken = replace(result("victoria"), steady=None, fault="it did not start")
    told = record(result("vigie"), broken, missing={"InfluxDB": "no influxd on PATH"})
    text = report.text(told)
    assert "it did not start" in text
    assert "left out: InfluxDB: no influxd on PATH" in text


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    kept = record(result("vigie"), durability=[Durability("vigie", "frames", 1, 1, 0.5, 1, 1)])
    kept.write(tmp_path / "deep" / "r.json")
    assert Record.read(tmp_path / "deep" / "r.json") == kept


def test_the_plot_takes_the_cheapest_of_a_size_and_adds_what_rest_costs() -> None:
    dear, cheap = result("vigie", cpu=2.0), replace(result("vigie", cpu=0.5), idle_cores=0.1)
    (costs, cores) = plot.points(record(dear, cheap))["vigie"]
    assert costs == [(1040, 0.5)]
    assert cores[0][1] == pytest.approx(0.5 * 1040 * 18 / 10 / 1e6 + 0.1)


def test_the_drawing_names_every_system_and_is_xml() -> None:
    from xml.etree import ElementTree as ET

    drawn = plot.svg(record(result("vigie"), result("victoria")))
    texts = [node.text for node in ET.fromstring(drawn).iter() if node.text]
    assert {"Vigie", "VictoriaMetrics", "GPUs"} <= set(texts)


def test_scales_hold_every_value_in_whole_decades() -> None:
    assert plot.decades([0.02, 3.0]) == (-2, 1)
    assert plot.decades([1.0]) == (0, 1)


def test_a_page_keeps_its_words_and_has_its_figures_replaced() -> None:
    text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n"
    once = page.with_figures(text, "new")
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert page.with_figures(once, "new") == once
