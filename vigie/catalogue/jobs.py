"""Work: who uses what, and what they waited for. Jobs join with GPUs by host, GPU and time."""

from vigie.shape import Measurement, counter, gauge, key
from vigie.units import BYTE, ONE, RATIO, SECOND


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


class Queue(Measurement, name="queue", period_seconds=60, fr="File d'attente", en="Queue"):
    """What one tenant asks of the scheduler of a container, and gets."""

    host = key("Host of the scheduler, or none.", fr="Hôte", en="Host")
    scheduler = key("slurm, kubernetes or another.", fr="Ordonnanceur", en="Scheduler")
    tenant = key("Id of the tenant in the network; none where nobody said.", fr="Locataire",
                 en="Tenant")  # fmt: skip
    running_count = gauge(ONE, 0, 1e7, "GPUs at work.", fr="GPU occupés", en="GPUs at work")
    waiting_count = gauge(ONE, 0, 1e7, "GPUs waited for.", fr="GPU attendus", en="GPUs awaited")
    asked_gpu_seconds_total = counter(
        SECOND, "GPU time of all jobs submitted.", high_rate=1e8, fr="Demandé", en="Asked"
    )
    served_gpu_seconds_total = counter(
        SECOND, "GPU time that jobs had.", high_rate=1e7, fr="Servi", en="Served"
    )
    refused_gpu_seconds_total = counter(
        SECOND, "GPU time of jobs turned away.", high_rate=1e8, fr="Refusé", en="Refused"
    )
    lost_gpu_seconds_total = counter(
        SECOND, "GPU time of work lost to failures.", high_rate=1e7, fr="Perdu", en="Lost"
    )
    started_total = counter(ONE, "Jobs begun.", fr="Travaux commencés", en="Jobs begun")
    wait_seconds_total = counter(
        SECOND, "Time that jobs begun had waited.", high_rate=1e7, fr="Attente", en="Wait"
    )
