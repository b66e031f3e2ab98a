"""Whose notifications a wider fault holds back, because it explains them; they stay visible.

A rule's `mutes` names how far its alert explains others: those with the same key (`host`), all of
its container (`container`; of an alert on a site or on the network, all below it), or all of its
site (`site`). What speaks of silence explains everything within: nothing new is known there. Any
other fault of a whole container or site, as a line that is down, explains only that things are
silent: a GPU that still says that it is hot, is hot.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.catalogue import Reach
from vigie.network.places import inside

CONTAINER: Final = "container"
SITE: Final = "site"


@dataclass(frozen=True, slots=True)
class Cause:
    """What an open alert explains: all below a path, or what has the same key in one container.

    `silence` says that it is itself about silence.
    """

    path: str
    key: str = ""
    value: str = ""
    silence: bool = True


def on_silence(rule: Rule) -> bool:
    """Whether a rule is about nothing being heard."""
    return rule.uses_age or rule.measurement is Reach


def cause(alert: Alert, rule: Rule) -> Cause | None:
    """What an alert explains, if anything."""
    if rule.mutes is None or not alert.open:
        return None
    path, silence = alert.subject.container, on_silence(rule)
    if rule.mutes == CONTAINER:
        return Cause(path, silence=silence)
    if rule.mutes == SITE:
        return Cause(path.partition("/")[0], silence=silence)
    value = dict(zip(rule.keys, alert.subject.keys, strict=False)).get(rule.mutes)
    return None if value is None else Cause(path, rule.mutes, value, silence)


def causes(alerts: Iterable[Alert], rules: Mapping[str, Rule]) -> frozenset[Cause]:
    """What the open alerts of muting rules explain."""
    found = (cause(alert, rules[alert.rule]) for alert in alerts if alert.rule in rules)
    return frozenset(one for one in found if one is not None)


def inhibited(alert: Alert, rule: Rule, explained: frozenset[Cause]) -> bool:
    """Whether a wider fault explains this alert; none explains itself, or what is as wide."""
    if not explained:
        return False
    own, mine = cause(alert, rule), on_silence(rule)
    return any(
        one in explained and _wider(one, own, silence=mine) for one in _around(alert, rule)
    )  # fmt: skip


def _around(alert: Alert, rule: Rule) -> Iterator[Cause]:
    """Everything that could explain an alert."""
    container = alert.subject.container
    for silence in (True, False):
        path = container
        while True:
            yield Cause(path, silence=silence)
            if not path:
                break
            path = path.rpartition("/")[0]
        for name, value in zip(rule.keys, alert.subject.keys, strict=False):
            yield Cause(container, name, value, silence)


def _wider(one: Cause, own: Cause | None, *, silence: bool) -> bool:
    """Whether a cause explains an alert that explains `own` itself, and is about silence or not."""
    if not one.key and not one.silence and not silence:
        return False
    if own is None:
        return True
    if one.key or own.key:
        return not one.key
    if one.path == own.path:
        return own.silence and not one.silence
    return inside(own.path, one.path)
