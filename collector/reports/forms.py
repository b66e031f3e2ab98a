"""Which fields which authority asks for, and how sure we are of its words. Pure.

The European form is read in the Regulation. Of the national forms only what is marked verified was
read in the text of the law; the rest follows the Regulation and is not verified.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.kpis.facts import Facts
from collector.kpis.sums import combined, gather, shared
from collector.reports.entry import Entry, Field, fields, stated
from vigie.network.places import Site

NOT_VERIFIED: Final = "not verified against the official form"
JOULE: Final = "J"


@dataclass(frozen=True, slots=True)
class Form:
    """One form: whose, due when, and the fields that it adds to those of the Regulation."""

    name: str
    title: str
    due: str
    verified: bool
    added: tuple[tuple[Field, bool], ...] = ()
    """With whether the field's text was read in the law."""

    def lines(self) -> tuple[tuple[Field, bool], ...]:
        """All fields, each with whether its text is verified."""
        return (*((field, self.verified) for field in fields()), *self.added)


SIRET: Final = Field("SIRET", "SIRET number", "text", "L.236-1", "static", "establishment", "")
PUE_ENEFG: Final = Field(
    "PUE_ENEFG", "PUE without what only upgrades waste heat", "ratio", "EnEfG 11(2)", "derived",
    "(E_DC - E_heat_pump) / E_IT", "EnEfG 11(2)",
)  # fmt: skip

FORMS: Final[Mapping[str, Form]] = {
    "eu": Form("eu", "Delegated Regulation (EU) 2024/1364", "15 May", verified=True),
    "fr": Form(
        "fr", "Code de l'énergie, L.236-1 to 3, D.236-1 to 7", "15 May", verified=False,
        added=((SIRET, False),),
    ),
    "de": Form(
        "de", "Energieeffizienzgesetz, Anlage 3", "31 March", verified=False,
        added=((PUE_ENEFG, True),),
    ),
}  # fmt: skip


def added(code: str, facts: Facts, site: Site) -> Entry:
    """A field that only a national form has."""
    if code == SIRET.code:
        missing = ("SIRET non déclaré", "SIRET not declared")
        return stated(site.registration.siret, f"network {site.id}.siret", missing=missing)
    return _pue_enefg(facts)


def _pue_enefg(facts: Facts) -> Entry:
    """As PUE, less the electricity of heat pumps that upgrade waste heat (EnEfG s.11(2))."""
    pumped = gather(facts, "heat pumps", JOULE, lambda p: p.energy.get("heat_pump"))
    if pumped.total is None:
        return Entry(None, ("aucun compteur de pompe à chaleur", "no meter of a heat pump"))

    site = gather(
        facts, "E_DC less heat pumps", JOULE,
        lambda p: combined((1.0, p.energy["site"]), (-1.0, p.energy["heat_pump"]))
        if {"site", "heat_pump"} <= p.energy.keys() else p.energy.get("site"),
    )  # fmt: skip
    used = gather(facts, "E_IT", JOULE, lambda p: p.energy.get("ups"))
    top, bottom = shared(site, used)
    if top.total is None or not bottom.total:
        return Entry(None, ("énergie du site ou informatique inconnue",
                            "site or IT energy unknown"))  # fmt: skip
    return Entry(
        top.total / bottom.total, source="meters of roles site, heat_pump, ups",
        coverage=top.coverage, quality="measured",
    )  # fmt: skip
