"""What the screens ask the API: each route and its parameters stand here once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from vigie import replies
from vigie.client import Client
from vigie.shape import Inventory, Measurement

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """One person's questions about one scope, in one language."""

    client: Client
    language: str
    scope: str = ""

    def containers(self) -> replies.Containers:
        """The network's containers and how each is."""
        return self.client.get(replies.Containers, "containers")

    def alerts(self) -> list[replies.Alert]:
        """Every alert of the scope, resolved ones of late among them."""
        answer = self.client.get(
            replies.Alerts, "alerts", scope=self.scope, language=self.language, state="all"
        )
        return answer.alerts

    def kpis(self, period: str) -> dict[str, replies.Kpi]:
        """The indicators of the scope, as far as one may see it, over `period`, by name."""
        answer = self.client.get(
            replies.Kpis, "kpis", scope=self.scope, period=period, language=self.language
        )
        return {kpi.indicator: kpi for kpi in answer.kpis}

    def latest(self, measurement: type[Measurement | Inventory]) -> list[Row]:
        """The newest reading of every series of the scope."""
        path = f"latest/{measurement.name}"
        return rows(self.client.get(replies.Table, path, scope=self.scope))

    def events(self, since: float, limit: int) -> list[Row]:
        """What happened in the scope since then, newest first."""
        table = self.client.get(
            replies.Table, "events", scope=self.scope, limit=limit, **{"from": spelled(since)}
        )
        return sorted(rows(table), key=lambda row: str(row["time"]), reverse=True)

    def series(
        self, measurement: type[Measurement], fields: Sequence[str], *, agg: str, start: float,
        end: float, step: float, by: Sequence[str] = (), where: Sequence[str] = (),
    ) -> list[Row]:  # fmt: skip
        """One row per step, and per `by`, over all series; a step without readings has none."""
        asked: dict[str, Any] = {
            "fields": ",".join(fields), "agg": agg, "scope": self.scope, "step": step,
            "from": spelled(start), "to": spelled(end),
            "by": ",".join(by), "where": list(where) or None,
        }  # fmt: skip
        return rows(self.client.get(replies.Table, f"series/{measurement.name}", **asked))


def rows(table: replies.Table) -> list[Row]:
    """A table of columns as rows by name."""
    names = list(table.columns)
    return [
        dict(zip(names, cells, strict=True)) for cells in zip(*table.columns.values(), strict=True)
    ]


def spelled(at: float) -> str:
    """Unix seconds as the API reads times."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
