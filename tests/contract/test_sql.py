"""What `POST sql` promises: stable views, each row once, nobody else's, and nothing but answers."""

import http.client
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector.sql.views import views
from tests.build.queried import OUTSIDE, REFUSED
from tests.build.served import Served
from tests.build.world import Agent, compressed, gpus
from vigie.__main__ import main
from vigie.replies import Table

MINE, OTHERS = "site/mine", "other/theirs"
TICKS, GPUS = 6, 4


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A collector with rows of two containers: half in files, half in memory."""
    with Served(tmp_path_factory.mktemp("sql")) as collector:
        start = time.time_ns() - 60 * 10**9
        agents = [
            Agent(path, name=path[-4:], period=10.0, start=start, read=gpus(GPUS, seed))
            for seed, path in enumerate((MINE, OTHERS), 1)
        ]
        senders = [collector.sender(agent.container, agent.name) for agent in agents]
        for tick in range(TICKS):
            for agent, sender in zip(agents, senders, strict=True):
                sender.held(compressed(agent.frame(tick)), agent.clock(tick))
            if tick == TICKS // 2 - 1:
                collector.service._store.flush(time.time_ns())
        yield collector


def ask(
    served: Served, query: str, token: str = "", accept: str = "application/json", **more: str
) -> tuple[int, Any]:
    """Status, and the answer."""
    headers = {
        "Authorization": f"Bearer {token or served.token()}",
        "Content-Type": "application/json", "Accept": accept,
    }  # fmt: skip
    body = json.dumps({"query": query, **more}).encode()
    status, _, text = served.ask("POST", "/api/v1/sql", headers, body)
    plain = status == 200 and accept != "application/json"
    return status, text if plain else json.loads(text)


def column(served: Served, query: str, token: str = "") -> list[Any]:
    """The first column of an answer."""
    status, answer = ask(served, query, token)
    assert status == 200, answer
    found: list[Any] = next(iter(answer["columns"].values()))
    return found


def reader(served: Served, scope: str) -> str:
    """The token of somebody who may see no more than that."""
    return served.enrol("person", f"reader of {scope}", scope, roles=["reader"]).token


def test_views_and_their_columns_only_grow(golden: Callable[[str, str], None]) -> None:
    lines = [
        f"{view.name}.{field.name} {field.type}"
        for view in views().values()
        for field in view.schema
    ]
    golden("views.txt", "\n".join(lines) + "\n")


def test_rows_of_files_and_of_memory_are_there_each_once(served: Served) -> None:
    assert served.service._store.view("gpu").files
    assert served.service._store.view("gpu").chunks
    assert column(served, "SELECT count(*) FROM gpu") == [2 * TICKS * GPUS]
    distinct = "SELECT count(*) FROM (SELECT DISTINCT time, container, gpu FROM gpu)"
    assert column(served, distinct) == [2 * TICKS * GPUS]


def test_values_are_those_of_the_series(served: Served) -> None:
    asked = served.client().get(Table, "series/gpu", fields="power_watts", agg="rows")
    query = "SELECT power_watts FROM gpu ORDER BY time, container, host, gpu"
    assert column(served, query) == asked.columns["power_watts"]
    assert column(served, query.replace("power_watts", "time")) == asked.columns["time"]


@pytest.mark.slow
def test_a_scope_sees_its_own_rows_whatever_it_asks(served: Served) -> None:
    token = reader(served, MINE)
    for query in (
        "SELECT DISTINCT container FROM gpu",
        f"SELECT DISTINCT container FROM gpu WHERE container = '{MINE}' OR true",
        f"SELECT DISTINCT container FROM gpu WHERE container IN ('{MINE}', '{OTHERS}')",
        "SELECT DISTINCT container FROM query('SELECT * FROM gpu')",
        "WITH gpu AS (FROM gpu) SELECT DISTINCT container FROM gpu",
        "SELECT DISTINCT a.container FROM gpu a FULL JOIN gpu b ON a.time <> b.time",
    ):
        assert column(served, query, token) == [MINE], query
    assert column(served, f"SELECT count(*) FROM gpu WHERE container = '{OTHERS}'", token) == [0]
    assert column(served, "SELECT count(*) FROM gpu", token) == [TICKS * GPUS]
    assert column(served, "SELECT count(*) FROM gpu", reader(served, f"{MINE}/host-00")) == [
        TICKS * GPUS
    ]
    assert column(served, "SELECT count(*) FROM gpu", reader(served, f"{MINE}/host-99")) == [0]
    assert column(served, "SELECT count(*) FROM events", reader(served, "nowhere")) == [0]
    assert ask(served, "SELECT 1", token, scope=OTHERS)[0] == 403


@pytest.mark.slow
def test_containers_and_sites_join_readings(served: Served) -> None:
    assert column(served, "SELECT container FROM containers") == ["local/this"]
    assert column(served, "SELECT timezone FROM sites") == ["UTC"]
    assert column(served, "SELECT count(*) FROM containers", reader(served, MINE)) == [0]
    assert column(served, "SELECT count(*) FROM sites", reader(served, MINE)) == [0]


@pytest.mark.slow
@pytest.mark.parametrize("query", REFUSED)
def test_what_is_no_query_is_refused(served: Served, query: str) -> None:
    status, problem = ask(served, query)
    assert status == 400
    assert REFUSED[query] in problem["detail"]
    assert not list(Path("/tmp").glob("vigie-x*"))


@pytest.mark.slow
@pytest.mark.parametrize("query", OUTSIDE)
def test_nothing_outside_the_views_can_be_read(served: Served, query: str) -> None:
    status, problem = ask(served, query)
    assert (status, problem["fault"]) == (400, "query")
    assert "root:" not in problem["detail"]


@pytest.mark.slow
def test_an_error_points_at_the_place(served: Served) -> None:
    for wrong in ("SELECT power_watts\nFROM gpu\nWHERE nosuch = 1", "SELECT 1\nFRM\ngpu x y"):
        detail = ask(served, wrong)[1]["detail"]
        assert "LINE " in detail
        assert "^" in detail
    _, problem = ask(served, "SELECT * FROM gpux")
    assert "gpux" in problem["detail"]


@pytest.mark.slow
def test_a_view_that_is_put_together_of_words_is_refused_not_empty(served: Served) -> None:
    status, problem = ask(served, "SELECT * FROM query_table('gp' || 'u')")
    assert status == 400
    assert "name gpu itself" in problem["detail"]


def test_arrow_and_csv_are_given_where_they_are_wanted(served: Served) -> None:
    query = "SELECT container, time, power_watts FROM gpu ORDER BY ALL"
    _, stream = ask(served, query, accept="application/vnd.apache.arrow.stream")
    rows = pa.ipc.open_stream(stream).read_all()
    assert rows.schema.types == [pa.string(), pa.timestamp("us", tz="UTC"), pa.float64()]
    assert json.loads(rows.schema.metadata[b"vigie.simulated"]) is False
    _, text = ask(served, query, accept="text/csv")
    lines = text.decode().splitlines()
    assert lines[0] == "container,time,power_watts"
    assert len(lines) == 1 + rows.num_rows == 1 + 2 * TICKS * GPUS


@pytest.mark.slow
def test_every_kind_of_value_has_a_json(served: Served) -> None:
    query = (
        "SELECT 1::HUGEINT h, 1.5::DECIMAL(4, 2) d, 'nan'::DOUBLE n, [1, 2] l, {'a': 1} s, "
        "TIMESTAMPTZ '2026-01-02 03:04:05Z' t, TIMESTAMP '2026-01-02 03:04:05' o, "
        "DATE '2026-01-02' y, INTERVAL 1 DAY i, 'é' w, true b, NULL u, 1 AS x, 2 AS x"
    )
    columns = ask(served, query)[1]["columns"]
    assert {name: cells[0] for name, cells in columns.items() if name != "i"} == {
        "h": 1, "d": 1.5, "n": None, "l": [1, 2], "s": {"a": 1},
        "t": "2026-01-02T03:04:05.000000Z", "o": "2026-01-02T03:04:05.000000", "y": "2026-01-02",
        "w": "é", "b": True, "u": None, "x": 1, "x_2": 2,
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    "query",
    [
        "SELECT list(a.range) FROM range(1000000000) a",
        "SELECT repeat('x', 4000000000)",
        "WITH RECURSIVE t AS (SELECT 'x' b UNION ALL SELECT b || b FROM t) SELECT max(b) FROM t",
    ],
)
def test_memory_has_an_end(served: Served, query: str) -> None:
    status, problem = ask(served, query)
    assert status == 400
    assert "memory" in problem["detail"]
    assert column(served, "SELECT 1") == [1]


@pytest.mark.slow
def test_an_answer_has_an_end(served: Served) -> None:
    status, problem = ask(served, "SELECT * FROM range(1000000000000)")
    assert status == 400
    assert "more than 100000 rows" in problem["detail"]


@pytest.mark.slow
def test_answers_are_never_kept(served: Served) -> None:
    headers = {
        "Authorization": f"Bearer {served.token()}", "Content-Type": "application/json",
        "Idempotency-Key": "the same",
    }  # fmt: skip
    for query, value in (("SELECT 1 AS x", 1), ("SELECT 2 AS x", 2)):
        body = json.dumps({"query": query}).encode()
        _, _, text = served.ask("POST", "/api/v1/sql", headers, body)
        assert json.loads(text)["columns"]["x"] == [value]


def _begun(served: Served, query: str, accept: str) -> http.client.HTTPConnection:
    """A question whose answer nobody has waited for."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=60)
    headers = {
        "Authorization": f"Bearer {served.token()}", "Content-Type": "application/json",
        "Accept": accept,
    }  # fmt: skip
    connection.request("POST", "/api/v1/sql", json.dumps({"query": query}).encode(), headers)
    return connection


def _until(done: Callable[[], bool], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not done():
        time.sleep(0.02)
    return done()


@pytest.mark.slow
def test_few_at_once_and_who_goes_frees_the_place(served: Served) -> None:
    running = served.service._children._running
    forever = (
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range < 0"
    )
    with closing(_begun(served, forever, "application/json")) as first:
        with closing(_begun(served, "SELECT * FROM range(1000000000000)", "text/csv")) as second:
            assert second.getresponse().read(100).startswith(b"range\n0\n1\n")
            assert _until(lambda: len(running) == 2)
            headers = {
                "Authorization": f"Bearer {served.token()}", "Content-Type": "application/json",
            }  # fmt: skip
            status, told, _ = served.ask("POST", "/api/v1/sql", headers, b'{"query": "SELECT 1"}')
            assert (status, told["retry-after"]) == (503, "2")
            children = [r._process.pid for r in running]
            # Ingest and other questions go on beside them.
            assert served.client().get(Table, "latest/gpu").columns
        assert _until(lambda: len(running) == 1)
        assert first.sock is not None
    assert _until(lambda: not running)
    assert not any(Path(f"/proc/{pid}").exists() for pid in children)
    assert column(served, "SELECT 1") == [1]


@pytest.mark.slow
def test_a_child_that_dies_harms_nobody(served: Served) -> None:
    running = served.service._children._running
    forever = (
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range < 0"
    )
    with closing(_begun(served, forever, "application/json")) as connection:
        assert _until(lambda: len(running) == 1)
        time.sleep(0.5)  # so that it is at work
        os.kill(next(iter(running))._process.pid, 11)
        answer = connection.getresponse()
        problem = json.loads(answer.read())
    assert (answer.status, problem["fault"]) == (400, "query")
    assert "ended before its answer" in problem["detail"]
    assert column(served, "SELECT 1") == [1]


@pytest.mark.slow
def test_a_long_answer_that_fails_breaks_off(served: Served) -> None:
    query = (
        "SELECT CASE WHEN range < 900000 THEN range ELSE ('x' || range)::BIGINT END "
        "FROM range(1000000)"
    )
    with closing(_begun(served, query, "text/csv")) as connection:
        answer = connection.getresponse()
        assert answer.status == 200
        with pytest.raises(http.client.IncompleteRead):
            answer.read()


@pytest.mark.slow
def test_a_question_takes_no_longer_than_it_may(served: Served) -> None:
    children = served.service._children
    before, children._seconds = children._seconds, 2.0
    try:
        began = time.monotonic()
        status, problem = ask(
            served,
            "SELECT count(*) FROM range(10000000) a, range(1000000) b WHERE a.range < -b.range",
        )
    finally:
        children._seconds = before
    assert status == 400
    assert "longer than 2 s" in problem["detail"]
    assert time.monotonic() - began < 20


def test_times_are_utc(served: Served) -> None:
    (told,) = column(served, "SELECT now()")
    assert abs(datetime.now(UTC).timestamp() - datetime.fromisoformat(told).timestamp()) < 60


@pytest.mark.slow
def test_the_verb_prints_writes_and_reads(
    served: Served, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def run(*words: str) -> tuple[int, str]:
        where = ["--url", served.url, "--data", str(served.data)]
        status = main(["query", "sql", *words, *where])
        return status, capfdbinary.readouterr().out.decode()

    status, shown = run("SELECT count(*) AS n, min(power_watts) AS least FROM gpu")
    assert status == 0
    assert shown.splitlines()[0].split() == ["n", "least"]
    assert shown.splitlines()[2].split()[0] == str(2 * TICKS * GPUS)
    assert "1 row" in shown
    assert json.loads(run("SELECT 1 AS x", "--json")[1])["columns"] == {"x": [1]}
    assert run("SELECT 1 AS x, 'é' AS y", "--csv")[1] == "x,y\n1,é\n"
    file = tmp_path / "rows.arrows"
    assert run("FROM gpu", "--arrow", str(file))[0] == 0
    assert pa.ipc.open_stream(file.read_bytes()).read_all().num_rows == 2 * TICKS * GPUS
    assert run("SELECT nosuch FROM gpu")[0] == 1
    assert run()[0] == 2


def _niceness(home: Path) -> int:
    return int((home / "stat").read_text().rpartition(")")[2].split()[16])


@pytest.mark.slow
def test_a_child_holds_nothing_of_ours(served: Served) -> None:
    running = served.service._children._running
    forever = (
        "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range * b.range < 0"
    )
    with closing(_begun(served, forever, "application/json")):
        assert _until(lambda: len(running) == 1)
        home = Path(f"/proc/{next(iter(running))._process.pid}")
        assert _until(lambda: _niceness(home) >= 10)
        held = {str(file.readlink()).partition(":")[0] for file in (home / "fd").iterdir()}
        environment = (home / "environ").read_text()
    assert held <= {"pipe", os.devnull}
    assert "VIGIE" not in environment
    assert "TOKEN" not in environment
