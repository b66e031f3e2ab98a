"""One text in the languages of the screens."""

from typing import NamedTuple


class Said(NamedTuple):
    """One text in both languages."""

    fr: str
    en: str

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en
