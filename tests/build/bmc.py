"""A BMC that answers the real ipmitool over the network: power, sensors, and every refusal.

IPMI 1.5 over LAN without authentication, after the IPMI v2.0 specification (sections 13, 22, 33,
35, 43) and DCMI v1.5 (section 6.6). `ipmitool -I lan` speaks it; what ipmitool prints is the same
as over /dev/ipmi0.
"""

import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

APP, SENSOR, STORAGE, GROUP = 0x06, 0x04, 0x0A, 0x2C
OK, BUSY, INVALID, NOT_FOUND, DENIED = 0x00, 0xC0, 0xC1, 0xCB, 0xD4
CELSIUS, VOLT, AMPERE, WATT, RPM = 1, 4, 5, 6, 18
SESSION: Final = b"\x01\x02\x03\x04"
IPMI_CLASS: Final = 0x07
PONG: Final = bytes.fromhex("0600ff06 000011be 40000010 000011be 00000000 81000000 00000000")
"""To the one question of another class that ipmitool has: is anybody there?"""
END: Final = 0xFFFF
"""Record number that stands for: no more."""


@dataclass(frozen=True)
class Threshold:
    """A sensor with a number: raw byte × `factor` × 10^`exponent`, in a unit of IPMI's table.

    `raw` None: no reading. `limits` are raw: lower non-recoverable, critical, non-critical, upper
    non-critical, critical, non-recoverable. `state` bits are in the order of IPMI: lnc, lcr, lnr,
    unc, ucr, unr. With an `event` code other than 1 it is one with states that has a number as
    well, as HPE has them: `state` is then what it asserts.
    """

    name: str
    kind: int
    entity: tuple[int, int]
    unit: int
    raw: int | None
    factor: int = 1
    exponent: int = 0
    limits: tuple[int | None, ...] = (None,) * 6
    state: int = 0
    scanning: bool = True
    percent: bool = False
    signed: bool = False
    event: int = 0x01

    def record(self, number: int) -> bytes:
        """Its full sensor record (43.1), less the header."""
        lower = sum(1 << bit for bit, i in enumerate((2, 1, 0)) if self.limits[i] is not None)
        upper = sum(8 << bit for bit, i in enumerate((3, 4, 5)) if self.limits[i] is not None)
        readable, name = lower | upper, self.name.encode()
        unr, ucr, unc = (self.limits[i] or 0 for i in (5, 4, 3))
        lnr, lcr, lnc = (self.limits[i] or 0 for i in (0, 1, 2))
        return bytes([
            0x20, 0, number, *self.entity, 0x7F, 0x68, self.kind, self.event,
            0, 0, 0, 0, readable, readable,
            (0x80 if self.signed else 0) | self.percent, self.unit, 0, 0,
            self.factor & 0xFF, self.factor >> 2 & 0xC0, 0, 0, 0, (self.exponent & 0xF) << 4,
            0, 0, 0, 0, 0xFF, 0, unr, ucr, unc, lnr, lcr, lnc, 0, 0, 0, 0, 0,
            0xC0 | len(name),
        ]) + name  # fmt: skip

    def reading(self) -> bytes:
        """The answer to Get Sensor Reading (35.14)."""
        status = (0x40 if self.scanning else 0) | (0x20 if self.raw is None else 0)
        states = [0xC0 | self.state] if self.event == 1 else [self.state, 0x80]
        return bytes([OK, self.raw or 0, 0x80 | status, *states])


@dataclass(frozen=True)
class Discrete:
    """A sensor with states: bit n of `states` is offset n of its type."""

    name: str
    kind: int
    event: int
    entity: tuple[int, int]
    states: int | None

    def record(self, number: int) -> bytes:
        """Its compact sensor record (43.2), less the header."""
        name = self.name.encode()
        return bytes([
            0x20, 0, number, *self.entity, 0x7F, 0x68, self.kind, self.event,
            0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xC0 | len(name),
        ]) + name  # fmt: skip

    def reading(self) -> bytes:
        """The answer to Get Sensor Reading (35.14)."""
        status = 0xC0 | (0x20 if self.states is None else 0)
        bits = self.states or 0
        return bytes([OK, 0, status, bits & 0xFF, 0x80 | bits >> 8])


@dataclass
class Power:
    """The answer to DCMI Get Power Reading: watts, statistics, seconds that they are over."""

    now: int
    least: int
    most: int
    mean: int
    seconds: float
    active: bool = True

    def bytes(self) -> bytes:
        """The answer (DCMI 6.6.1)."""
        return bytes([OK, 0xDC]) + struct.pack(
            "<HHHHIIB", self.now, self.least, self.most, self.mean, 1_700_000_000,
            round(self.seconds * 1000), 0x40 if self.active else 0,
        )  # fmt: skip


@dataclass
class Bmc:
    """The controller; a context that ends it. Its fields may be changed meanwhile.

    `maker` is its IANA number. `refuses` is the completion code that DCMI and sensor commands get
    instead of an answer; `silent` answers nothing more after the session is made, as one that
    hangs; each answer comes after `delay` seconds.
    """

    sensors: tuple[Threshold | Discrete, ...] = ()
    power: Power | None = None
    refuses: int | None = None
    silent: bool = False
    delay: float = 0.0
    maker: int = 0
    port: int = 0
    _socket: socket.socket = field(init=False)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, name="bmc")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
            end.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    @property
    def options(self) -> tuple[str, ...]:
        """What ipmitool is told to reach it."""
        return ("-I", "lan", "-H", "127.0.0.1", "-p", str(self.port), "-A", "NONE", "-R", "1")

    def _serve(self) -> None:
        while True:
            packet, sender = self._socket.recvfrom(1024)
            if not packet:
                return
            answered = self._answer(packet) if packet[3] == IPMI_CLASS else PONG
            if answered is not None:
                time.sleep(self.delay)
                self._socket.sendto(answered, sender)

    def _answer(self, packet: bytes) -> bytes | None:
        """The packet that answers a packet (13.6, 13.8), or None."""
        message = packet[14:]
        function, lun, command = message[1] >> 2, message[1] & 3, message[5]
        body = self._body(function, command, message[6:-1])
        if body is None:
            return None
        head = bytes([message[3], (function + 1) << 2 | lun])
        rest = bytes([message[0], message[4], command]) + body
        answer = head + bytes([-sum(head) & 0xFF]) + rest + bytes([-sum(rest) & 0xFF])
        return packet[:4] + packet[4:13] + bytes([len(answer)]) + answer

    def _body(self, function: int, command: int, data: bytes) -> bytes | None:
        """Completion code and data for a command."""
        if function == APP:
            return self._session(command, data)
        if self.silent:
            return None
        if self.refuses is not None:
            return bytes([self.refuses])
        if (function, command) == (GROUP, 0x02) and self.power is not None:
            return self.power.bytes()
        if function == STORAGE:
            return self._storage(command, data)
        if (function, command) == (SENSOR, 0x2D) and data[0] < len(self.sensors):
            return self.sensors[data[0]].reading()
        return bytes([INVALID])

    def _session(self, command: int, data: bytes) -> bytes:
        """What a session needs: capabilities, challenge, activation, privilege, its end."""
        return {
            0x01: bytes([OK, 0x20, 0x81, 1, 0, 0x51, 0x8F, self.maker, *bytes(8)]),
            0x38: bytes([OK, 1, 0x01, 0x04, 0, 0, 0, 0, 0]),
            0x39: bytes([OK]) + SESSION + bytes(16),
            0x3A: bytes([OK, 0]) + SESSION + bytes([1, 0, 0, 0, 4]),
            0x3B: bytes([OK]) + data[:1],
            0x3C: bytes([OK]),
        }.get(command, bytes([INVALID]))

    def _storage(self, command: int, data: bytes) -> bytes:
        """The repository of sensor records (33.9, 33.11, 33.12)."""
        count = len(self.sensors)
        if command == 0x20:
            return struct.pack("<BBHHIIB", OK, 0x51, count, 0xFFFF, 1, 1, 0x02)
        if command == 0x22:
            return bytes([OK, 1, 0])
        if command != 0x23:
            return bytes([INVALID])
        number = int.from_bytes(data[2:4], "little")
        offset, length = data[4], data[5]
        if number >= count:
            return bytes([NOT_FOUND])
        sensor = self.sensors[number]
        body = sensor.record(number)
        kind = 1 if isinstance(sensor, Threshold) else 2
        record = struct.pack("<HBBB", number, 0x51, kind, len(body)) + body
        after = number + 1 if number + 1 < count else END
        return struct.pack("<BH", OK, after) + record[offset : offset + length]
