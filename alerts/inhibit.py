"""Whose notifications a wider fault holds back, because it explains them; they stay visible.

A rule's `mutes` names how far its alert explains others: those with the same key (`host`), all of
its container (`container`; of an alert on a site or on the network, all below it), or all of its
site (`site`). What speaks of silence explains everything within: nothing new is known there. Any
other fault of a whole container or site, as lines that are down, explains only that things are
silent or cut off: a GPU that still says that it is hot, is hot. What lies behind a line is the site
that it leads to.

Lines and the silence that they bring are one event. Of the two at one place the line explains the
silence, unless people were told of the silence before: then that is what they know.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.catalogue import Link, Reach
from vigie.network.places import inside

CONTAINER: Final = "container"
SITE: Final = "site"
_OF_LINES: Final = frozenset({Reach.lines.name, Reach.carrying.name})


@dataclass(frozen=True, slots=True)
class Cause:
    """What an open alert explains: all below a path, or what has the same key in one container.

    `silence` says that it is itself about silence.
    """

    path: str
    key: str = ""
    value: str = ""
    silence: bool = True


@dataclass(frozen=True, slots=True)
class Holder:
    """The alert that explains: its identity, and of one on a place whether people were told."""

    alert: str
    told: bool = False


Explained = Mapping[Cause, Holder]
"""What open alerts explain, and which of them does."""


def on_silence(rule: Rule) -> bool:
    """Whether a rule is about nothing being heard."""
    return rule.uses_age or (rule.measurement is Reach and not rule.fields & _OF_LINES)


def cause(alert: Alert, rule: Rule) -> Cause | None:
    """What an alert explains, if anything."""
    if rule.mutes is None or not alert.open:
        return None
    path, silence = alert.subject.container, on_silence(rule)
    if rule.mutes == CONTAINER:
        return Cause(path, silence=silence)
    if rule.mutes == SITE:
        return Cause(path.partition("/")[0], silence=silence)
    value = _keys(alert, rule).get(rule.mutes)
    return None if value is None else Cause(path, rule.mutes, value, silence)


def causes(alerts: Iterable[Alert], rules: Mapping[str, Rule]) -> dict[Cause, Holder]:
    """What the open alerts of muting rules explain; of two that explain the same, one is named."""
    found: dict[Cause, Holder] = {}
    for alert in alerts:
        one = cause(alert, rules[alert.rule]) if alert.rule in rules else None
        if one is None:
            continue
        mine = Holder(alert.id, told=alert.told is not None and not one.key)
        other = found.get(one)
        if other is None or (not mine.told, mine.alert) < (not other.told, other.alert):
            found[one] = mine
    return found


def holder(alert: Alert, rule: Rule, explained: Explained) -> str | None:
    """The alert whose wider fault explains this one; none explains itself, or what is as wide."""
    if not explained:
        return None
    own, told = cause(alert, rule), alert.told is not None
    cut_off = on_silence(rule) or rule.measurement in {Reach, Link}
    for one in _around(alert, rule, explained):
        found = explained.get(one)
        if found is None or not (cut_off or one.key or one.silence):
            continue
        if _wider(one, own, found, told=told):
            return found.alert
    return None


def inhibited(alert: Alert, rule: Rule, explained: Explained) -> bool:
    """Whether a wider fault explains this alert."""
    return holder(alert, rule, explained) is not None


def _around(alert: Alert, rule: Rule, explained: Explained) -> Iterator[Cause]:
    """Everything that could explain an alert, the widest first."""
    container, keys = alert.subject.container, _keys(alert, rule)
    parts = container.split("/") if container else []
    for count in range(len(parts) + 1):
        for silence in (False, True):
            yield Cause("/".join(parts[:count]), silence=silence)
    if rule.measurement is Link:
        beyond = keys.get(Link.peer.name)
        for one in explained:  # which of its containers is cut off, only they know
            if not one.key and not one.silence and one.path.partition("/")[0] == beyond:
                yield one
        if beyond:
            yield Cause(beyond)
    for silence in (True, False):
        for name, value in keys.items():
            yield Cause(container, name, value, silence)


def _wider(one: Cause, own: Cause | None, found: Holder, *, told: bool) -> bool:
    """Whether a cause explains an alert that explains `own` itself, and was `told` to people."""
    if own is None:
        return True
    if one.key or own.key:
        return not one.key
    if one.path != own.path:
        return inside(own.path, one.path)
    if one.silence == own.silence:
        return False
    return found.told or not told if own.silence else found.told and not told


def _keys(alert: Alert, rule: Rule) -> dict[str, str]:
    return dict(zip(rule.keys, alert.subject.keys, strict=False))
