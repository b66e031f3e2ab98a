from dataclasses import replace

from alerts.inhibit import domains, muted
from alerts.lifecycle import Alert, State, Subject
from alerts.rule import Rule, Words
from vigie.catalogue import GAP, Filesystem, Source

W = Words("", "")
SILENT = Rule("silent", 1, W, W, "", "", measurement=Source, mutes="host")
DISK = Rule("disk", 2, W, W, "", "", measurement=Filesystem)
LOST = Rule("lost", 3, W, W, "", "", event=GAP)
RULES = {rule.name: rule for rule in (SILENT, DISK, LOST)}


def alert(rule: Rule, container: str, *keys: str, state: State = State.FIRING) -> Alert:
    return Alert(
        "id", rule.name, Subject(container, keys), rule.priority, state, 0.0, 0.0
    )  # fmt: skip


def test_a_silent_host_mutes_its_own_alerts_and_no_others() -> None:
    explained = domains([alert(SILENT, "p/a", "h1", "agent")], RULES)
    assert muted(alert(DISK, "p/a", "h1", "/"), DISK, explained)
    assert not muted(alert(DISK, "p/a", "h2", "/"), DISK, explained)
    assert not muted(alert(DISK, "p/b", "h1", "/"), DISK, explained)
    assert not muted(alert(LOST, "p/a"), LOST, explained), "it is about no host"


def test_it_never_mutes_itself() -> None:
    one = alert(SILENT, "p/a", "h1", "agent")
    assert not muted(one, SILENT, domains([one], RULES))


def test_only_an_open_alert_mutes() -> None:
    for state in (State.PENDING, State.RESOLVED):
        assert not domains([alert(SILENT, "p/a", "h1", "agent", state=state)], RULES)
    assert domains([alert(SILENT, "p/a", "h1", "agent", state=State.ACKNOWLEDGED)], RULES)


def test_a_rule_may_mute_a_whole_container() -> None:
    rules = RULES | {"silent": replace(SILENT, mutes="container")}
    explained = domains([alert(SILENT, "p/a", "h1", "agent")], rules)
    assert muted(alert(LOST, "p/a"), LOST, explained)
    assert not muted(alert(LOST, "p/b"), LOST, explained)
