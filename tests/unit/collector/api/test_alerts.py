import json
from collections.abc import Iterator

import pytest

from alerts.lifecycle import Alert, State, Subject
from collector.api.alerts import Subjects, states
from tests.build.served import Served
from vigie.errors import QueryError, Refused
from vigie.replies import Alert as Answer
from vigie.replies import Alerts, Containers, Secret

NOW = 1_800_000_000.0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("alerts")) as collector:
        collector.service._alerting._evaluate.stop()  # the tests say what is wrong
        yield collector


@pytest.fixture(autouse=True)
def _left_alone(served: Served) -> Iterator[None]:
    """The collector is shared, and tests run in any order: each leaves it without an alert."""
    yield
    register = served.service._alerting.register
    register.apply([], register.listed(State), None, NOW)


@pytest.fixture
def three(served: Served) -> list[Alert]:
    """Alerts of three hosts in two containers; the last is over."""
    found = [
        alert("a1", "paris/a", "h1", priority=2, since=NOW + 5),
        alert("a2", "paris/a", "h2", priority=1, since=NOW + 9),
        alert("b1", "lyon/b", "h1", priority=2, since=NOW, state=State.RESOLVED),
    ]
    served.service._alerting.register.apply(found, (), None, NOW)
    return found


def alert(
    name: str, container: str, host: str, *, priority: int, since: float,
    state: State = State.FIRING,
) -> Alert:  # fmt: skip
    subject = Subject(container, (host, "/srv"))
    return Alert(
        name, "filesystem_filling", subject, priority, state, since, since, value=0.0725
    )  # fmt: skip


def person(
    served: Served, scope: str = "", *, role: str = "operator", name: str = "Alice"
) -> Secret:
    return served.enrol("person", name, scope, roles=[role])


def named(served: Served, token: str, **query: str) -> list[str]:
    """The alerts that a caller is told of."""
    answer = served.holder(token).get(Alerts, "alerts", **query)
    return [found.id for found in answer.alerts]


@pytest.mark.usefixtures("three")
def test_the_worst_comes_first_and_what_is_over_is_asked_for(served: Served) -> None:
    assert named(served, served.token()) == ["a2", "a1"]
    assert named(served, served.token(), state="all") == ["a2", "a1", "b1"]
    assert named(served, served.token(), state="resolved") == ["b1"]


@pytest.mark.usefixtures("three")
def test_nobody_is_told_of_what_lies_outside_their_scope(served: Served) -> None:
    token = ""
    for scope, told in (("paris", ["a2", "a1"]), ("paris/a/h1", ["a1"]), ("lyon", ["b1"])):
        token = served.enrol("service", f"wall-{scope}", scope, roles=["reader"]).token
        assert named(served, token, state="all") == told
    with pytest.raises(Refused, match="no alert 'a1'"):
        served.holder(token).get(dict, "alerts/a1/history")


@pytest.mark.usefixtures("three")
def test_words_and_numbers_are_in_the_asked_language(served: Served) -> None:
    for language, title, value in (
        ("fr", "/srv presque plein sur h2", "7,2\u202f%"), ("en", "/srv almost full on h2", "7.2%"),
    ):  # fmt: skip
        found = served.client().get(Alerts, "alerts", language=language).alerts[0]
        assert (found.title, found.value, found.subject) == (title, value, "paris/a/h2/srv")


def test_who_holds_an_alert_is_told_to_who_may_see_that(served: Served) -> None:
    dark = Alert(
        "dark", "site_silent", Subject("nice"), 1, State.FIRING, NOW, NOW, told=State.FIRING
    )
    disk = alert("disk", "nice/a", "h1", priority=2, since=NOW)
    register = served.service._alerting.register
    register.apply([dark, disk], (), None, NOW)
    wide, narrow = (person(served, scope, name=f"N{scope}") for scope in ("nice", "nice/a"))
    found = {
        secret.token: {
            a.id: (a.held, a.held_by)
            for a in served.holder(secret.token).get(Alerts, "alerts").alerts
        }
        for secret in (wide, narrow)
    }
    assert found[wide.token] == {"dark": (None, None), "disk": ("inhibited", "dark")}
    assert found[narrow.token] == {"disk": ("inhibited", None)}


def test_a_named_person_takes_it_and_keeps_it(served: Served, three: list[Alert]) -> None:
    first, second = person(served), person(served, name="Bob", role="shift lead")
    path = f"alerts/{three[0].id}/acknowledge"
    taken = served.holder(first.token).post(Answer, path, {"note": "mine"})
    again = served.holder(second.token).post(Answer, path, {"note": "no, mine"})
    assert taken == again
    assert (taken.state, taken.acknowledged_by, taken.note) == ("acknowledged", "Alice", "mine")
    history = served.client().get(dict, f"alerts/{three[0].id}/history")
    assert [change["person"] for change in history["changes"]][-1] == "Alice"


def test_who_may_not_cannot_take_it(served: Served, three: list[Alert]) -> None:
    path = f"alerts/{three[1].id}/acknowledge"
    for secret, status in (
        (person(served, role="reader", name="Eve"), 403), (person(served, "lyon", name="Luc"), 404),
        (served.enrol("service", "robot", roles=["operator"]), 403),
    ):  # fmt: skip
        with pytest.raises(Refused) as caught:
            served.holder(secret.token).post(Answer, path, {})
        assert caught.value.status == status


@pytest.mark.usefixtures("three")
def test_what_is_over_or_unknown_cannot_be_taken(served: Served) -> None:
    client = served.holder(person(served).token)
    for name, status in (("b1", 409), ("nothing", 404)):
        with pytest.raises(Refused) as caught:
            client.post(Answer, f"alerts/{name}/acknowledge", {})
        assert caught.value.status == status
    with pytest.raises(Refused) as caught:
        client.post(Answer, "alerts/a2/acknowledge", {"note": "n" * 2000})
    assert caught.value.status == 400


def test_taking_it_is_told_to_who_follows_the_stream(served: Served, three: list[Alert]) -> None:
    told: list[tuple[str, str]] = []
    publish = served.service._alerting._evaluate._publish
    served.service._alerting._evaluate._publish = lambda event, data: told.append(
        (event, data["state"])
    )
    client = served.holder(person(served).token)
    client.post(Answer, f"alerts/{three[1].id}/acknowledge", {})
    served.service._alerting._evaluate._publish = publish
    assert told == [("alert", "acknowledged")]


def test_containers_say_their_worst(served: Served) -> None:
    own = served.client().get(Containers, "containers").containers[0].path
    served.service._alerting.register.apply(
        [alert("own", own, "h9", priority=1, since=NOW)], (), None, NOW
    )
    found = served.client().get(Containers, "containers").containers[0]
    assert (found.worst, found.alerts) == (1, 1)


def test_a_state_that_is_none_is_told() -> None:
    assert states("open") == {State.FIRING, State.ACKNOWLEDGED}
    assert states("pending,resolved") == {State.PENDING, State.RESOLVED}
    with pytest.raises(QueryError, match="did you mean resolved"):
        states("resolvd")


@pytest.mark.usefixtures("three")
def test_an_unknown_member_of_the_body_is_refused(served: Served) -> None:
    token = person(served).token
    status, answer = served.act("alerts/a2/acknowledge", {"nota": "x"}, token, "k1")
    assert status == 400
    assert "nota" in json.dumps(answer)


def test_those_that_share_an_alert_are_asked_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = Alert(
        "m1", "filesystem_filling", Subject("nice/a", ("*", "*")), 2, State.FIRING, NOW, NOW,
        count=2,
    )  # fmt: skip
    alone = alert("m2", "nice/b", "h1", priority=2, since=NOW)
    alerting = served.service._alerting
    alerting.register.apply([shared, alone], (), None, NOW)
    members = [(Subject("nice/a", (host, "/srv")), NOW + 5) for host in ("h2", "h1")]
    monkeypatch.setattr(alerting._evaluate, "members", lambda _: members)
    holder = served.holder(served.token())
    found = holder.get(Subjects, "alerts/m1/subjects", limit=1)
    assert (found.count, [s.subject for s in found.subjects]) == (2, ["nice/a/h1/srv"])
    mine = served.holder(person(served, "nice/a/h2", name="Hugo").token)
    assert [s.subject for s in mine.get(Subjects, "alerts/m1/subjects").subjects] == [
        "nice/a/h2/srv"
    ]
    one = holder.get(Subjects, "alerts/m2/subjects")
    assert [s.subject for s in one.subjects] == ["nice/b/h1/srv"]
