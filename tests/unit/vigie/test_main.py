import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.conftest import GOLDEN
from tests.house import ROOT
from vigie import __main__ as command_line
from vigie import settings
from vigie.__main__ import VERBS, Verb, main
from vigie.errors import SettingsError, VigieError


def ending(error: BaseException | None) -> Any:
    def run(_arguments: argparse.Namespace) -> int:
        if error is not None:
            raise error
        return 0

    return SimpleNamespace(add=lambda _parser: None, run=run)


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (None, 0, ""),
        (
            SettingsError("vigie.toml:3: x: no such setting"),
            2,
            "vigie.toml:3: x: no such setting\n",
        ),
        (VigieError("no answer"), 1, "vigie kpi: no answer\n"),
        (KeyboardInterrupt(), 130, ""),
        (
            OSError(13, "Permission denied", "f"),
            1,
            "vigie kpi: [Errno 13] Permission denied: 'f'\n",
        ),
    ],
)
def test_how_a_verb_ends(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException | None,
    status: int,
    told: str,
) -> None:
    monkeypatch.setattr(command_line, "opened", lambda _name, _verb: ending(error))
    assert main(["kpi"]) == status
    assert capsys.readouterr().err == told


def test_help_names_every_verb_and_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in VERBS)
    assert "examples:" in out


def test_no_verb_is_a_usage_error_that_helps(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage: vigie <verb>" in capsys.readouterr().out


def test_a_misspelt_verb_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog"]) == 2
    assert "did you mean catalogue?" in capsys.readouterr().err


def test_a_verb_without_its_extra_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name="psutil._common")

    monkeypatch.setattr("importlib.import_module", missing)
    assert main(["agent", "run"]) == 2
    told = "vigie agent needs psutil: pip install 'vigie-telemetry[agent]'\n"
    assert capsys.readouterr().err == told


def test_a_module_of_ours_that_is_missing_is_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}", name="agent.ghost")

    monkeypatch.setattr("importlib.import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        command_line.opened("agent", Verb("agent.cli", "", "agent"))


def test_a_reader_that_leaves_early_is_no_failure() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "vigie", "catalogue"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 0


def test_the_commands_start_fast() -> None:
    heavy = "{'asyncio', 'unittest', 'multiprocessing', 'numpy', 'pyarrow', 'psutil'}"
    script = (
        "import sys; from vigie.__main__ import main; main(['catalogue']); "
        f"sys.exit(bool({heavy} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 0


@pytest.mark.parametrize("name", VERBS)
def test_every_verb_is_there(name: str) -> None:
    module = Path(ROOT, *VERBS[name].module.split(".")).with_suffix(".py")
    assert module.is_file()


def settings_lines() -> list[str]:
    return [
        f"{kind.PROGRAM}.{'.'.join(leaf.path)} {settings.variable(kind.PROGRAM, leaf.path)}"
        for kind in settings.PROGRAMS
        for leaf in settings.leaves(kind)
    ]


@pytest.mark.parametrize(
    ("file", "now"), [("verbs.txt", list(VERBS)), ("settings.txt", settings_lines())]
)
def test_what_scripts_rely_on_only_grows(
    file: str, now: list[str], golden: Callable[[str, str], None]
) -> None:
    path = GOLDEN / file
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    assert not set(before) - set(now), "scripts rely on these names; keep them"
    golden(file, "\n".join(now) + "\n")
