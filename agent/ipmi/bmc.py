"""Asking the BMC of this machine one thing, by ipmitool, and what its refusals mean."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent.source import Read, grant
from agent.tool import Done, Tool
from vigie.errors import Absent, SourceFailed

DEVICES: Final = ("/dev/ipmi0", "/dev/ipmi/0", "/dev/ipmidev/0")
"""Where ipmitool looks, in this order."""
INSTALL: Final = "sudo apt install ipmitool"
_RULES: Final = Path(__file__).resolve().parents[1] / "units" / "70-vigie-ipmi.rules"
GRANT: Final = (
    f"sudo install -m644 {_RULES} /etc/udev/rules.d/ && sudo udevadm control --reload && "
    f"sudo udevadm trigger --subsystem-match=ipmi && {grant('ipmi')}"
)
READS: Final = (
    Read(DEVICES[0], "the way to the BMC", right="read and write, which is root's", grant=GRANT),
    Read("/dev/ipmi/0", "the same, by its older name", optional=True),
    Read("/dev/ipmidev/0", "likewise", optional=True),
)

REFUSAL: Final = re.compile(
    r"(?:because|info|failed): ([A-Z][^\n(]*?)(?: \(\w\w\))?$", re.MULTILINE
)
CODES: Final = (
    ("Node busy", "busy"),
    ("initialization in progress", "busy"),
    ("update mode", "busy"),
    ("Timeout", "timeout"),
    ("Insufficient privilege", "denied"),
    ("Permission denied", "denied"),
)
"""Words of ipmitool → codes of ours; what is not here is `bmc`."""
UNSUPPORTED: Final = ("Invalid command", "Parameter not supported", "Requested sensor, data")
"""Words for what this BMC does not have."""


class Bmc:
    """One BMC; `ask` runs one ipmitool at a time and never more."""

    def __init__(
        self, *, limit_seconds: float, program: str = "ipmitool",
        devices: Sequence[str] = DEVICES, options: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """`options` go before the question; with some, the BMC may be elsewhere (`-I lan`)."""
        self._tool = Tool(program, limit_seconds=limit_seconds, grant=INSTALL)
        self._devices, self._options = tuple(devices), tuple(options)

    def open(self) -> None:
        """See that there is a BMC, and that it may be asked.

        Raises:
            Absent: there is no device of a BMC, or no ipmitool.
            SourceFailed: `denied` the device is not ours to use.
        """
        if not self._options:
            device = next(filter(os.path.exists, self._devices), None)
            if device is None:
                raise Absent(
                    f"no {self._devices[0]}: this machine has no BMC, or no driver for it is "
                    "loaded (sudo modprobe -a ipmi_si ipmi_devintf)"
                )
            if not os.access(device, os.R_OK | os.W_OK):
                raise SourceFailed("denied", f"{device}: may not be used by this user: {GRANT}")
        self._tool.find()

    def ask(self, *question: str) -> Done:
        """What ipmitool answers, whatever its exit status.

        Raises:
            Absent: it is not installed.
            SourceFailed: `timeout`, `stuck`, `tool`, as `Tool.run`.
        """
        return self._tool.run(*self._options, *question)


def refusal(done: Done, what: str) -> Exception:
    """Why an answer has not what was asked: Absent where the BMC does not know it."""
    said = f"{done.complaints}\n{done.out.decode(errors='replace')}"
    found = REFUSAL.findall(said)
    words = (found[-1] if found else done.complaint).strip() or f"exit status {done.status}"
    if any(known in words for known in UNSUPPORTED) or "valid DCMI command" in said:
        return Absent(f"the BMC does not tell {what}: {words}")
    code = next((code for known, code in CODES if known in words), "bmc")
    return SourceFailed(
        code, f"ipmitool: the BMC does not tell {what}: {words}; "
        "if it stays so, restart the BMC: sudo ipmitool mc reset cold",
    )  # fmt: skip
