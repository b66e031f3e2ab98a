"""Indicators on the screen: value, method, coverage and quality; or unknown, and why."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from dashboard import stamps
from dashboard.format import number, quantity, seconds_of
from dashboard.noc.shown import Number, Rows, Text, isolated, quality_word, unknown
from dashboard.noc.view import View
from dashboard.questions import Asker
from dashboard.text import say
from vigie.indicators import CARBON_LOCATION, ENERGY, POWER, Indicator
from vigie.replies import Kpi

POWER_STALE_SECONDS: Final = 30.0
SHOWN: Final[tuple[tuple[Indicator, str], ...]] = (
    (POWER, "now"), (ENERGY, "day"), (CARBON_LOCATION, "day"),
)  # fmt: skip
"""What the screens show, each over which period."""
SECONDS: Final = {"now": 1.0, "day": 60.0}
"""How old each period's answer may be: a day's is made of minutes, and much is read for it."""


def numbers(view: View) -> dict[str, Number]:
    """The indicators of the scope, by name; a period that cannot be read is unknown, and why."""
    answers: dict[str, Mapping[str, Kpi] | str] = {
        period: isolated(partial(view.long, f"indicators {period}", seconds, partial(_of, period)),
                         str)
        for period, seconds in SECONDS.items()
    }  # fmt: skip
    shown = {}
    for indicator, period in SHOWN:
        answer = answers[period]
        if isinstance(answer, str):
            shown[indicator.name] = unknown(answer)
        else:
            shown[indicator.name] = kpi_number(answer.get(indicator.name), indicator, view.language)
    return shown


def _of(period: str, ask: Asker) -> dict[str, Kpi]:
    return ask.kpis(period, [indicator.name for indicator, of in SHOWN if of == period])


def kpi_number(kpi: Kpi | None, indicator: Indicator, language: str) -> Number:
    """One indicator as it may be printed: never 0 for unknown, never without its method."""
    source = indicator.method
    if kpi is None:
        return unknown(say("not_computed", language), source=source)
    if kpi.value is None:
        return unknown(
            kpi.reason or say("no_reason", language), source=kpi.method,
            stamp=stamps.of_share(kpi.simulated_share, language),
        )  # fmt: skip
    said = quantity(kpi.value, indicator.unit, language)
    coverage = say("coverage", language, share=number(kpi.coverage * 100, language))
    live = indicator is POWER
    return Number(
        said.text, said.unit,
        at=seconds_of(kpi.to_time) if live else None,
        stale=POWER_STALE_SECONDS if live else None,
        note=" · ".join(filter(None, [quality_word(kpi.quality, language), kpi.method, coverage])),
        quality=kpi.quality or "", source=kpi.method,
        stamp=stamps.of_share(kpi.simulated_share, language),
    )  # fmt: skip


def table(view: View) -> Rows:
    """The indicators, one row each, with the period they are of."""
    shown, language = numbers(view), view.language
    return Rows(
        rows=[
            (
                Text(indicator.label(language), sub=say(f"period_{period}", language)),
                shown[indicator.name],
            )
            for indicator, period in SHOWN
        ]
    )
