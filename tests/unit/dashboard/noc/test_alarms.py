from zoneinfo import ZoneInfo

from dashboard.format import seconds_of
from dashboard.noc import alarms
from dashboard.noc.places import Places
from dashboard.noc.shown import Age, Deed, Mark, Text
from tests.build.played import alert, spelled

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")
PLACES = Places({"local/this": "this"})


def test_the_queue_is_worst_first_then_oldest() -> None:
    found = [
        alert("new", NOW - 10, priority=2), alert("old", NOW - 100, priority=2),
        alert("worst", NOW - 1), alert("over", NOW - 5, state="resolved"),
        alert("maybe", NOW - 5, state="pending"),
    ]  # fmt: skip
    assert alarms.queue(found, PLACES, NOW, "fr", PARIS).keys == ["worst", "old", "new"]


def test_a_row_says_what_where_since_when_and_who_has_it() -> None:
    taken = alert("a", NOW - 100, state="acknowledged", acknowledged_by="A. Weber",
                  acknowledged_at=spelled(NOW - 60), note="ticket 4127")  # fmt: skip
    mark, site, finding, age, holder, deed = alarms.queue([taken], PLACES, NOW, "fr", PARIS).rows[0]
    assert mark == Mark("p1", "P1", label="critique")
    assert site == Text("this", sub="this/var", href="/site/local/this?lang=fr")
    assert isinstance(finding, Text)
    assert finding.sub == "2,1 % libres · Libérer de la place dans /var."
    assert age == Age(NOW - 100)
    assert holder == Text("A. Weber", sub="10:46:00 · ticket 4127")
    assert deed == Text("prise")


def test_an_alarm_that_nobody_has_can_be_taken_by_its_name() -> None:
    deed = alarms.queue([alert("a", NOW)], PLACES, NOW, "fr", PARIS).rows[0][-1]
    assert isinstance(deed, Deed)
    assert (deed.verb, deed.id) == ("acknowledge", "a")
    assert deed.label.startswith(deed.text)  # the spoken name contains what is written


def test_an_alarm_whose_source_is_mute_says_so_and_is_not_shown_as_known() -> None:
    mark, _, finding, *_ = alarms.queue(
        [alert("a", NOW, blind=True)], PLACES, NOW, "fr", PARIS
    ).rows[0]  # fmt: skip
    assert mark == Mark("stale", "?", label="critique")
    assert isinstance(finding, Text)
    assert "source muette" in finding.sub


def test_a_simulated_alarm_is_stamped() -> None:
    (row,) = alarms.queue([alert("a", NOW, simulated=True)], PLACES, NOW, "fr", PARIS).rows
    finding, deed = row[2], row[-1]
    assert isinstance(finding, Text)
    assert finding.stamp == "SIMULÉ"
    assert isinstance(deed, Deed)
    assert deed.about.startswith("SIMULÉ · ")


def test_a_simulated_alarm_says_the_scale_of_what_it_is_of() -> None:
    places = Places(stamps={"local/this": "SIMULÉ · échelle 1/100"})
    (row,) = alarms.queue([alert("a", NOW, simulated=True)], places, NOW, "fr", PARIS).rows
    assert isinstance(row[2], Text)
    assert row[2].stamp == "SIMULÉ · échelle 1/100"


def test_numbers_of_alarms_say_how_many_are_of_the_twin() -> None:
    found = [alert("a", NOW, simulated=True), alert("b", NOW)]
    assert alarms.unacknowledged(found, NOW, "fr", PARIS).stamp == "SIMULÉ 50 %"
    assert alarms.load(found[1:], NOW, "fr").stamp == ""


def test_a_runbook_that_leads_elsewhere_is_no_link() -> None:
    row = alarms.queue(
        [alert("a", NOW, runbook="javascript:alert(1)")], PLACES, NOW, "fr", PARIS
    ).rows[0]  # fmt: skip
    assert isinstance(row[2], Text)
    assert not row[2].href


def test_a_quiet_queue_says_when_the_last_alarm_was() -> None:
    over = alert("a", NOW - 500, state="resolved", changed=spelled(NOW - 60))
    assert alarms.queue([over], PLACES, NOW, "fr", PARIS).empty == (
        "Aucune alarme. Dernière : 10:46:00."
    )
    assert alarms.queue([], PLACES, NOW, "en", PARIS).empty == "No alarm."


def test_the_load_counts_what_was_raised_in_ten_minutes_also_when_it_is_over() -> None:
    found = [alert(str(i), NOW - 60 * i, state="resolved") for i in range(12)]
    shown = alarms.load(found, NOW, "fr")
    assert shown.text == "11"
    assert shown.level == 2
    assert alarms.load([], NOW, "fr").level is None


def test_only_p1_alarms_that_nobody_took_are_counted_as_waiting() -> None:
    found = [
        alert("a", NOW - 60),
        alert("b", NOW, priority=2),
        alert("c", NOW, state="acknowledged"),
    ]
    shown = alarms.unacknowledged(found, NOW, "fr", PARIS)
    assert (shown.text, shown.level, shown.note) == ("1", 1, "plus ancienne : 10:46:00")
    assert alarms.unacknowledged([], NOW, "fr", PARIS).level is None


def test_an_event_that_this_version_does_not_know_is_shown_by_its_code() -> None:
    event = {"time": spelled(NOW), "container": "local/this", "code": "door_opened",
             "severity": "warning", "keys": '{"door": "north"}', "detail": "badge 12"}  # fmt: skip
    row = alarms.happenings([event], PLACES, NOW, "fr", PARIS).rows[0]
    assert row[2] == Text("door_opened", sub="this · north · badge 12")
