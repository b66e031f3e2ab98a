"""A roster out of a few lines, and instants of Paris by the clock on its wall."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from alerts.roster import file
from alerts.roster.roster import Roster

PARIS = ZoneInfo("Europe/Paris")
PEOPLE = """
[[people]]
id = "alice"
name = "Alice Martin"
receivers = ["alice-phone", "alice-mail"]

[[people]]
id = "bob"
name = "Bob Noir"
receivers = ["bob-phone"]

[[people]]
id = "carol"
name = "Carol"
receivers = ["carol-phone"]

[[people]]
id = "chief"
name = "The chief"
receivers = ["chief-phone"]
"""


def roster(folder: Path, text: str, people: str = PEOPLE) -> Roster:
    """What a file with these posts says."""
    path = folder / "roster.toml"
    path.write_text(people + text, encoding="utf-8")
    return file.load(path)


def paris(text: str, fold: int = 0) -> float:
    """Unix time of `2026-11-02 08:00` in Paris; with `fold` the second of two equal times."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).timestamp()
