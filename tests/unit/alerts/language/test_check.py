import pytest

from alerts.language.check import condition, quantity
from alerts.language.evaluate import AmongCodes, AmongTexts, Compare, Flag, HasBit, Not
from alerts.language.parse import ExpressionError
from vigie.catalogue import DiskIo, Filesystem, Gpu, Source
from vigie.shape import Measurement


@pytest.mark.parametrize(
    ("measurement", "text", "token", "message"),
    [
        (Filesystem, "availble_bytes < 5", "availble_bytes",
         "no field availble_bytes in filesystem; did you mean available_bytes?"),
        (Source, "status > 3", ">", ("status is a state; write status == ok, with one of "
         "ok, absent, failed, stuck, off")),
        (Source, "status == 3", "3", ("status is a state: use one of its words, "
         "ok, absent, failed, stuck, off")),
        (Source, "status == broken", "broken",
         "status is never broken; known are: absent, failed, off, ok, stuck"),
        (Source, "source == agent", "agent", 'source is a key; write "agent", in quotes'),
        (Source, 'age == "x"', '"x"', '"x" is a text; texts can only be compared with keys'),
        (Filesystem, "available_bytes > 30s", ">", "cannot compare bytes and seconds"),
        (Filesystem, "available_bytes + 5s > 3", "+", "cannot add bytes and seconds"),
        (Filesystem, "size_bytes", "size_bytes", ("size_bytes is a gauge, neither true nor false; "
         "compare it, as in size_bytes > 0")),
        (Filesystem, "read_only == 1", "read_only",
         "read_only is a flag, not a number; write read_only or not read_only"),
        (Filesystem, "(size_bytes > 1) + 2 > 3", "size_bytes > 1",
         "this is true or false, not a number; do not compare or compute with it"),
        (Filesystem, "avg(size_bytes) > 1", "avg", "no function avg; did you mean avg_over?"),
        (Filesystem, "min(size_bytes) > 1", "min(size_bytes)", "min takes 2, not 1"),
        (Gpu, "throttle_reasons == idle", "throttle_reasons", ("throttle_reasons is a set of bits, "
         "not a number; write throttle_reasons has idle, with one of idle, applications_clocks, "
         "power_cap, hardware_slowdown, sync_boost, software_thermal, hardware_thermal, "
         "power_brake, display_clocks")),
        (Gpu, "power_watts has idle", "power_watts", "only a set of bits can `has` a word"),
        (Gpu, "power_watts in (1, 2)", "power_watts",
         "only a state or a key can be looked for with `in`"),
    ],
)  # fmt: skip
def test_a_fault_is_pointed_at(
    measurement: type[Measurement], text: str, token: str, message: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        condition(text, measurement)
    assert str(caught.value) == message
    assert text[caught.value.start : caught.value.end] == token


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (Gpu, "energy_joules_total / 1h > power_watts"),
        (Gpu, "energy_joules_total / power_watts > 5min"),
        (Gpu, "power_watts / power_limit_watts > 95%"),
        (Gpu, "max(temperature_celsius, memory_temperature_celsius) > 90C"),
        (DiskIo, "io_time_seconds_total / 1h > 50%"),
        (Source, "abs(clock_offset_seconds) > 5 and age < 1min"),
    ],
)
def test_units_are_checked_as_physics_does_it(measurement: type[Measurement], text: str) -> None:
    assert isinstance(condition(text, measurement).plan, object)


@pytest.mark.parametrize(
    ("measurement", "text", "kind"),
    [
        (Source, "status in (failed, stuck)", AmongCodes),
        (Source, "ok == status", AmongCodes),
        (Source, 'source != "agent"', Not),
        (Source, 'source in ("agent", "host")', AmongTexts),
        (Filesystem, "read_only", Flag),
        (Gpu, "throttle_reasons has hardware_thermal", HasBit),
        (Source, "age > 30s", Compare),
    ],
)
def test_every_kind_of_field_has_its_question(
    measurement: type[Measurement], text: str, kind: type
) -> None:
    assert isinstance(condition(text, measurement).plan, kind)


def test_a_ratio_of_like_is_written_in_percent_and_a_state_as_its_word() -> None:
    assert quantity("available_bytes / size_bytes", Filesystem).symbol == "%"
    assert quantity("available_bytes", Filesystem).symbol == "o"
    assert quantity("age * 2", Source).symbol == "s"
    assert quantity("status", Source).fields == {"status"}


def test_it_is_known_which_fields_are_read() -> None:
    checked = condition("available_bytes / size_bytes < 1 or age > 1h", Filesystem)
    assert checked.fields == {"available_bytes", "size_bytes"}
    assert checked.uses_age
