"""How a measurement, an event and an inventory are declared.

A measurement is a class whose attributes are its fields, in the order of their numbers::

    class Gpu(Measurement, name="gpu", fr="GPU", en="GPU"):
        gpu = key("UUID of the board.", fr="GPU", en="GPU")
        power_watts = gauge(WATT, 0, 2000, "Board power, 1 s mean.", fr="Puissance", en="Power")

The attribute *is* the field: sources return columns keyed by it, so that a type checker catches
a misspelt name. Field numbers are positions and only grow: a retired field stays, marked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Final

from vigie.units import BYTE, ONE, Unit

Value = float | int | str | bool | None
"""One cell. None is *unknown*; it is never written as 0."""


class Kind(StrEnum):
    """What a field is, and so how it is rolled up, drawn and exposed."""

    KEY = "key"
    GAUGE = "gauge"
    COUNTER = "counter"
    STATE = "state"
    BITS = "bits"
    FLAG = "flag"
    TEXT = "text"
    """Only in inventories."""


class Quality(StrEnum):
    """How a value came to be known, best first."""

    MEASURED = "measured"
    DERIVED = "derived"
    ESTIMATED = "estimated"
    DECLARED = "declared"

    @property
    def code(self) -> int:
        """The byte a stored row carries."""
        return _QUALITY_CODES[self]


_QUALITY_CODES: Final = {quality: code for code, quality in enumerate(Quality)}


class Severity(StrEnum):
    """How much an event matters to the person on watch."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """One attribute of a measurement or inventory.

    `low` and `high` bound what is plausible (inclusive, base unit): a value outside is kept and
    flagged suspect. `integer` says that the store may keep it as a 64-bit integer. `codes` names
    the values of a state, or the bits of a bits field, from 0 up; `words` says each in French and
    English.
    """

    kind: Kind
    unit: Unit
    doc: str
    fr: str
    en: str
    low: float | None = None
    high: float | None = None
    integer: bool = False
    codes: tuple[str, ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    origin: str = "agent"
    retired_in: str | None = None
    name: str = ""
    number: int = -1
    measurement: str = ""

    @property
    def full_name(self) -> str:
        """`vigie_<measurement>_<field>`, the name everywhere outside Python."""
        return f"vigie_{self.measurement}_{self.name}"

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en

    def word(self, code: int, language: str) -> str:
        """What people see for one of the codes; the number itself where it is not known."""
        if not 0 <= code < len(self.words):
            return str(code)
        return self.words[code][0 if language == "fr" else 1]


Codes = Mapping[str, tuple[str, str]]
"""The codes of a state or bits field, in order, each with its words in French and English."""
Columns = Mapping[Field, Sequence[Value]]
"""What a source returns: equally long columns, keyed by the catalogue's attributes."""


def key(doc: str, *, fr: str, en: str) -> Field:
    """A part of the identity of a series; never null, bounded in number."""
    return Field(Kind.KEY, ONE, doc, fr, en)


def gauge(
    unit: Unit,
    low: float | None,
    high: float | None,
    doc: str,
    *,
    fr: str,
    en: str,
    integer: bool = False,
    origin: str = "agent",
) -> Field:
    """A value that goes up and down."""
    return Field(
        Kind.GAUGE,
        unit,
        doc,
        fr,
        en,
        low,
        high,
        integer=integer or unit is BYTE,
        origin=origin,
    )


def counter(
    unit: Unit,
    doc: str,
    *,
    fr: str,
    en: str,
    high_rate: float | None = None,
    integer: bool | None = None,
    origin: str = "agent",
) -> Field:
    """A value that only grows, and starts again at 0 after a reset.

    `high_rate` is the largest plausible increase per second, in the unit.
    """
    whole = unit is BYTE or unit is ONE if integer is None else integer
    return Field(Kind.COUNTER, unit, doc, fr, en, 0, high_rate, integer=whole, origin=origin)


def state(codes: Codes, doc: str, *, fr: str, en: str, origin: str = "agent") -> Field:
    """One word out of a fixed list, stored as its index; the list only grows at its end."""
    return Field(
        Kind.STATE,
        ONE,
        doc,
        fr,
        en,
        0,
        len(codes) - 1,
        integer=True,
        codes=tuple(codes),
        words=tuple(codes.values()),
        origin=origin,
    )


def bits(codes: Codes, doc: str, *, fr: str, en: str) -> Field:
    """A set of named bits, bit 0 first."""
    return Field(
        Kind.BITS, ONE, doc, fr, en, 0, None, integer=True,
        codes=tuple(codes), words=tuple(codes.values()),
    )  # fmt: skip


def flag(doc: str, *, fr: str, en: str) -> Field:
    """True, false or unknown."""
    return Field(Kind.FLAG, ONE, doc, fr, en, 0, 1, integer=True)


def text(doc: str, *, fr: str, en: str) -> Field:
    """A word that changes slowly; only inventories have it."""
    return Field(Kind.TEXT, ONE, doc, fr, en)


class _Declared:
    """What measurements and inventories share: a name, labels, and numbered fields."""

    name: ClassVar[str]
    doc: ClassVar[str]
    fr: ClassVar[str]
    en: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    keys: ClassVar[tuple[Field, ...]]
    values: ClassVar[tuple[Field, ...]]

    def __init_subclass__(cls, *, name: str = "", fr: str = "", en: str = "", **more: Any) -> None:
        super().__init_subclass__(**more)
        if not name:
            return
        cls.name, cls.fr, cls.en = name, fr, en
        cls.doc = (cls.__doc__ or "").strip().splitlines()[0]
        fields: list[Field] = []
        for attribute, declared in list(vars(cls).items()):
            if isinstance(declared, Field):
                field = replace(declared, name=attribute, number=len(fields), measurement=name)
                setattr(cls, attribute, field)
                fields.append(field)
        cls.fields = tuple(fields)
        cls.keys = tuple(f for f in fields if f.kind is Kind.KEY)
        cls.values = tuple(f for f in fields if f.kind is not Kind.KEY)

    @classmethod
    def field(cls, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in cls.fields if f.name == name), None)


class Measurement(_Declared):
    """A family of readings with one key tuple and one clock.

    `period_seconds` is how often it is read unless settings say otherwise; a last reading older
    than three periods is stale.
    """

    period_seconds: ClassVar[float]

    def __init_subclass__(cls, *, period_seconds: float = 10.0, **more: Any) -> None:
        super().__init_subclass__(**more)
        cls.period_seconds = period_seconds


class Inventory(_Declared):
    """Keyed rows that change slowly, sent as a snapshot and then as deltas."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens once: a code, how much it matters, and what people are told.

    `keys` names what the event is about, as in a measurement; `detail` is one free sentence.
    """

    code: str
    severity: Severity
    doc: str
    fr: str
    en: str
    keys: tuple[str, ...] = ()
    origin: str = "agent"

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en
