"""Work: who uses what. Joined with GPUs by host, GPU and time."""

from vigie.shape import Measurement, gauge, key
from vigie.units import BYTE, ONE, RATIO


class Job(Measurement, name="job", period_seconds=10, fr="Travail", en="Job"):
    """What one job uses of one GPU, from the driver's list of processes."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    gpu = key("UUID of the board or instance.", fr="GPU", en="GPU")
    scheduler = key("slurm, kubernetes, systemd or none.", fr="Ordonnanceur", en="Scheduler")
    job = key("Its name there; a process number where there is none.", fr="Travail", en="Job")
    processes_count = gauge(
        ONE, 0, 100_000, "Its processes there.", fr="Processus", en="Processes", integer=True
    )
    gpu_memory_bytes = gauge(
        BYTE, 0, 2**42, "GPU memory that they hold.", fr="Mémoire GPU", en="GPU memory"
    )
    sm_utilization_ratio = gauge(
        RATIO,
        0,
        1,
        "Share of time with a kernel of theirs running.",
        fr="Utilisation SM",
        en="SM utilisation",
    )
