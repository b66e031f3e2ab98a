"""One operating system and its readers: host, filesystem, disk_io, source."""

from vigie.shape import Measurement, counter, flag, gauge, key, state
from vigie.units import BYTE, ONE, RATIO, SECOND


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
        {
            "ok": ("lue", "read"),
            "absent": ("absente de la machine", "not on this machine"),
            "failed": ("en échec", "failed"),
            "stuck": ("bloquée", "stuck"),
            "off": ("non demandée", "not asked for"),
        },
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
        "Resident memory of the agent's processes (agent row).",
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
