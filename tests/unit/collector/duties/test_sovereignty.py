"""Evidence by objective: of the scope that was asked for, declared and computed side by side."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from collector.duties.kpis import Question
from collector.duties.sovereignty import Sovereignty, Supposed
from collector.kpis.facts import Held
from tests.build import sovereign
from tests.build.sovereign import END, laid
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.policies import Evidence, Perimeter, Qualification
from vigie.replies import EvidenceLine, Kpi, Kpis

NET = sovereign.network(
    evidence=(
        Evidence("fr", "home_sessions", date(2026, 1, 1), share=0.9),
        Evidence("us/box", "home_sessions", date(2026, 1, 2), share=0.1),
        Evidence("", "open_licence", date(2026, 1, 3), share=0.5),
    ),
    perimeters=(Perimeter("south", "South", "town", ("fr", "paris")),),
    qualifications=(
        Qualification("fr", "SecNumCloud", "3.2", expires=date(2026, 1, 1)),
        Qualification("us", "SOC 2", expires=date(2027, 1, 1)),
        Qualification("fr-runs", "ISO 27001", status=Status.ANNOUNCED),
    ),
)


class Computed:
    """Answers every question with one value."""

    def answer(self, question: Question, now: datetime) -> Kpis:
        return Kpis("t", "v", [
            Kpi(name, question.scope, "now", "f", "t", 0.5, "%", "m@1", "b", 1.0, "derived",
                None, 0.0, "closed")
            for name in question.only
        ])  # fmt: skip


def held(
    network: Network, paths: Sequence[str] = ("",), *, parties: bool = False
) -> tuple[Held, ...]:
    assert network is NET
    assert paths == ("",)
    assert parties, "operators and suppliers vanish too"
    return (laid([[{"fr"}, {"fr"}, {"us"}]]),)


def lines(objective: str, **asked: Any) -> list[EvidenceLine]:
    made = Sovereignty(Computed(), held, lambda: NET)
    answer = made.evidence(Question(**{"scope": "", "language": "en", **asked}), END)
    return next(one.lines for one in answer.objectives if one.id == objective)


def test_declared_evidence_stands_beside_what_was_computed() -> None:
    found = {line.label: line.value for line in lines("SOV-4")}
    assert found["S14 · Operator control"] == 0.5
    assert found["home_sessions fr"] == 0.9
    assert found["home_sessions us/box"] == 0.1
    assert found["exit_drill"] is None


def test_of_a_scope_only_what_meets_it_is_told() -> None:
    for asked in ({"scope": "perimeter:south"}, {"scope": "fr"}, {"scope": "", "within": "fr/box"}):
        names = {line.label for line in lines("SOV-4", **asked)}
        assert "home_sessions fr" in names
        assert "home_sessions us/box" not in names
        assert [line.value for line in lines("SOV-6", **asked) if line.name == "open_licence"] == [
            0.5
        ], "what is declared of everything is so of a part"


def test_a_certificate_is_worth_something_while_it_is_in_force() -> None:
    found = {line.label: line.value for line in lines("SOV-7")}
    assert found == {"SecNumCloud 3.2": 0.0, "SOC 2": 1.0, "ISO 27001": 0.0}


def test_nothing_is_computed_for_strategy() -> None:
    assert lines("SOV-1") == []


def test_a_what_if_of_a_part_tells_no_objects() -> None:
    made = Sovereignty(Computed(), held, lambda: NET)
    whole = made.whatif(Supposed(["country:US"]), END)
    assert whole.stores is not None
    assert whole.stores[0].readable == 1
    part = made.whatif(Supposed(["country:US"], within="us"), END)
    assert part.stores is None
    assert part.gone == ["us/box"]
