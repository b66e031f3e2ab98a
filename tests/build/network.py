"""Network files of tests: a sound one to break, and the faults that a text gets."""

import pytest

from vigie.document import Document
from vigie.errors import SettingsError
from vigie.network.load import Network, check

SOUND = """\
name = "N"
[[operators]]
id = "op"
name = "Operator"
[[sites]]
id = "cannes"
name = "Cannes"
operator = "op"
zone = "FR"
[[containers]]
id = "c1"
name = "C1"
site = "cannes"
"""
LINES = len(SOUND.splitlines())
"""What a test adds begins on the line after these."""


def faults(text: str) -> list[str]:
    """Everything that is told about a text that is no sound network."""
    with pytest.raises(SettingsError) as error:
        check(Document.parse(text, "net.toml"))
    return str(error.value).splitlines()


def sound(text: str) -> Network:
    """A text in which nothing is wrong."""
    return check(Document.parse(text, "net.toml"))


def added(text: str) -> list[str]:
    """What is told about tables added to the sound network."""
    return faults(SOUND + text)


def accepted(text: str) -> None:
    """Tables added to the sound network leave it sound."""
    sound(SOUND + text)
