from pathlib import Path

import numpy as np
import pyarrow as pa

from collector.store.questions.runs import Known, Runs, found


def runs(*words: str, container: str = "a/1") -> Runs:
    codes = np.arange(len(words), dtype=np.int32)
    return found(
        {
            "container": (np.zeros(len(words), np.int32), pa.array([container])),
            "gpu": (codes, pa.array(words)),
        },
        ("container", "gpu"),
        len(words),
    )


def test_a_run_ends_where_a_word_changes() -> None:
    codes = np.array([0, 0, 1, 1, 0], np.int32)
    words = {"container": (codes, pa.array(["a/1", "b/1"]))}
    made = found(words, ("container",), 5)
    assert made.firsts.tolist() == [0, 2, 4]
    assert made.units[0].to_pylist() == ["a/1", "b/1", "a/1"]
    assert made.containers == {"a/1": 3, "b/1": 2}
    assert found(words, (), 5).firsts.tolist() == [0]


def test_words_of_equal_row_groups_are_kept_once() -> None:
    known, key = Known(), ("container", "gpu")
    known.put((Path("1"), 0, key), runs("x", "y"))
    known.put((Path("2"), 0, key), runs("x", "y"))
    known.put((Path("3"), 0, key), runs("x", "y", container="b/1"))
    one, two, other = (known.get((Path(name), 0, key)) for name in "123")
    assert one is not None
    assert two is not None
    assert other is not None
    assert one.units is two.units
    assert other.units[0].to_pylist() == ["b/1", "b/1"]


def test_the_oldest_go_when_there_are_too_many() -> None:
    size = runs("w0", "v0").bytes
    known = Known(most=3 * size)
    for number in range(9):
        known.put((Path(str(number)), 0, ("gpu",)), runs(f"w{number}", f"v{number}"))
    kept = [n for n in range(9) if known.get((Path(str(n)), 0, ("gpu",))) is not None]
    assert kept == [6, 7, 8]
