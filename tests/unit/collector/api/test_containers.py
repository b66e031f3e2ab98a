from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest

from collector.api.containers import STALE_SECONDS, Seen, entry, heard, state
from vigie.network.load import Network
from vigie.network.places import Lifecycle

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
THIS = Network.of_this_host("vm")


def seen(seconds_ago: float) -> Seen:
    return Seen(NOW - timedelta(seconds=seconds_ago), ("h1",))


@pytest.mark.parametrize(
    ("lifecycle", "last", "alerts", "word"),
    [
        (Lifecycle.IN_SERVICE, seen(1), False, "nominal"),
        (Lifecycle.IN_SERVICE, seen(1), True, "abnormal"),
        (Lifecycle.IN_SERVICE, seen(STALE_SECONDS + 1), True, "stale"),
        (Lifecycle.IN_SERVICE, None, True, "silent"),
        (Lifecycle.DECLARED, None, False, "declared"),
        (Lifecycle.COMMISSIONING, seen(1), True, "commissioning"),
        (Lifecycle.RETIRED, seen(1), False, "retired"),
        (Lifecycle.MAINTENANCE, None, True, "maintenance"),
        (Lifecycle.MAINTENANCE, seen(1), True, "maintenance"),
    ],
)
def test_how_a_container_is(
    lifecycle: Lifecycle, last: Seen | None, alerts: bool, word: str
) -> None:
    assert state(lifecycle, last, NOW.timestamp(), alerts=alerts) == word


def test_only_the_agents_own_rows_say_when_a_container_was_heard() -> None:
    times = [NOW, NOW - timedelta(seconds=5), NOW + timedelta(seconds=9)]
    found = heard(
        pa.table({
            "time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "container": ["local/this"] * 3,
            "host": ["h2", "h1", "h3"],
            "source": ["agent", "agent", "disk_io"],
        })
    )  # fmt: skip
    assert found == {"local/this": Seen(NOW, ("h1", "h2"))}


def test_a_container_is_answered_with_its_site_and_its_worst_alert() -> None:
    found = entry(THIS, THIS.containers[0], seen(1), [3, 1, 2], NOW.timestamp(), simulated=False)
    assert (found.path, found.site_name, found.state) == ("local/this", "vm", "abnormal")
    assert (found.worst, found.alerts, found.hosts) == (1, 3, ["h1"])
    assert found.last_seen == "2026-09-21T11:59:59.000Z"
    silent = entry(THIS, THIS.containers[0], None, [], NOW.timestamp(), simulated=True)
    assert (silent.state, silent.worst, silent.last_seen, silent.simulated) == (
        "silent", None, None, True,
    )  # fmt: skip
