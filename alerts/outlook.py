"""When what an alert is about reaches its limit if nothing is done, and what is lost then."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outlook:
    """Seconds until a limit is reached, from `at` on, on the course of the last minutes.

    `least` and `most` bound them in nine cases of ten; None where the course does not lead there:
    `most` alone while it may just not, all three while nothing says that it will. `limit` is the
    limit itself, in the base unit of the quantity that nears it.
    """

    at: float
    limit: float
    seconds: float | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Stakes:
    """What stands or lies where an alert is: it is lost, or stopped, when the limit is reached.

    None: not known. `tenants` are their ids.
    """

    gpus: int | None = None
    jobs: int | None = None
    tenants: tuple[str, ...] | None = None
    objects: int | None = None
