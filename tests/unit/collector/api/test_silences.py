from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from alerts.lifecycle import Alert, State, Subject
from tests.build.served import Served
from vigie.errors import QueryError, Refused
from vigie.replies import Alerts, Silence, SilencePreview, Silences

NOW = datetime.now(UTC)
WISH = {"scope": "paris/a", "expires": (NOW + timedelta(hours=2)).isoformat(), "reason": "known"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("silences")) as collector:
        collector.service._alerting._evaluate.stop()  # the tests say what is wrong
        at = NOW.timestamp()
        found = [
            alert("a1", "paris/a", State.FIRING, at), alert("b1", "lyon/b", State.FIRING, at),
            alert("a2", "paris/a", State.RESOLVED, at - 3600, mount="/old"),
            alert("a3", "paris/a", State.RESOLVED, at - 2 * 86_400, mount="/older"),
        ]  # fmt: skip
        collector.service._alerting.register.apply(found, (), None, at)
        yield collector


def alert(
    name: str, container: str, state: State, at: float, *, mount: str = "/srv"
) -> Alert:  # fmt: skip
    subject = Subject(container, ("h1", mount))
    return Alert(name, "filesystem_filling", subject, 2, state, at, at, value=0.05)


def token(served: Served, scope: str = "", role: str = "operator", kind: str = "person") -> str:
    return served.enrol(kind, f"{kind}-{scope}-{role}", scope, roles=[role]).token


def ids(found: Silences) -> list[str]:
    return [one.id for one in found.silences]


def wish(**changes: Any) -> dict[str, Any]:
    return WISH | changes


def test_it_is_seen_before_it_is_done(served: Served) -> None:
    asked = {k: v for k, v in WISH.items() if k != "reason"}
    client = served.holder(token(served, role="reader"))
    found = client.post(SilencePreview, "silences/preview?language=en", asked)
    assert [a.id for a in found.now] == ["a1"]
    assert [a.id for a in found.day] == ["a2"], "what was over before the last day is not there"
    assert (found.now_count, found.day_count) == (1, 1)
    assert found.now[0].title == "/srv almost full on h1"
    other = client.post(SilencePreview, "silences/preview", asked | {"rule": "agent_silent"})
    assert (other.now_count, other.day_count) == (0, 0)


def test_one_is_made_by_a_person_seen_and_ended(served: Served) -> None:
    client = served.holder(token(served))
    made = client.post(Silence, "silences", wish(kind="maintenance"))
    assert (made.state, made.kind, made.author) == ("active", "maintenance", "person--operator")
    soon = datetime.now(UTC).timestamp() + 1
    served.service._alerting.register.apply((), (), None, soon)
    shown = {a.id: a.held for a in client.get(Alerts, "alerts").alerts}
    assert shown == {"a1": f"maintenance:{made.id}", "b1": None}
    assert made.id in ids(client.get(Silences, "silences"))
    ended = client.post(Silence, f"silences/{made.id}/end")
    assert (ended.state, ended.ended_by) == ("over", "person--operator")
    assert made.id not in ids(client.get(Silences, "silences"))
    assert made.id in ids(client.get(Silences, "silences", over="true"))


def test_who_may_not_hides_and_sees_nothing(served: Served) -> None:
    made = served.holder(token(served)).post(Silence, "silences", wish(scope="nantes/n"))
    lyon = served.holder(token(served, "lyon"))
    assert lyon.get(Silences, "silences").silences == []
    for client, path, body, status in (
        (served.holder(token(served, role="auditor")), "silences", WISH, 403),
        (served.holder(token(served, kind="service")), "silences", WISH, 403),
        (lyon, "silences", WISH, 403),
        (lyon, "silences/preview", {k: v for k, v in WISH.items() if k != "reason"}, 403),
        (lyon, f"silences/{made.id}/end", {}, 404),
        (lyon, "silences/nothing/end", {}, 404),
    ):
        with pytest.raises(Refused) as caught:
            client.post(Silence, path, body)
        assert caught.value.status == status


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": ""}, {"scope": ""}, {"expires": "yesterday"}, {"rule": "agent_silnt"},
        {"expires": "2020-01-01T00:00Z"}, {"kind": "nap"}, {"more": 1}, {"scope": "a/b/c/d/e/f/g"},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(served: Served, changes: dict[str, Any]) -> None:
    with pytest.raises((Refused, QueryError)):
        served.holder(token(served)).post(Silence, "silences", wish(**changes))
