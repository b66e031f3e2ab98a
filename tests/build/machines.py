"""Machines as their BMCs show them: the names, entities and quirks of three makers."""

from typing import Final

from tests.build.bmc import AMPERE, CELSIUS, RPM, VOLT, WATT, Discrete, Threshold

TEMPERATURE, VOLTAGE, CURRENT, FAN, SUPPLY, OTHER, MEMORY = 1, 2, 3, 4, 8, 0x0B, 0x0C
SPECIFIC, REDUNDANCY = 0x6F, 0x0B
"""Event types: states of the sensor's own kind, and of redundancy."""

Sensors = tuple[Threshold | Discrete, ...]

DELL: Final[Sensors] = (
    Threshold("Fan1", FAN, (7, 1), RPM, 59, factor=120, limits=(None, 3, 5, None, None, None)),
    Threshold("Fan2", FAN, (7, 1), RPM, 2, factor=120, limits=(None, 3, 5, None, None, None),
              state=0x03),
    Threshold("Inlet Temp", TEMPERATURE, (7, 1), CELSIUS, 23, limits=(None, 0, 3, 38, 42, None)),
    Threshold("Exhaust Temp", TEMPERATURE, (7, 1), CELSIUS, 39,
              limits=(None, 3, 8, 70, 75, None)),
    Threshold("Temp", TEMPERATURE, (3, 1), CELSIUS, 61, limits=(None, 3, 8, 83, 88, None)),
    Threshold("Temp", TEMPERATURE, (3, 2), CELSIUS, 84, limits=(None, 3, 8, 83, 88, None),
              state=0x08),
    Threshold("Current 1", CURRENT, (10, 1), AMPERE, 7, exponent=-1),
    Threshold("Current 2", CURRENT, (10, 2), AMPERE, None),
    Threshold("Voltage 1", VOLTAGE, (10, 1), VOLT, 115, factor=2),
    Threshold("Voltage 2", VOLTAGE, (10, 2), VOLT, None),
    Threshold("Pwr Consumption", CURRENT, (7, 1), WATT, 39, factor=8),
    Discrete("Status", SUPPLY, SPECIFIC, (10, 1), 0b0001),
    Discrete("Status", SUPPLY, SPECIFIC, (10, 2), 0b1011),
    Discrete("PS Redundancy", SUPPLY, REDUNDANCY, (19, 1), 0b10),
    Discrete("Fan Redundancy", FAN, REDUNDANCY, (30, 1), 0b01),
    Discrete("ECC Corr Err", MEMORY, SPECIFIC, (34, 1), None),
)  # fmt: skip
"""Both processors have a sensor `Temp`; supply 2 has failed and lost its input."""

SUPERMICRO: Final[Sensors] = (
    Threshold("CPU1 Temp", TEMPERATURE, (3, 1), CELSIUS, 55, limits=(0, 0, 0, 95, 98, 100)),
    Threshold("CPU2 Temp", TEMPERATURE, (3, 2), CELSIUS, None),
    Threshold("CPU1 Margin", TEMPERATURE, (3, 1), CELSIUS, 0xCC, signed=True),
    Threshold("System Temp", TEMPERATURE, (7, 11), CELSIUS, 31, limits=(0, 0, 0, 80, 85, 90)),
    Threshold("Peripheral Temp", TEMPERATURE, (7, 12), CELSIUS, 0),
    Threshold("P1-DIMMA1 Temp", TEMPERATURE, (32, 64), CELSIUS, 36,
              limits=(None, None, None, 80, 85, 90)),
    Threshold("NVMe_SSD Temp", TEMPERATURE, (7, 13), CELSIUS, 44),
    Threshold("PS1 Temp", TEMPERATURE, (10, 1), CELSIUS, 33),
    Threshold("FAN1", FAN, (29, 1), RPM, 81, factor=100, limits=(3, 5, 7, 253, 254, 255)),
    Threshold("FAN2", FAN, (29, 2), RPM, None),
    Threshold("FAN3", FAN, (29, 3), RPM, 90, factor=100, scanning=False),
    Threshold("12V", VOLTAGE, (7, 17), VOLT, 120, exponent=-1),
    Threshold("PS1 Input Power", OTHER, (10, 1), WATT, 52, factor=4),
    Threshold("PS1 Output Power", OTHER, (10, 1), WATT, 48, factor=4),
    Threshold("PS2 Input Power", OTHER, (10, 2), WATT, 0, factor=4),
    Discrete("PS1 Status", SUPPLY, SPECIFIC, (10, 1), 0b0001),
    Discrete("PS2 Status", SUPPLY, SPECIFIC, (10, 2), 0b1001),
    Discrete("PS3 Status", SUPPLY, SPECIFIC, (10, 3), 0),
    Threshold("CPU1 Power", OTHER, (3, 1), WATT, 88),
    Discrete("Chassis Intru", 5, SPECIFIC, (23, 1), 0),
)  # fmt: skip
"""One processor and one supply of two at work: the others are without a reading, cold or dark."""

HPE: Final[Sensors] = (
    Threshold("01-Inlet Ambient", TEMPERATURE, (64, 1), CELSIUS, 21,
              limits=(None, None, None, None, 42, 47)),
    Threshold("02-CPU 1", TEMPERATURE, (65, 1), CELSIUS, 40,
              limits=(None, None, None, None, 70, None)),
    Threshold("26-PS 1 Inlet", TEMPERATURE, (10, 1), CELSIUS, 28),
    Threshold("Fan 1", FAN, (7, 1), 0, 75, factor=392, exponent=-3, percent=True, event=0x0A,
              state=0x01),
    Threshold("Power Supply 1", SUPPLY, (10, 1), WATT, 22, factor=5, event=SPECIFIC, state=0x01),
    Threshold("Power Supply 2", SUPPLY, (10, 2), WATT, 0, factor=5, event=SPECIFIC, state=0x05),
    Threshold("Power Meter", OTHER, (7, 1), WATT, 46, factor=5, event=0x03, state=0x02),
    Discrete("Fan Redundancy", FAN, REDUNDANCY, (30, 1), 0b10),
)  # fmt: skip
"""Numbers on sensors with states, fans by their duty, places by their entity."""
HPE_NUMBER: Final = 11
