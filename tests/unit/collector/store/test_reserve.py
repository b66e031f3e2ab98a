import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from collector.store.reserve import Reserve, needed

GIB = 2**30


@pytest.mark.parametrize(
    ("total", "setting", "unflushed", "wanted"),
    [
        (1000 * GIB, GIB, 0, GIB),
        (1000 * GIB, GIB, GIB, 3 * GIB),  # and room for a flush and a merge
        (GIB, GIB, 0, GIB // 10),  # a small disk keeps a tenth
        (GIB, GIB, GIB, GIB // 10 + GIB // 4),
        (1000 * GIB, 0, 0, 0),
    ],
)
def test_what_must_stay_free(total: int, setting: int, unflushed: int, wanted: int) -> None:
    assert needed(total, setting, unflushed) == wanted


def test_full_comes_and_goes_with_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now, free = [0.0], [100]
    monkeypatch.setattr(
        os, "statvfs", lambda _: SimpleNamespace(f_bavail=free[0], f_frsize=1, f_blocks=1000)
    )
    reserve = Reserve(tmp_path, 50, lambda: 0, lambda: now[0])
    seen = []
    for left, time in ((100, 0.0), (49, 0.0), (49, 0.5), (50, 0.6), (50, 1.0)):
        free[0], now[0] = left, time
        seen.append(reserve.full)
    # Looked at twice a second, and no more often.
    assert seen == [False, False, True, True, False]
