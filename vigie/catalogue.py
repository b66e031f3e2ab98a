"""Everything that Vigie can be told: measurements, events and inventories. Read this first.

Each name here is the name everywhere: on the wire, in the tables, in Prometheus text
(`vigie_<measurement>_<field>`), on the screens and in `docs/reference/`. Names and numbers are
append-only; `tests/golden/catalogue.txt` holds them.

`host` is a key of every measurement that a host can report: a container's own agent may speak
for many hosts. Things that belong to no host carry the word "none". The container is no key of
a row: it comes from the credential that sent it.
"""

from typing import Final

from vigie.shape import (
    Event,
    Inventory,
    Measurement,
    Severity,
    bits,
    counter,
    flag,
    gauge,
    key,
    state,
    text,
)
from vigie.units import (
    AMPERE,
    BYTE,
    CELSIUS,
    HERTZ,
    JOULE,
    ONE,
    RATIO,
    SECOND,
    VOLT,
    VOLT_AMPERE,
    WATT,
)

VERSION: Final = 1
"""Grows with every change of this page; a frame says which one its agent spoke."""

NO_HOST: Final = "none"
"""The host key of a device that belongs to no host."""


class Host(Measurement, name="host", period_seconds=1, fr="Hôte", en="Host"):
    """One operating system: processor, memory, pressure, network."""

    host = key("Name of the host, unique in its container.", fr="Hôte", en="Host")
    boot_time_seconds = gauge(
        SECOND, 1, 1e11, "Unix time of the last start.", fr="Démarré le", en="Booted at"
    )
    cpu_count = gauge(
        ONE,
        1,
        4096,
        "Logical processors online.",
        fr="Processeurs",
        en="Processors",
        integer=True,
    )
    cpu_busy_seconds_total = counter(
        SECOND,
        "Processor time not idle and not waiting, all processors.",
        high_rate=4096,
        fr="Temps processeur",
        en="Processor time",
    )
    cpu_iowait_seconds_total = counter(
        SECOND,
        "Processor time idle while a disk request was pending.",
        high_rate=4096,
        fr="Attente disque",
        en="Disk wait",
    )
    cpu_busy_ratio = gauge(
        RATIO,
        0,
        1,
        "Share of processor time busy since the reading before.",
        fr="Charge processeur",
        en="Processor load",
    )
    load1 = gauge(ONE, 0, 1e6, "Runnable tasks, 1 min mean.", fr="Charge 1 min", en="Load 1 min")
    memory_total_bytes = gauge(
        BYTE, 0, 2**50, "Memory installed.", fr="Mémoire totale", en="Memory total"
    )
    memory_available_bytes = gauge(
        BYTE,
        0,
        2**50,
        "Memory that new work could get without swapping.",
        fr="Mémoire disponible",
        en="Memory available",
    )
    swap_used_bytes = gauge(BYTE, 0, 2**50, "Swap in use.", fr="Échange utilisé", en="Swap used")
    pressure_cpu_seconds_total = counter(
        SECOND,
        "Time some task waited for a processor (PSI some).",
        high_rate=1.1,
        fr="Pression processeur",
        en="Processor pressure",
    )
    pressure_memory_seconds_total = counter(
        SECOND,
        "Time some task waited for memory (PSI some).",
        high_rate=1.1,
        fr="Pression mémoire",
        en="Memory pressure",
    )
    pressure_io_seconds_total = counter(
        SECOND,
        "Time some task waited for a disk (PSI some).",
        high_rate=1.1,
        fr="Pression disque",
        en="Disk pressure",
    )
    network_receive_bytes_total = counter(
        BYTE,
        "Bytes received, loopback left out.",
        high_rate=1e12,
        fr="Octets reçus",
        en="Bytes received",
    )
    network_transmit_bytes_total = counter(
        BYTE,
        "Bytes sent, loopback left out.",
        high_rate=1e12,
        fr="Octets émis",
        en="Bytes sent",
    )
    network_errors_total = counter(
        ONE,
        "Errors and drops, both ways, loopback left out.",
        fr="Erreurs réseau",
        en="Network errors",
    )


class Filesystem(
    Measurement, name="filesystem", period_seconds=10, fr="Système de fichiers", en="Filesystem"
):
    """One mounted file system that stores bytes."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    mount = key("Where it is mounted.", fr="Montage", en="Mount")
    size_bytes = gauge(BYTE, 0, 2**60, "Size.", fr="Taille", en="Size")
    available_bytes = gauge(
        BYTE, 0, 2**60, "Free for programs without privilege.", fr="Disponible", en="Available"
    )
    inodes_total = gauge(ONE, 0, 2**60, "Inodes.", fr="Inodes", en="Inodes", integer=True)
    inodes_available = gauge(
        ONE, 0, 2**60, "Inodes free.", fr="Inodes libres", en="Inodes free", integer=True
    )
    read_only = flag("Mounted read-only.", fr="Lecture seule", en="Read-only")


class DiskIo(Measurement, name="disk_io", period_seconds=1, fr="Accès disque", en="Disk I/O"):
    """Traffic of one whole block device, as the kernel counts it."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    device = key("Kernel name of the device.", fr="Périphérique", en="Device")
    read_bytes_total = counter(BYTE, "Read.", high_rate=1e11, fr="Octets lus", en="Bytes read")
    written_bytes_total = counter(
        BYTE, "Written.", high_rate=1e11, fr="Octets écrits", en="Bytes written"
    )
    reads_total = counter(ONE, "Reads completed.", fr="Lectures", en="Reads")
    writes_total = counter(ONE, "Writes completed.", fr="Écritures", en="Writes")
    io_time_seconds_total = counter(
        SECOND,
        "Time with at least one request in flight.",
        high_rate=1.1,
        fr="Temps occupé",
        en="Busy time",
    )


class Source(Measurement, name="source", period_seconds=1, fr="Source", en="Source"):
    """One reader of the agent, and on the row `source="agent"` the agent itself."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    source = key("Name of the reader.", fr="Source", en="Source")
    status = state(
        ("ok", "absent", "failed", "stuck", "off"),
        "What its last turn gave: readings, nothing to read, an error, no return, not asked for.",
        fr="État",
        en="Status",
    )
    duration_seconds = gauge(
        SECOND, 0, 3600, "How long the last turn took.", fr="Durée", en="Duration"
    )
    age_seconds = gauge(SECOND, 0, 1e9, "Time since its last good reading.", fr="Âge", en="Age")
    values_total = counter(ONE, "Values read since the agent started.", fr="Valeurs", en="Values")
    failures_total = counter(ONE, "Turns that failed.", fr="Échecs", en="Failures")
    timeouts_total = counter(
        ONE, "Turns that did not return in time.", fr="Dépassements", en="Timeouts"
    )
    skipped_total = counter(
        ONE,
        "Turns not taken because the one before was still running.",
        fr="Tours sautés",
        en="Turns skipped",
    )
    spool_bytes = gauge(
        BYTE,
        0,
        2**50,
        "Waiting on disk to be sent (agent row).",
        fr="File d'attente",
        en="Spool",
    )
    spool_frames = gauge(
        ONE,
        0,
        2**50,
        "Frames waiting to be sent to the slowest upstream (agent row).",
        fr="Trames en attente",
        en="Frames waiting",
        integer=True,
    )
    dropped_frames_total = counter(
        ONE,
        "Frames evicted from a full spool (agent row).",
        fr="Trames perdues",
        en="Frames dropped",
    )
    refused_frames_total = counter(
        ONE,
        "Frames an upstream refused for good (agent row).",
        fr="Trames refusées",
        en="Frames refused",
    )
    agent_cpu_seconds_total = counter(
        SECOND,
        "Processor time of the agent's process tree (agent row).",
        high_rate=64,
        fr="Processeur de l'agent",
        en="Agent processor time",
    )
    agent_memory_bytes = gauge(
        BYTE,
        0,
        2**45,
        "Resident memory of the agent (agent row).",
        fr="Mémoire de l'agent",
        en="Agent memory",
    )
    clock_offset_seconds = gauge(
        SECOND,
        None,
        None,
        "The agent's clock less the collector's (agent row).",
        fr="Écart d'horloge",
        en="Clock offset",
        origin="collector",
    )


class Gpu(Measurement, name="gpu", period_seconds=1, fr="GPU", en="GPU"):
    """One GPU as its driver reports it."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    gpu = key("UUID of the board.", fr="GPU", en="GPU")
    utilization_ratio = gauge(
        RATIO, 0, 1, "Share of time with a kernel running.", fr="Utilisation", en="Utilisation"
    )
    sm_active_ratio = gauge(
        RATIO,
        0,
        1,
        "Share of multiprocessor time with a warp assigned.",
        fr="SM actifs",
        en="SM active",
    )
    tensor_active_ratio = gauge(
        RATIO,
        0,
        1,
        "Share of time the tensor pipes were busy.",
        fr="Tenseurs actifs",
        en="Tensor active",
    )
    dram_active_ratio = gauge(
        RATIO, 0, 1, "Share of time the memory moved data.", fr="DRAM active", en="DRAM active"
    )
    memory_used_bytes = gauge(
        BYTE,
        0,
        2**42,
        "Memory allocated, the driver's reserve left out.",
        fr="Mémoire utilisée",
        en="Memory used",
    )
    memory_total_bytes = gauge(
        BYTE, 0, 2**42, "Memory on the board.", fr="Mémoire totale", en="Memory total"
    )
    power_watts = gauge(WATT, 0, 2000, "Board power, 1 s mean.", fr="Puissance", en="Power")
    power_limit_watts = gauge(
        WATT, 0, 2000, "Enforced power limit.", fr="Limite de puissance", en="Power limit"
    )
    energy_joules_total = counter(
        JOULE,
        "Energy drawn since the driver loaded.",
        high_rate=2400,
        fr="Énergie",
        en="Energy",
    )
    temperature_celsius = gauge(
        CELSIUS, 0, 110, "Core temperature.", fr="Température", en="Temperature"
    )
    memory_temperature_celsius = gauge(
        CELSIUS,
        1,
        120,
        "Memory temperature.",
        fr="Température mémoire",
        en="Memory temperature",
    )
    sm_clock_hertz = gauge(HERTZ, 0, 4e9, "Multiprocessor clock.", fr="Horloge SM", en="SM clock")
    throttle_reasons = bits(
        (
            "idle",
            "applications_clocks",
            "power_cap",
            "hardware_slowdown",
            "sync_boost",
            "software_thermal",
            "hardware_thermal",
            "power_brake",
            "display_clocks",
        ),
        "Why the clocks are below their maximum.",
        fr="Bridage",
        en="Throttling",
    )
    throttle_thermal_seconds_total = counter(
        SECOND,
        "Time slowed by heat.",
        high_rate=1.1,
        fr="Bridage thermique",
        en="Thermal throttling",
    )
    ecc_corrected_total = counter(
        ONE,
        "Memory errors corrected since the driver loaded.",
        fr="ECC corrigées",
        en="ECC corrected",
    )
    ecc_uncorrected_total = counter(
        ONE,
        "Memory errors not corrected since the driver loaded.",
        fr="ECC non corrigées",
        en="ECC uncorrected",
    )
    pcie_receive_bytes_total = counter(
        BYTE, "Received over PCIe.", high_rate=2e11, fr="PCIe reçus", en="PCIe received"
    )
    pcie_transmit_bytes_total = counter(
        BYTE, "Sent over PCIe.", high_rate=2e11, fr="PCIe émis", en="PCIe sent"
    )


class Power(Measurement, name="power", period_seconds=1, fr="Électricité", en="Power"):
    """One metering point: where power is measured, and what for."""

    host = key("Host that it feeds, or none.", fr="Hôte", en="Host")
    meter = key("Name of the metering point.", fr="Compteur", en="Meter")
    role = key("Its place in the PUE: site, ups, it, cooling, other.", fr="Rôle PUE", en="PUE role")
    phase = key("all, l1, l2 or l3.", fr="Phase", en="Phase")
    method = key("How it is known: meter, counter, gauge, model.", fr="Méthode", en="Method")
    power_watts = gauge(
        WATT, -1e9, 1e9, "Active power; export is negative.", fr="Puissance", en="Power"
    )
    energy_joules_total = counter(
        JOULE, "Energy taken.", high_rate=1e9, fr="Énergie", en="Energy", integer=False
    )
    energy_exported_joules_total = counter(
        JOULE,
        "Energy given back.",
        high_rate=1e9,
        fr="Énergie exportée",
        en="Energy exported",
    )
    apparent_power_voltamperes = gauge(
        VOLT_AMPERE, 0, 1e9, "Apparent power.", fr="Puissance apparente", en="Apparent power"
    )
    voltage_volts = gauge(VOLT, 0, 500_000, "Voltage.", fr="Tension", en="Voltage")
    current_amperes = gauge(AMPERE, 0, 100_000, "Current.", fr="Courant", en="Current")


class Device(Inventory, name="device", fr="Équipement", en="Device"):
    """One piece of equipment and what it is."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    device = key(
        "Stable identity: serial, WWN, UUID, else kernel name.", fr="Équipement", en="Device"
    )
    kind = text("machine, processor, disk, gpu.", fr="Genre", en="Kind")
    model = text("Maker's model name.", fr="Modèle", en="Model")
    serial = text("Maker's serial number.", fr="Numéro de série", en="Serial number")
    firmware = text("Firmware, kernel or driver version.", fr="Micrologiciel", en="Firmware")
    size = text("Capacity as the device says it, with its unit.", fr="Capacité", en="Capacity")


MEASUREMENTS: Final[tuple[type[Measurement], ...]] = (
    Host,
    Filesystem,
    DiskIo,
    Source,
    Gpu,
    Power,
)

INVENTORIES: Final[tuple[type[Inventory], ...]] = (Device,)

AGENT_STARTED: Final = Event(
    "agent_started",
    Severity.INFO,
    "The agent began a new boot of its own.",
    "L'agent a démarré",
    "The agent started",
)
SOURCE_CHANGED: Final = Event(
    "source_changed",
    Severity.INFO,
    "A source's status became another.",
    "Une source a changé d'état",
    "A source changed status",
    keys=("host", "source"),
)
GAP: Final = Event(
    "gap",
    Severity.WARNING,
    "Readings that were taken, or due, and will never arrive: from, to and why in the detail.",
    "Mesures perdues",
    "Readings lost",
)
CLOCK_WRONG: Final = Event(
    "clock_wrong",
    Severity.WARNING,
    "An agent's clock was off and its readings were re-stamped.",
    "Horloge fausse, mesures redatées",
    "Wrong clock, readings re-stamped",
    keys=("host",),
    origin="collector",
)
IDENTITY_REUSED: Final = Event(
    "identity_reused",
    Severity.CRITICAL,
    "A frame came with the identity of another and a different content; it was not stored.",
    "Identité de trame réutilisée",
    "Frame identity reused",
    origin="collector",
)
TOO_LATE: Final = Event(
    "too_late",
    Severity.WARNING,
    "Readings older than the late limit: stored, and left out of every rollup.",
    "Mesures trop tardives",
    "Readings too late",
    origin="collector",
)
DAMAGED: Final = Event(
    "damaged",
    Severity.CRITICAL,
    "A stored file or record was unreadable and was put in quarantine; the detail names it.",
    "Données endommagées",
    "Damaged data",
    origin="collector",
)

EVENTS: Final[tuple[Event, ...]] = (
    AGENT_STARTED,
    SOURCE_CHANGED,
    GAP,
    CLOCK_WRONG,
    IDENTITY_REUSED,
    TOO_LATE,
    DAMAGED,
)


def measurement(name: str) -> type[Measurement] | None:
    """The measurement of that name, or None."""
    return next((m for m in MEASUREMENTS if m.name == name), None)


def event(code: str) -> Event | None:
    """The event of that code, or None."""
    return next((e for e in EVENTS if e.code == code), None)


def inventory(name: str) -> type[Inventory] | None:
    """The inventory of that name, or None."""
    return next((i for i in INVENTORIES if i.name == name), None)
