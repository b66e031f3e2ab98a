import pytest

from alerts.language.check import condition, threshold
from alerts.language.parse import ExpressionError
from alerts.language.possible import check
from vigie.catalogue import Filesystem, Gpu, Source
from vigie.shape import Measurement

NAMED = {"hot": threshold("hot", "85C")}


def fault(text: str, measurement: type[Measurement]) -> tuple[str, str]:
    """At what a fault points, and what it says."""
    tree = condition(text, measurement, NAMED).tree
    with pytest.raises(ExpressionError) as caught:
        check(tree, measurement, NAMED)
    return text[caught.value.start : caught.value.end], str(caught.value)


@pytest.mark.parametrize(
    ("measurement", "text", "token", "message"),
    [
        (Gpu, "utilization_ratio > 90", "utilization_ratio > 90",
         ("this can never be so: utilization_ratio lies between 0 and 1; did you mean 90%?")),
        (Filesystem, "read_only and size_bytes < 0", "size_bytes < 0",
         ("this can never be so: size_bytes lies between 0 and 1.15292e+18; "
          "compare with what it can be")),
        (Gpu, "1 > 2", "1 > 2",
         "this can never be so: both sides are numbers; name a field"),
        (Source, "status == ok and status == failed", "status == failed",
         "this can never be so: status can only be ok here"),
        (Source, 'source == "a" and source in ("b", "c")', 'source in ("b", "c")',
         "this can never be so: source can only be a here"),
        (Gpu, "temperature_celsius > 90C and temperature_celsius < hot",
         "temperature_celsius < hot",
         ("this can never be so: temperature_celsius lies between 90 and 110, hot is 85; "
          "compare with what it can be")),
        (Filesystem, "read_only and not read_only", "read_only",
         "this can never be so: read_only can only be True here"),
        (Gpu, "increase(energy_joules_total, 5min) < 0", "increase(energy_joules_total, 5min) < 0",
         "this can never be so: increase(…) is at least 0; compare with what it can be"),
        (Gpu, "abs(temperature_celsius) < 0C", "abs(temperature_celsius) < 0C",
         "this can never be so: abs(…) lies between 0 and 110; compare with what it can be"),
    ],
)  # fmt: skip
def test_what_can_never_be_so_is_pointed_at(
    measurement: type[Measurement], text: str, token: str, message: str
) -> None:
    assert fault(text, measurement) == (token, message)


@pytest.mark.parametrize("text", ["temperature_celsius > -300C", "age >= 0s", "hot > 10C"])
def test_what_every_row_is_fires_everywhere(text: str) -> None:
    assert fault(text, Gpu)[1] == "every row is so; a condition must be able to be false"


@pytest.mark.parametrize(
    "text",
    [
        "temperature_celsius > 90C or 1 > 2",
        "temperature_celsius > hot and temperature_celsius < 100C",
        "not (temperature_celsius > hot)",
        "temperature_celsius - median(temperature_celsius) > 12C",
        "power_watts / power_limit_watts > 95%",
        "time_to(temperature_celsius, hot, 5min) < 10min",
        "delta(temperature_celsius, 10min) < -20C",
        "throttle_reasons has power_cap and -temperature_celsius < 0C",
        "max_over(power_watts, 5min) > 1kW and power_watts < 100W",
    ],
)
def test_what_may_be_so_passes(text: str) -> None:
    check(condition(text, Gpu, NAMED).tree, Gpu, NAMED)
