"""A message as people read it in a chat or a mail: a headline, and lines below it."""

from collections.abc import Mapping
from typing import Any, Final

from alerts import text
from alerts.delivery.message import SIMULATED
from alerts.receivers.labels import worded
from alerts.rule import Words

MAX_HEADLINE: Final = 240
MAX_LINE: Final = 1_100
_STATES: Final[Mapping[str, Words]] = {
    "firing": Words("ALERTE", "ALERT"),
    "acknowledged": Words("PRISE EN CHARGE", "ACKNOWLEDGED"),
    "resolved": Words("TERMINÉE", "RESOLVED"),
    "test": Words("ESSAI", "TEST"),
}
_AT_STAKE: Final[Mapping[str, Words]] = {
    "gpus": Words("GPU", "GPUs"),
    "jobs": Words("travaux", "jobs"),
    "tenants": Words("locataires", "tenants"),
    "objects": Words("objets", "objects"),
}


def headline(data: Mapping[str, Any], language: str) -> str:
    """How grave, what became of it, and what it is about; what is simulated says so first."""
    mark = SIMULATED.said(language) if data.get("simulated") else ""
    state = _STATES.get(str(data.get("state")), Words("AVIS", "NOTICE")).said(language)
    title = worded(data, "title", language).removeprefix(mark) or str(data.get("rule") or "Vigie")
    more = _count(data) - 1
    others = "" if more < 1 else f" (+{more})"
    line = f"{mark}[P{data.get('priority', 3)} {state}] {title}"
    return text.plain(line, MAX_HEADLINE - len(others)) + others


def lines(data: Mapping[str, Any], language: str, members: int) -> list[str]:
    """What there is to say below the headline; of a group, so many members by name."""
    found = [
        _call(data.get("call"), language),
        _named(Words("Valeur", "Value"), worded(data, "value_text", language), language),
        _named(Words("Où", "Where"), data.get("subject"), language),
        _named(Words("Depuis", "Since"), _time(data.get("since")), language),
        _ended(data, language),
        _outlook(data.get("outlook"), language),
        _stakes(data.get("stakes"), language),
        _named(Words("À faire", "To do"), _advice(data, language), language),
        _named(Words("Détail", "Detail"), data.get("detail"), language),
        _named(Words("En charge", "In charge"), data.get("acknowledged_by"), language),
        _named(Words("Note", "Note"), data.get("note"), language),
        _named(Words("Ticket", "Ticket"), data.get("ticket"), language),
        _blind(data, language),
        *_group(data, language, members),
        _named(Words("Fiche", "Runbook"), data.get("runbook"), language),
    ]
    return [text.plain(line, MAX_LINE) for line in found if line]


def _call(call: Mapping[str, Any] | None, language: str) -> str:
    """Why it is said again; nothing where it is news."""
    if call is None:
        return ""
    words = {
        "handover": Words(
            "Relève : c'est en cours, et personne ne s'en charge.",
            "Handover: this goes on, and nobody has it in hand.",
        ),
        "again": Words(
            f"Appel n° {call.get('count')} : personne ne s'en charge.",
            f"Call no. {call.get('count')}: nobody has it in hand.",
        ),
    }.get(str(call.get("why")), Words("", ""))
    return words.said(language)


def _count(data: Mapping[str, Any]) -> int:
    return int((data.get("group") or {}).get("count", 1))


def _named(name: Words, value: object, language: str) -> str:
    colon = " : " if language == "fr" else ": "
    return f"{name.said(language)}{colon}{value}" if value else ""


def _advice(data: Mapping[str, Any], language: str) -> str:
    if data.get("state") == "resolved":
        return ""
    return worded(data, "advice", language).removeprefix(SIMULATED.said(language))


def _time(moment: object) -> str:
    """RFC 3339 as people write it, to the second."""
    return f"{str(moment)[:19].replace('T', ' ')} UTC" if moment else ""


def _ended(data: Mapping[str, Any], language: str) -> str:
    if data.get("state") != "resolved":
        return ""
    return _named(Words("Fin", "Until"), _time(data.get("changed")), language)


def _blind(data: Mapping[str, Any], language: str) -> str:
    if not data.get("blind"):
        return ""
    return Words(
        "La source est muette : on ne sait pas si cela dure.",
        "Its source is mute: nobody knows whether it lasts.",
    ).said(language)


def _outlook(outlook: Mapping[str, Any] | None, language: str) -> str:
    """When the limit is reached; nothing where nothing says that it will be."""
    if outlook is None or outlook.get("seconds") is None:
        return ""
    name = (outlook.get("name") or {}).get(language)
    limit = name or Words("La limite", "The limit").said(language)
    reached = Words("atteinte dans", "reached in").said(language)
    seconds = text.number(outlook["seconds"], "s", language)
    return f"{limit} {reached} {seconds}{_bounds(outlook, language)}"


def _bounds(outlook: Mapping[str, Any], language: str) -> str:
    least, most = outlook.get("least"), outlook.get("most")
    if least is None:
        return ""
    first = text.number(least, "s", language)
    if most is None:
        return Words(f" ({first} au plus tôt)", f" ({first} at the earliest)").said(language)
    last = text.number(most, "s", language)
    return Words(f" (de {first} à {last})", f" ({first} to {last})").said(language)


def _stakes(stakes: Mapping[str, Any] | None, language: str) -> str:
    parts = []
    for name, words in _AT_STAKE.items():
        value = (stakes or {}).get(name)
        count = len(value) if isinstance(value, list) else value
        if count:
            parts.append(f"{count} {words.said(language)}")
    return _named(Words("En jeu", "At stake"), ", ".join(parts), language)


def _group(data: Mapping[str, Any], language: str, most: int) -> list[str]:
    count = _count(data)
    if count < 2:
        return []
    shown = (data["group"].get("members") or [])[1 : most + 1]
    more = Words(f"Avec {count - 1} autres :", f"With {count - 1} others:").said(language)
    found = [more]
    for member in shown:
        value = worded(member, "value_text", language)
        title = worded(member, "title", language) or member.get("subject")
        found.append(f"- {title}" + (f" ({value})" if value else ""))
    if count - 1 > len(shown):
        found.append("…")
    return found
