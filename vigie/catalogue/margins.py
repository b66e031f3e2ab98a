"""How far objects of erasure-coded stores are from being lost, as the collector finds out."""

from vigie.shape import Measurement, gauge, key
from vigie.units import ONE


class Margin(Measurement, name="margin", period_seconds=60, fr="Marge", en="Margin"):
    """Objects of one store and code that have lost fragments, wherever these lie.

    A fragment is lost that was here and is missing, corrupt or unreadable now. An object of which
    less was ever told than rebuilds it is being written, told or deleted, and counts nowhere.
    """

    store = key("Name of the store.", fr="Stockage", en="Store")
    scheme = key("k-of-n of its erasure code, as 10-of-14.", fr="Schéma", en="Scheme")
    objects_count = gauge(
        ONE, 0, 2**40, "Objects known.", fr="Objets", en="Objects",
        integer=True, origin="collector",
    )  # fmt: skip
    lost_count = gauge(
        ONE, 0, 2**40, "With fewer good fragments than rebuild them, and with some.",
        fr="Perdus", en="Lost", integer=True, origin="collector",
    )  # fmt: skip
    bare_count = gauge(
        ONE, 0, 2**40, "With just as many good fragments as rebuild them.",
        fr="Sans marge", en="Without margin", integer=True, origin="collector",
    )  # fmt: skip
    thin_count = gauge(
        ONE, 0, 2**40, "With one good fragment to spare.",
        fr="À un fragment de la limite", en="One to spare", integer=True, origin="collector",
    )  # fmt: skip
    vanished_count = gauge(
        ONE, 0, 2**40, "Without any good fragment left: deleted, as a rule.",
        fr="Disparus", en="Vanished", integer=True, origin="collector",
    )  # fmt: skip
    least_margin = gauge(
        ONE, -1000, 1000, "Good fragments to spare of the worst of them that has any.",
        fr="Marge la plus faible", en="Least margin", integer=True, origin="collector",
    )  # fmt: skip
    spare_count = gauge(
        ONE, 0, 1000, "Fragments to spare of an object that has lost none: n less k.",
        fr="Fragments de trop", en="Fragments to spare", integer=True, origin="collector",
    )  # fmt: skip
