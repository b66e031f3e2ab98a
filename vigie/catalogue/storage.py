"""Disks, what is built of them, and what is kept on them: disk, pool, fragments."""

from vigie.shape import Measurement, bits, counter, flag, gauge, key, state
from vigie.units import BYTE, BYTE_PER_SECOND, CELSIUS, ONE, RATIO, SECOND


class Disk(Measurement, name="disk", period_seconds=600, fr="Disque", en="Disk"):
    """One disk as it describes itself (SMART)."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    disk = key("World-wide name, else serial number.", fr="Disque", en="Disk")
    smart_passed = flag("The disk says that it is well.", fr="Autotest SMART", en="SMART passed")
    health_ratio = gauge(
        RATIO,
        0,
        1,
        "A hint of risk, 1 is none: the worst of its components.",
        fr="Santé",
        en="Health",
    )
    health_reason = state(
        {
            "none": ("aucun", "none"),
            "smart_failed": ("SMART en échec", "SMART failed"),
            "critical_warning": ("avertissement critique", "critical warning"),
            "pool_faulted": ("refusé par sa grappe", "refused by its pool"),
            "errors_grow": ("erreurs en hausse", "errors grow"),
            "errors_found": ("erreurs relevées", "errors found"),
            "defects_grow": ("défauts en hausse", "defects grow"),
            "media_errors_grow": ("erreurs de support en hausse", "media errors grow"),
            "spare_low": ("réserve basse", "spare low"),
            "endurance_used": ("usure", "endurance used"),
            "temperature": ("température", "temperature"),
        },
        "The component that decides `health_ratio`.",
        fr="Motif",
        en="Reason",
    )
    power_mode = state(
        {
            "active": ("actif", "active"),
            "idle": ("au repos", "idle"),
            "standby": ("en veille", "standby"),
            "sleep": ("endormi", "asleep"),
        },
        "Whether it turns; a sleeping disk is left asleep and keeps its last values.",
        fr="Mode",
        en="Power mode",
    )
    smart_age_seconds = gauge(
        SECOND, 0, 1e9, "Age of these values.", fr="Âge du relevé", en="Age of values"
    )
    size_bytes = gauge(BYTE, 0, 2**60, "Capacity.", fr="Capacité", en="Size")
    temperature_celsius = gauge(
        CELSIUS, -20, 100, "Temperature.", fr="Température", en="Temperature"
    )
    power_on_seconds_total = counter(
        SECOND, "Time powered in its life.", fr="Durée de service", en="Power-on time"
    )
    power_cycles_total = counter(ONE, "Starts in its life.", fr="Démarrages", en="Power cycles")
    reallocated_sectors = gauge(
        ONE,
        0,
        2**40,
        "Sectors replaced (ATA 5).",
        fr="Secteurs réalloués",
        en="Reallocated sectors",
        integer=True,
    )
    pending_sectors = gauge(
        ONE,
        0,
        2**40,
        "Sectors that could not be read and wait (ATA 197).",
        fr="Secteurs en attente",
        en="Pending sectors",
        integer=True,
    )
    offline_uncorrectable_sectors = gauge(
        ONE,
        0,
        2**40,
        "Sectors that a self-test could not read (ATA 198).",
        fr="Secteurs illisibles",
        en="Offline uncorrectable",
        integer=True,
    )
    reported_uncorrectable_total = counter(
        ONE,
        "Errors that the disk could not correct (ATA 187).",
        fr="Erreurs non corrigées, déclarées",
        en="Reported uncorrectable",
    )
    command_timeouts_total = counter(
        ONE, "Commands given up (ATA 188).", fr="Commandes abandonnées", en="Command timeouts"
    )
    crc_errors_total = counter(
        ONE,
        "Transfers damaged between disk and host (ATA 199): the cable.",
        fr="Erreurs de liaison",
        en="Link errors",
    )
    media_errors_total = counter(
        ONE, "Data that could not be read (NVMe).", fr="Erreurs de support", en="Media errors"
    )
    uncorrected_errors_total = counter(
        ONE,
        "Reads, writes and verifications not corrected (SAS).",
        fr="Erreurs non corrigées",
        en="Uncorrected errors",
    )
    grown_defects = gauge(
        ONE,
        0,
        2**40,
        "Entries of the grown defect list (SAS).",
        fr="Défauts apparus",
        en="Grown defects",
        integer=True,
    )
    critical_warning = bits(
        {
            "spare_low": ("réserve basse", "spare low"),
            "temperature": ("température", "temperature"),
            "reliability": ("fiabilité", "reliability"),
            "read_only": ("lecture seule", "read-only"),
            "backup_failed": ("secours en échec", "backup failed"),
            "persistent_memory": ("mémoire persistante", "persistent memory"),
        },
        "Warnings of an NVMe disk; any of them asks for an act.",
        fr="Avertissements",
        en="Critical warnings",
    )
    endurance_used_ratio = gauge(
        RATIO,
        0,
        2.55,
        "Share of the rated writes that are spent; may pass 1.",
        fr="Usure",
        en="Endurance used",
    )
    spare_ratio = gauge(RATIO, 0, 1, "Spare blocks left.", fr="Réserve", en="Spare left")
    spare_threshold_ratio = gauge(
        RATIO,
        0,
        1,
        "Spare below which the maker asks for a new disk.",
        fr="Seuil de réserve",
        en="Spare threshold",
    )
    read_bytes_total = counter(
        BYTE, "Read in its life.", high_rate=1e11, fr="Octets lus", en="Bytes read"
    )
    written_bytes_total = counter(
        BYTE, "Written in its life.", high_rate=1e11, fr="Octets écrits", en="Bytes written"
    )
    error_log_entries_total = counter(
        ONE,
        "Entries of the disk's own error log; noise on NVMe.",
        fr="Journal d'erreurs",
        en="Error log entries",
    )


class Pool(Measurement, name="pool", period_seconds=300, fr="Grappe", en="Pool"):
    """One set of disks that the system joins: ZFS pool, md array, btrfs file system."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    pool = key("Name of the pool.", fr="Grappe", en="Pool")
    kind = key("zfs, md or btrfs.", fr="Genre", en="Kind")
    status = state(
        {
            "online": ("en ligne", "online"),
            "degraded": ("dégradée", "degraded"),
            "faulted": ("en défaut", "faulted"),
            "offline": ("hors ligne", "offline"),
            "unavailable": ("indisponible", "unavailable"),
            "removed": ("retirée", "removed"),
            "suspended": ("suspendue", "suspended"),
        },
        "How the pool as a whole is.",
        fr="État",
        en="Status",
    )
    devices_count = gauge(ONE, 0, 1e5, "Disks in it.", fr="Disques", en="Disks", integer=True)
    devices_failed_count = gauge(
        ONE,
        0,
        1e5,
        "Disks of it that are missing or refused.",
        fr="Disques défaillants",
        en="Disks failed",
        integer=True,
    )
    read_errors_total = counter(
        ONE, "Reads that failed.", fr="Erreurs de lecture", en="Read errors"
    )
    write_errors_total = counter(
        ONE, "Writes that failed.", fr="Erreurs d'écriture", en="Write errors"
    )
    checksum_errors_total = counter(
        ONE,
        "Blocks that were not what was written, or halves of a mirror that differ.",
        fr="Erreurs de contrôle",
        en="Checksum errors",
    )
    activity = state(
        {
            "idle": ("aucune", "none"),
            "scrub": ("contrôle", "scrub"),
            "rebuild": ("reconstruction", "rebuild"),
            "reshape": ("réorganisation", "reshape"),
        },
        "What it does beside serving.",
        fr="Activité",
        en="Activity",
    )
    progress_ratio = gauge(RATIO, 0, 1, "How far that activity is.", fr="Avancement", en="Progress")
    scrub_age_seconds = gauge(
        SECOND,
        0,
        1e10,
        "Time since the last scrub ended.",
        fr="Âge du contrôle",
        en="Age of last scrub",
    )
    size_bytes = gauge(BYTE, 0, 2**60, "Size.", fr="Taille", en="Size")
    allocated_bytes = gauge(BYTE, 0, 2**60, "Allocated.", fr="Alloué", en="Allocated")


class Fragments(Measurement, name="fragments", period_seconds=60, fr="Fragments", en="Fragments"):
    """Fragments of one store and scheme that lie on one host."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    store = key("Name of the store.", fr="Stockage", en="Store")
    scheme = key("k-of-n of its erasure code, as 10-of-14.", fr="Schéma", en="Scheme")
    fragments_count = gauge(
        ONE, 0, 2**40, "Fragments known here.", fr="Fragments", en="Fragments", integer=True
    )
    size_bytes = gauge(BYTE, 0, 2**60, "Their size.", fr="Taille", en="Size")
    ok_count = gauge(
        ONE,
        0,
        2**40,
        "Present, and what was written when last read.",
        fr="Vérifiés",
        en="Verified",
        integer=True,
    )
    unverified_count = gauge(
        ONE, 0, 2**40, "Present, never read.", fr="Non vérifiés", en="Unverified", integer=True
    )
    corrupt_count = gauge(
        ONE,
        0,
        2**40,
        "Read twice, and not what was written.",
        fr="Corrompus",
        en="Corrupt",
        integer=True,
    )
    missing_count = gauge(
        ONE, 0, 2**40, "Were here and are gone.", fr="Absents", en="Missing", integer=True
    )
    unreadable_count = gauge(
        ONE,
        0,
        2**40,
        "The disk or its rights do not let them be read.",
        fr="Illisibles",
        en="Unreadable",
        integer=True,
    )
    quarantined_count = gauge(
        ONE,
        0,
        2**40,
        "Put aside by the store.",
        fr="En quarantaine",
        en="Quarantined",
        integer=True,
    )
    verified_total = counter(
        ONE, "Fragments read and checked.", fr="Vérifications", en="Verifications"
    )
    verified_bytes_total = counter(
        BYTE,
        "Bytes read and checked.",
        high_rate=1e11,
        fr="Octets vérifiés",
        en="Bytes verified",
    )
    verify_errors_total = counter(
        ONE,
        "Fragments found corrupt or unreadable.",
        fr="Vérifications en échec",
        en="Verifications failed",
    )
    verified_age_max_seconds = gauge(
        SECOND,
        0,
        1e10,
        "Age of the oldest check, said up to an hour too old.",
        fr="Plus ancienne vérification",
        en="Oldest verification",
    )
    verified_age_median_seconds = gauge(
        SECOND,
        0,
        1e10,
        "Median age of the checks, likewise.",
        fr="Âge médian des vérifications",
        en="Median age of verification",
    )
    presence_age_seconds = gauge(
        SECOND,
        0,
        1e10,
        "Time since every directory was last walked to its end.",
        fr="Âge du parcours",
        en="Age of presence walk",
    )
    added_total = counter(ONE, "Fragments found new.", fr="Ajoutés", en="Added")
    removed_total = counter(ONE, "Fragments found gone.", fr="Retirés", en="Removed")
    scrub_progress_ratio = gauge(
        RATIO, 0, 1, "How far this pass is.", fr="Avancement", en="Scrub progress"
    )
    scrub_limit_bytes_per_second = gauge(
        BYTE_PER_SECOND, 0, 1e12, "Cap of the scrub.", fr="Débit maximal", en="Scrub limit"
    )
    scrub_state = state(
        {
            "running": ("en cours", "running"),
            "waiting": ("en attente", "waiting"),
            "disk_busy": ("disque occupé", "disk busy"),
            "off": ("arrêté", "off"),
        },
        "Whether it reads now, and why not.",
        fr="Contrôle",
        en="Scrub",
    )
    inventory_age_seconds = gauge(
        SECOND,
        0,
        1e10,
        "Time since an upstream held all that is known here.",
        fr="Âge de l'inventaire",
        en="Age of inventory",
    )
    inventory_pending_count = gauge(
        ONE,
        0,
        2**40,
        "Changes that no upstream holds yet.",
        fr="Changements à envoyer",
        en="Changes to send",
        integer=True,
    )
    unrecognized_total = counter(
        ONE,
        "Files that are no fragment of this store.",
        fr="Fichiers étrangers",
        en="Foreign files",
    )
    repaired_total = counter(
        ONE, "Fragments written anew because others were lost.", fr="Réparés", en="Repaired"
    )
