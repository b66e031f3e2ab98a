"""What the screens ask the API: each route and its parameters stand here once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from dashboard.sharing import Asked
from vigie import replies
from vigie.shape import Inventory, Measurement

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asker:
    """One person's questions about one scope, in one language."""

    client: Asked
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

    def of(self, scope: str) -> "Asker":
        """The same person's questions about another scope: a path or `perimeter:<id>`."""
        return replace(self, scope=scope)

    def kpis(self, period: str, only: Sequence[str] = ()) -> dict[str, replies.Kpi]:
        """The indicators of the scope, as far as one may see it, over `period`, by name.

        With `only`, those of these names: each that is not asked for costs the API nothing.
        """
        answer = self.client.get(
            replies.Kpis, "kpis", scope=self.scope, period=period, language=self.language,
            indicator=list(only) or None,
        )  # fmt: skip
        return {kpi.indicator: kpi for kpi in answer.kpis}

    def explained(self, indicator: str, period: str) -> replies.Kpi | None:
        """One indicator of the scope with every term that it was made of; None: there is none."""
        answer = self.client.get(
            replies.Kpis, "kpis", scope=self.scope, period=period, language=self.language,
            indicator=indicator, explain="true",
        )  # fmt: skip
        return next((kpi for kpi in answer.kpis if kpi.indicator == indicator), None)

    def parties(self) -> list[replies.Party]:
        """Who reaches any container that one may see, and so could be thought away."""
        return self.client.get(replies.Parties, "whatif/parties").parties

    def whatif(self, without: Sequence[str]) -> replies.WhatIf:
        """What is left once these, as `country:US`, have vanished."""
        return self.client.get(
            replies.WhatIf, "whatif", without=list(without), language=self.language
        )

    def evidence(self, period: str) -> replies.SovereigntyEvidence:
        """What speaks to each objective of the European framework, over a period."""
        return self.client.get(
            replies.SovereigntyEvidence, "sovereignty/evidence", scope=self.scope, period=period,
            language=self.language,
        )  # fmt: skip

    def site(self, site: str) -> replies.Site:
        """All that is declared of a site."""
        return self.client.get(replies.Site, f"sites/{quote(site, safe='')}")

    def checklist(self, container: str) -> replies.Checklist:
        """Whether a container is ready for service, item by item."""
        path = f"containers/{quote(container)}/checklist"
        return self.client.get(replies.Checklist, path, language=self.language)

    def history(self, container: str) -> list[replies.ContainerChange]:
        """What versions of the network changed of a container, oldest first."""
        path = f"containers/{quote(container)}/history"
        return self.client.get(replies.ContainerHistory, path).changes

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
    ) -> "Course":  # fmt: skip
        """One row per step, and per `by`, over all series; a step without readings has none."""
        asked: dict[str, Any] = {
            "fields": ",".join(fields), "agg": agg, "scope": self.scope, "step": step,
            "from": spelled(start), "to": spelled(end),
            "by": ",".join(by), "where": list(where) or None,
        }  # fmt: skip
        table = self.client.get(replies.Table, f"series/{measurement.name}", **asked)
        return Course(rows(table), table.simulated_share)


@dataclass(frozen=True, slots=True)
class Course:
    """How fields went: rows in time, and the share of the readings in them that is simulated."""

    rows: list[Row]
    simulated_share: float = 0.0


def rows(table: replies.Table) -> list[Row]:
    """A table of columns as rows by name."""
    names = list(table.columns)
    return [
        dict(zip(names, cells, strict=True)) for cells in zip(*table.columns.values(), strict=True)
    ]


def spelled(at: float) -> str:
    """Unix seconds as the API reads times."""
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
