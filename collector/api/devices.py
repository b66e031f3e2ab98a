"""Equipment, as agents list it."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from starlette.responses import Response

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.api.latest import Scope, Where, chosen, inventory_rows
from collector.inventory.devices import Inventories
from collector.people import People
from vigie import replies
from vigie.catalogue import Device


def routes(inventories: Inventories, people: People, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/devices", response_model=replies.Table)
    def devices(
        request: Request, asking: Reading, where: Where = None, scope: Scope = None
    ) -> Response:
        """What there is, by container and host: the same as latest/device."""
        rows = inventory_rows(inventories, Device, narrowed(asking, scope))
        rows = chosen(rows, None, where)
        share = tables.simulated_share(rows, people.simulated())
        trust = tables.Trust(times.text(clock()), "inventory", simulated_share=share)
        return tables.answer(request, rows, trust)

    return router
