"""What the collector answers, typed: the one description that the API serves and the client reads.

Every class is a plain dataclass of JSON types. Times are RFC 3339 UTC texts; unknown is null.
"""

from vigie.replies.alerts import Alert, Alerts, AlertState
from vigie.replies.fragments import (
    FragmentInventory,
    FragmentKey,
    FragmentsHeld,
    FragmentsReply,
    Margin,
    Margins,
)
from vigie.replies.frames import FramesReply, HeldBoot, Interval
from vigie.replies.kpis import Kpi, Kpis, Term
from vigie.replies.network import (
    Checklist,
    ChecklistItem,
    Container,
    ContainerChange,
    ContainerHistory,
    Containers,
    NetworkVersion,
    NetworkVersions,
    Site,
    Trait,
)
from vigie.replies.people import Credential, Enrolment, Principal, Principals, Secret, Session
from vigie.replies.reports import (
    Ledger,
    LedgerLine,
    Report,
    ReportField,
    Reports,
    ReportStep,
    Threshold,
    Thresholds,
)
from vigie.replies.sovereignty import (
    CapacityLeft,
    EvidenceLine,
    Objective,
    Parties,
    Party,
    SovereigntyEvidence,
    StoreLeft,
    WhatIf,
)
from vigie.replies.table import Cell, Problem, Table

__all__ = [
    "Alert",
    "AlertState",
    "Alerts",
    "CapacityLeft",
    "Cell",
    "Checklist",
    "ChecklistItem",
    "Container",
    "ContainerChange",
    "ContainerHistory",
    "Containers",
    "Credential",
    "Enrolment",
    "EvidenceLine",
    "FragmentInventory",
    "FragmentKey",
    "FragmentsHeld",
    "FragmentsReply",
    "FramesReply",
    "HeldBoot",
    "Interval",
    "Kpi",
    "Kpis",
    "Ledger",
    "LedgerLine",
    "Margin",
    "Margins",
    "NetworkVersion",
    "NetworkVersions",
    "Objective",
    "Parties",
    "Party",
    "Principal",
    "Principals",
    "Problem",
    "Report",
    "ReportField",
    "ReportStep",
    "Reports",
    "Secret",
    "Session",
    "Site",
    "SovereigntyEvidence",
    "StoreLeft",
    "Table",
    "Term",
    "Threshold",
    "Thresholds",
    "Trait",
    "WhatIf",
]
