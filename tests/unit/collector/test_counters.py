from collector import counters
from collector.counters import Counters


def test_a_counter_grows_under_its_labels() -> None:
    counted = Counters()
    counted.add("frames_total", agent="a")
    counted.add("frames_total", 2, agent="a")
    counted.add("frames_total", agent="b")
    assert counted.value("frames_total", agent="a") == 3
    assert counted.value("frames_total", agent="b") == 1
    assert counted.value("frames_total", agent="c") == 0


def test_a_watched_gauge_is_read_when_asked() -> None:
    counted, level = Counters(), [1.0]
    counted.watch("level", lambda: level[0])
    level[0] = 5.0
    assert [(s.name, s.kind, s.value) for s in counted.samples()] == [("level", "gauge", 5.0)]


def test_labels_beyond_the_bound_are_counted_together() -> None:
    counted = Counters()
    for n in range(counters.MAX_LABEL_SETS + 5):
        counted.add("refused_total", agent=f"a{n}")
    assert len(list(counted.samples())) == counters.MAX_LABEL_SETS + 1
    assert counted.value("refused_total", agent=counters.OTHER) == 5
