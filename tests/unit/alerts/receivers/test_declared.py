"""A receiver that waits for a sign of life."""

from pathlib import Path

import pytest

from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.declared import Declared
from alerts.rulebook import Rulebook
from vigie.document import Misfit

URL = "https://outside.example/ping/1234"


def test_it_needs_no_secret_and_hears_of_no_alert() -> None:
    outside = Declared("outside", "webhook", URL, heartbeat=60.0)
    rule = Rulebook().rules["filesystem_filling"]
    alert = Alert("a", rule.name, Subject("paris/a", ("host-1", "/")), 1, State.FIRING, 0.0, 0.0)
    assert not outside.wants(alert, rule)
    assert Declared("desk", "webhook", URL, Path("secret")).wants(alert, rule)


@pytest.mark.parametrize("kind", ["alertmanager", "webhook"])
def test_a_heartbeat_goes_in_our_own_form(kind: str) -> None:
    form = "vigie" if kind == "alertmanager" else "text"
    with pytest.raises(Misfit, match="a heartbeat goes to a webhook"):
        Declared("outside", kind, URL, heartbeat=60.0, format=form)  # type: ignore[arg-type]
