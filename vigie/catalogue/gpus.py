"""GPUs, what they are cut into, and their errors: gpu, gpu_instance, gpu_xid."""

from vigie.shape import Measurement, bits, counter, flag, gauge, key, state
from vigie.units import BYTE, CELSIUS, HERTZ, JOULE, ONE, RATIO, SECOND, WATT


class Gpu(Measurement, name="gpu", period_seconds=10, fr="GPU", en="GPU"):
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
        {
            "idle": ("inactif", "idle"),
            "applications_clocks": ("horloges imposées", "clocks set"),
            "power_cap": ("limite de puissance", "power limit"),
            "hardware_slowdown": ("ralenti par la carte", "slowed by the board"),
            "sync_boost": ("groupe synchronisé", "kept in step"),
            "software_thermal": ("chaleur (pilote)", "heat (driver)"),
            "hardware_thermal": ("chaleur (carte)", "heat (board)"),
            "power_brake": ("frein d'alimentation", "power brake"),
            "display_clocks": ("horloge écran", "display clock"),
        },
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
    up = flag("The driver answers for it.", fr="Répond", en="Answers")
    power_instant_watts = gauge(
        WATT, 0, 2000, "Board power at one instant.", fr="Puissance instantanée", en="Instant power"
    )
    module_power_watts = gauge(
        WATT,
        0,
        5000,
        "Power of the module that the GPU shares with its processor; contains `power_watts`.",
        fr="Puissance du module",
        en="Module power",
    )
    temperature_margin_celsius = gauge(
        CELSIUS,
        -20,
        110,
        "Degrees left before the clocks slow down.",
        fr="Marge thermique",
        en="Thermal margin",
    )
    memory_clock_hertz = gauge(
        HERTZ, 0, 2e10, "Memory clock.", fr="Horloge mémoire", en="Memory clock"
    )
    sm_occupancy_ratio = gauge(
        RATIO,
        0,
        1,
        "Warps resident, of those that would fit.",
        fr="Occupation des SM",
        en="SM occupancy",
    )
    memory_reserved_bytes = gauge(
        BYTE,
        0,
        2**42,
        "Memory that the driver keeps for itself.",
        fr="Mémoire réservée",
        en="Memory reserved",
    )
    throttle_power_seconds_total = counter(
        SECOND,
        "Time slowed to keep the power limit.",
        high_rate=1.1,
        fr="Bridage en puissance",
        en="Power throttling",
    )
    throttle_hardware_seconds_total = counter(
        SECOND,
        "Time slowed by the board itself: overheating and power brake, both at once count twice.",
        high_rate=2.1,
        fr="Bridage matériel",
        en="Hardware throttling",
    )
    ecc_corrected_lifetime_total = counter(
        ONE,
        "Memory errors corrected in the life of the board.",
        fr="ECC corrigées, cumul",
        en="ECC corrected, lifetime",
    )
    ecc_uncorrected_lifetime_total = counter(
        ONE,
        "Memory errors not corrected in the life of the board.",
        fr="ECC non corrigées, cumul",
        en="ECC uncorrected, lifetime",
    )
    rows_remapped_corrected_total = counter(
        ONE,
        "Memory rows replaced after corrected errors.",
        fr="Lignes remplacées, corrigées",
        en="Rows remapped, corrected",
    )
    rows_remapped_uncorrected_total = counter(
        ONE,
        "Memory rows replaced after uncorrected errors.",
        fr="Lignes remplacées, non corrigées",
        en="Rows remapped, uncorrected",
    )
    row_remap_pending = flag(
        "A row waits for a reset to be replaced.",
        fr="Remplacement en attente",
        en="Row remap pending",
    )
    row_remap_failed = flag(
        "No spare row is left: replace the board.",
        fr="Remplacement impossible",
        en="Row remap failed",
    )
    recovery_action = state(
        {
            "none": ("aucune", "none"),
            "gpu_reset": ("réinitialiser le GPU", "reset the GPU"),
            "node_reboot": ("redémarrer l'hôte", "reboot the host"),
            "drain_p2p": ("vider le pair-à-pair", "drain peer-to-peer"),
            "drain_and_reset": ("vider puis réinitialiser", "drain and reset"),
            "recover_imex": ("rétablir IMEX", "recover IMEX"),
        },
        "What the driver itself advises.",
        fr="Action conseillée",
        en="Recovery action",
    )
    xid_total = counter(
        ONE, "XID errors since the agent started, all codes.", fr="Erreurs XID", en="XID errors"
    )
    nvlink_receive_bytes_total = counter(
        BYTE, "Received over NVLink.", high_rate=2e12, fr="NVLink reçus", en="NVLink received"
    )
    nvlink_transmit_bytes_total = counter(
        BYTE, "Sent over NVLink.", high_rate=2e12, fr="NVLink émis", en="NVLink sent"
    )
    nvlink_errors_total = counter(
        ONE,
        "Replays, recoveries and checksum errors of all links.",
        fr="Erreurs NVLink",
        en="NVLink errors",
    )
    pcie_replays_total = counter(
        ONE, "Packets sent again over PCIe.", fr="Répétitions PCIe", en="PCIe replays"
    )
    fabric_state = state(
        {
            "not_supported": ("sans objet", "not supported"),
            "not_started": ("non commencée", "not started"),
            "in_progress": ("en cours", "in progress"),
            "completed": ("terminée", "completed"),
        },
        "Registration with the NVLink fabric; anything but completed is not ready.",
        fr="Fabrique NVLink",
        en="NVLink fabric",
    )
    mig_enabled = flag("Cut into instances.", fr="Découpé en instances", en="Cut into instances")
    processes_count = gauge(
        ONE,
        0,
        100_000,
        "Processes that compute on it.",
        fr="Processus",
        en="Processes",
        integer=True,
    )


class GpuInstance(
    Measurement, name="gpu_instance", period_seconds=10, fr="Instance de GPU", en="GPU instance"
):
    """One MIG instance; power, clocks and temperature exist for the board alone."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    gpu = key("UUID of the board.", fr="GPU", en="GPU")
    instance = key("UUID of the instance.", fr="Instance", en="Instance")
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
        BYTE, 0, 2**42, "Memory allocated.", fr="Mémoire utilisée", en="Memory used"
    )
    memory_total_bytes = gauge(
        BYTE, 0, 2**42, "Memory of the instance.", fr="Mémoire totale", en="Memory total"
    )
    processes_count = gauge(
        ONE,
        0,
        100_000,
        "Processes that compute in it.",
        fr="Processus",
        en="Processes",
        integer=True,
    )


class GpuXid(Measurement, name="gpu_xid", period_seconds=10, fr="XID de GPU", en="GPU XID"):
    """One code of driver error on one GPU; there is a row once it has happened."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    gpu = key("UUID of the board.", fr="GPU", en="GPU")
    xid = key("Number of the code, as NVIDIA's catalogue has it.", fr="XID", en="XID")
    errors_total = counter(
        ONE, "Times it happened since the agent started.", fr="Erreurs", en="Errors"
    )
