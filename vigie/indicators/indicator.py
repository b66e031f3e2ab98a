"""What a KPI is, as it is declared."""

from dataclasses import dataclass

from vigie.units import Unit


@dataclass(frozen=True, slots=True)
class Indicator:
    """One KPI. `method` is `<id>@<version>`: a new way of computing is a new version.

    `boundary` says over what, and of a share also of what. `parts` is what a value is broken down
    by, "" for nothing. `absolute` names the indicator whose trend stands beside a ratio. Whoever
    may not see costs (`finance`) is not told.
    """

    name: str
    unit: Unit
    method: str
    boundary: str
    doc: str
    fr: str
    en: str
    parts: str = ""
    absolute: str = ""
    finance: bool = False

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Family:
    """Indicators that are shown together."""

    name: str
    fr: str
    en: str
    indicators: tuple[Indicator, ...]

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en
