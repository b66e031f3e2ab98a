"""What can happen once: every event, from the agent or from the collector."""

from typing import Final

from vigie.shape import Event, Severity

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
GPU_XID: Final = Event(
    "gpu_xid",
    Severity.INFO,
    "The driver reported an error that a program can cause.",
    "Erreur XID d'un programme",
    "XID error of a program",
    keys=("host", "gpu", "xid"),
)
GPU_XID_HARDWARE: Final = Event(
    "gpu_xid_hardware",
    Severity.CRITICAL,
    "The driver reported an error of the GPU itself: memory, bus, link or firmware.",
    "Erreur XID matérielle",
    "XID error of the hardware",
    keys=("host", "gpu", "xid"),
)
GPU_LOST: Final = Event(
    "gpu_lost",
    Severity.CRITICAL,
    "A GPU that was there does not answer any more.",
    "GPU perdu",
    "GPU lost",
    keys=("host", "gpu"),
)
GPU_BACK: Final = Event(
    "gpu_back",
    Severity.INFO,
    "A GPU that was lost answers again.",
    "GPU retrouvé",
    "GPU back",
    keys=("host", "gpu"),
)
DRIVER_CHANGED: Final = Event(
    "driver_changed",
    Severity.INFO,
    "Another version of the GPU driver runs; the detail names both.",
    "Pilote GPU changé",
    "GPU driver changed",
    keys=("host",),
)
DISK_RISK: Final = Event(
    "disk_risk",
    Severity.WARNING,
    "The health of a disk fell; the detail says which component, and from what to what.",
    "Disque à risque",
    "Disk at risk",
    keys=("host", "disk"),
)
POOL_CHANGED: Final = Event(
    "pool_changed",
    Severity.WARNING,
    "A pool's status became another.",
    "État d'une grappe changé",
    "Pool changed status",
    keys=("host", "pool"),
)
FRAGMENTS_DAMAGED: Final = Event(
    "fragments_damaged",
    Severity.CRITICAL,
    "Fragments were found corrupt, missing or unreadable; the detail counts them.",
    "Fragments endommagés",
    "Fragments damaged",
    keys=("host", "store"),
)
