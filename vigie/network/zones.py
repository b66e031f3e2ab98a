"""The zones of electricity grids that are known, and what they are called."""

import tomllib
from functools import cache
from importlib.resources import files


@cache
def zones() -> dict[str, dict[str, str]]:
    """Known grid zones: code → {"fr": name, "en": name}."""
    return tomllib.loads(files("vigie.network").joinpath("zones.toml").read_text("utf-8"))
