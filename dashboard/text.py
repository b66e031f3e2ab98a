"""Every word of the screens that is not in the catalogue, in French and in English.

Those of one subject stand in `dashboard/words/`.

A text may have {fields}. `{count|singular|plural}` chooses by a number: `3 {count|site|sites}`.
Words under `js_` go to the browser, where `{}` is filled in.
"""

import re
from typing import Final

from dashboard.format import number
from dashboard.said import Said
from dashboard.words import indicators, network, sovereignty

__all__ = ["BROWSER", "TEXTS", "Said", "say", "say_or"]

TEXTS: Final[dict[str, Said]] = {
    # The shell
    "skip": Said("Aller au contenu", "Skip to content"),
    "screens": Said("Écrans", "Screens"),
    "other_language": Said("English version", "Version française"),
    "theme": Said("Thème clair ou sombre", "Light or dark theme"),
    "help": Said("Aide", "Help"),
    "leave": Said("Se déconnecter", "Sign out"),
    "close": Said("Fermer", "Close"),
    "cancel": Said("Annuler", "Cancel"),
    "help_text": Said(
        "Gris : rien à faire. Une couleur et un chiffre : une alarme. Violet hachuré : données "
        "périmées. Un nombre pâle dit son âge. « Inconnu » n'est jamais zéro.",
        "Grey: nothing to do. A colour and a digit: an alarm. Hatched violet: stale data. "
        "A faded number tells its age. “Unknown” is never zero.",
    ),
    "keys_on": Said("Raccourcis clavier", "Keyboard shortcuts"),
    "key_move": Said("alarme suivante, précédente", "next, previous alarm"),
    "key_take": Said("prendre l'alarme choisie", "take the chosen alarm"),
    "key_open": Said("ouvrir son site", "open its site"),
    "key_fleet": Said("aller à la flotte", "go to the fleet"),
    "key_help": Said("cette aide", "this help"),
    "key_close": Said("fermer", "close"),
    # Signing in
    "login_title": Said("Entrer", "Sign in"),
    "login_code": Said("Code à usage unique", "One-time code"),
    "login_hint": Said(
        "Le code est affiché par « vigie up », ou donné par « vigie enroll ».",
        "The code is printed by “vigie up”, or given by “vigie enroll”.",
    ),
    "login_button": Said("Entrer", "Sign in"),
    "login_refused": Said(
        "Ce code est inconnu, déjà utilisé ou expiré. Demandez-en un autre avec « vigie enroll ».",
        "This code is unknown, used or expired. Ask for another with “vigie enroll”.",
    ),
    "login_away": Said(
        "Le collecteur ne répond pas : réessayez dans un instant.",
        "The collector does not answer: try again in a moment.",
    ),
    # Numbers
    "key_numbers": Said("Chiffres clés", "Key numbers"),
    "number_p1": Said("Alarmes P1 non prises", "P1 alarms not taken"),
    "number_load": Said("Alarmes, 10 dernières min", "Alarms, last 10 min"),
    "number_reachable": Said("Sites joignables", "Sites reachable"),
    "number_power": Said("Puissance", "Power"),
    "number_energy": Said("Énergie aujourd'hui", "Energy today"),
    "number_carbon_location": Said("Carbone aujourd'hui", "Carbon today"),
    "number_processor": Said("Charge", "Load"),
    "number_memory": Said("Utilisée", "In use"),
    "number_load1": Said("Tâches prêtes, 1 min", "Runnable tasks, 1 min"),
    "number_swap": Said("Échange", "Swap"),
    "number_received": Said("Reçu", "Received"),
    "number_sent": Said("Émis", "Sent"),
    "number_uptime": Said("Démarré depuis", "Up for"),
    "none_waiting": Said("aucune en attente", "none waiting"),
    "oldest": Said("plus ancienne : {time}", "oldest: {time}"),
    "load_note": Said("cible ≤ {target} · saturation > {flood}",
                      "target ≤ {target} · flood > {flood}"),
    "mute": Said("{count} {count|muet|muets}", "{count} silent"),
    "none_mute": Said("aucun muet", "none silent"),
    "coverage": Said("couverture {share} %", "coverage {share}%"),
    "of": Said("{part} sur {whole}", "{part} of {whole}"),
    "left": Said("{free} libres", "{free} free"),
    "full_in": Said("plein dans {time} à ce rythme", "full in {time} at this pace"),
    "processors": Said("{count} {count|processeur|processeurs}",
                       "{count} {count|processor|processors}"),
    "hosts_here": Said("{count} {count|hôte|hôtes} ici", "{count} {count|host|hosts} here"),
    # Why something is unknown
    "unknown": Said("inconnu", "unknown"),
    "not_reported": Said("la machine ne le dit pas", "the machine does not say"),
    "not_counted": Said("non comptés ici", "not counted here"),
    "not_computed": Said("non calculé", "not computed"),
    "no_reason": Said("sans raison donnée", "no reason given"),
    "waits_for_second": Said("attend une 2ᵉ mesure", "waits for a 2nd reading"),
    "being_read": Said("Calcul en cours…", "Being computed…"),
    "cannot_read": Said("Lecture impossible :", "Cannot be read:"),
    "no_values": Said("Aucune mesure sur cette période.", "No reading in this period."),
    "no_meter": Said(
        "Puissance inconnue : rien ne la mesure ici. Un compteur, une alimentation IPMI ou RAPL "
        "la ferait connaître.",
        "Power unknown: nothing here measures it. A meter, an IPMI supply or RAPL would.",
    ),
    "quality_measured": Said("mesuré", "measured"),
    "quality_derived": Said("calculé", "derived"),
    "quality_estimated": Said("estimé", "estimated"),
    "quality_declared": Said("déclaré", "declared"),
    "simulated": Said("SIMULÉ", "SIMULATED"),
    "simulated_scale": Said("SIMULÉ · échelle {scale}", "SIMULATED · scale {scale}"),
    "simulated_share": Said("SIMULÉ {share} %", "SIMULATED {share}%"),
    "rows_left": Said("… et {count} {count|autre|autres}", "… and {count} more"),
    # Containers
    "fleet_note": Said("{count} {count|conteneur|conteneurs} · place fixe, gris = nominal",
                       "{count} {count|container|containers} · fixed place, grey = nominal"),
    "operators": Said("{count} {count|exploitant|exploitants}",
                      "{count} {count|operator|operators}"),
    "sites": Said("{count} {count|site|sites}", "{count} {count|site|sites}"),
    "abnormal_count": Said("{count} {count|anormal|anormaux}", "{count} abnormal"),
    "heard": Said("en direct", "live"),
    "no_region": Said("Sans région", "No region"),
    "as_table": Said("En tableau", "As a table"),
    "state_nominal": Said("nominal", "nominal"),
    "state_abnormal": Said("anormal", "abnormal"),
    "state_stale": Said("données périmées", "stale data"),
    "state_silent": Said("jamais vu", "never seen"),
    "state_maintenance": Said("maintenance", "maintenance"),
    "state_declared": Said("déclaré", "declared"),
    "state_commissioning": Said("en recette", "in commissioning"),
    "state_retired": Said("retiré", "retired"),
    "legend_critical": Said("critique", "critical"),
    "legend_major": Said("majeure", "major"),
    "legend_minor": Said("mineure", "minor"),
    "legend_stale": Said("données périmées", "stale data"),
    "legend_silent": Said("jamais vu", "never seen"),
    "legend_maintenance": Said("maintenance", "maintenance"),
    "legend_nominal": Said("nominal", "nominal"),
    "no_such_site": Said("Aucun site « {path} » dans ce réseau, ou pas pour vous.",
                         "No site “{path}” in this network, or not for you."),
    "no_container": Said("Aucun conteneur déclaré.", "No container declared."),
    # Panels
    "machines": Said("Machines", "Machines"),
    "queue": Said("File d'alarmes", "Alarm queue"),
    "power": Said("Puissance", "Power"),
    "energy_carbon": Said("Énergie et carbone", "Energy and carbon"),
    "events": Said("Événements", "Events"),
    "alarms": Said("Alarmes", "Alarms"),
    "filesystems": Said("Systèmes de fichiers", "File systems"),
    "disks": Said("Disques", "Disks"),
    "pressure": Said("Attentes", "Waits"),
    "sources": Said("Sources", "Sources"),
    "devices": Said("Équipements", "Equipment"),
    "processor": Said("Processeur", "Processor"),
    "memory": Said("Mémoire", "Memory"),
    "network": Said("Réseau", "Network"),
    "last_12_hours": Said("12 dernières heures", "last 12 hours"),
    "last_24_hours": Said("24 dernières heures", "last 24 hours"),
    "machines_note": Said("en direct ; courbes de 15 min", "live; curves of 15 min"),
    "queue_note": Said("{count} {count|ouverte|ouvertes} · J/K parcourir · P prendre · ? aide",
                       "{count} open · J/K move · P take · ? help"),
    "load_title": Said("Processeur et mémoire", "Processor and memory"),
    "memory_used": Said("Mémoire utilisée", "Memory in use"),
    # Alarms and events
    "take": Said("Prendre", "Take"),
    "taken": Said("prise", "taken"),
    "not_taken": Said("non prise", "not taken"),
    "blind": Said("source muette", "source silent"),
    "take_title": Said("Prendre l'alarme", "Take the alarm"),
    "take_note": Said("Note (facultative) : constat, ticket…", "Note (optional): finding, ticket…"),
    "deed_done": Said("Alarme prise.", "Alarm taken."),
    "deed_failed": Said("Non prise : {why}", "Not taken: {why}"),
    "priority_1": Said("critique", "critical"),
    "priority_2": Said("majeure", "major"),
    "priority_3": Said("mineure", "minor"),
    "no_alarm": Said("Aucune alarme.", "No alarm."),
    "no_alarm_since": Said("Aucune alarme. Dernière : {time}.", "No alarm. Last: {time}."),
    "no_event": Said("Rien ne s'est passé.", "Nothing happened."),
    "severity_info": Said("information", "information"),
    "severity_warning": Said("avertissement", "warning"),
    "severity_critical": Said("critique", "critical"),
    # Machines
    "no_host": Said("Aucun hôte n'a encore parlé.", "No host has spoken yet."),
    "no_filesystem": Said("Aucun système de fichiers.", "No file system."),
    "no_disk": Said("Aucun disque.", "No disk."),
    "no_source": Said("Aucune source.", "No source."),
    "no_device": Said("Aucun équipement déclaré.", "No equipment declared."),
    "read_only": Said("lecture seule", "read-only"),
    "writable": Said("écriture", "writable"),
    "source_unknown": Said("inconnu", "unknown"),
    "yes": Said("oui", "yes"),
    "no": Said("non", "no"),
    # Columns
    "column_priority": Said("Pr.", "Pr."),
    "column_site": Said("Site", "Site"),
    "column_finding": Said("Constat", "Finding"),
    "column_age": Said("Âge", "Age"),
    "column_holder": Said("Prise en charge", "Taken by"),
    "column_action": Said("Action", "Action"),
    "column_place": Said("Lieu", "Place"),
    "column_state": Said("État", "State"),
    "column_alarms": Said("Alarmes", "Alarms"),
    "column_host": Said("Hôte", "Host"),
    "column_processor": Said("Processeur", "Processor"),
    "column_memory": Said("Mémoire", "Memory"),
    "column_fullest": Said("Disque le plus plein", "Fullest disk"),
    "column_received": Said("Reçu", "Received"),
    "column_sent": Said("Émis", "Sent"),
    "column_time": Said("Heure", "Time"),
    "column_severity": Said("Gr.", "Sev."),
    "column_event": Said("Événement", "Event"),
    "column_mount": Said("Montage", "Mount"),
    "column_used": Said("Occupé", "Used"),
    "column_inodes": Said("Inodes", "Inodes"),
    "column_access": Said("Accès", "Access"),
    "column_device": Said("Équipement", "Device"),
    "column_read": Said("Lu", "Read"),
    "column_written": Said("Écrit", "Written"),
    "column_busy": Said("Occupé", "Busy"),
    "column_waits_for": Said("Attend", "Waits for"),
    "column_time_share": Said("Part du temps", "Share of time"),
    "column_source": Said("Source", "Source"),
    "column_duration": Said("Durée", "Duration"),
    "column_failures": Said("Échecs", "Failures"),
    "column_timeouts": Said("Dépassements", "Timeouts"),
    "column_indicator": Said("Indicateur", "Indicator"),
    "column_value": Said("Valeur", "Value"),
    "column_model": Said("Modèle", "Model"),
    "column_size": Said("Taille", "Size"),
    # Charts
    "period": Said("Période", "Period"),
    "period_15min": Said("15 min", "15 min"),
    "period_1h": Said("1 h", "1 h"),
    "period_12h": Said("12 h", "12 h"),
    "period_24h": Said("24 h", "24 h"),
    "period_now": Said("maintenant", "now"),
    "period_day": Said("depuis minuit", "since midnight"),
    "see_values": Said("Voir les valeurs", "See the values"),
    "time": Said("Heure", "Time"),
    "line_mean": Said("moyenne", "mean"),
    "line_max": Said("le plus haut", "highest"),
    "line_min": Said("le plus bas", "lowest"),
    "line_known": Said("{name} : entre {low} et {high}, {last} à {time}.",
                       "{name}: between {low} and {high}, {last} at {time}."),
    "line_unknown": Said("{name} : inconnu.", "{name}: unknown."),
    "strip_note": Said("un carré = 15 min", "one square = 15 min"),
    "strip_label": Said("Mesures présentes dans {seen} quarts d'heure sur {total}.",
                        "Readings in {seen} quarters of an hour of {total}."),
    "strip_missing": Said("aucune mesure", "no reading"),
    "strip_before": Said("pas encore de mesure", "no reading yet"),
    "strip_partial": Said("mesures incomplètes", "readings missing"),
    "strip_nominal": Said("nominal", "nominal"),
    # For the browser
    "js_day": Said("j", "d"),
    "js_unknown": Said("inconnu", "unknown"),
    "js_never": Said("jamais", "never"),
    "js_ago": Said("il y a {}", "{} ago"),
    "js_no_data": Said("Données : aucune", "Data: none"),
    "js_data_age": Said("Données : il y a {}", "Data: {} ago"),
    "js_screen_age": Said("écran : il y a {}", "screen: {} ago"),
    "js_screen_frozen": Said("ÉCRAN FIGÉ depuis {}", "SCREEN FROZEN for {}"),
    "js_data_frozen": Said("DONNÉES FIGÉES : la dernière mesure a {}",
                           "DATA FROZEN: the last reading is {} old"),
    "js_trouble": Said("Le collecteur ne répond pas : {}", "The collector does not answer: {}"),
    "js_cannot_read": Said("Lecture impossible :", "Cannot be read:"),
    "js_sending": Said("Envoi…", "Sending…"),
    **network.TEXTS,
    **indicators.TEXTS,
    **sovereignty.TEXTS,
}  # fmt: skip
BROWSER: Final = tuple(key.removeprefix("js_") for key in TEXTS if key.startswith("js_"))

_CHOICE: Final = re.compile(r"\{(\w+)\|([^|}]*)\|([^}]*)\}")


def say(key: str, language: str, **fields: object) -> str:
    """A text in this language; numbers in `fields` are written as that language does."""
    text = TEXTS[key].label(language)
    if not fields:
        return text

    def chosen(match: re.Match[str]) -> str:
        return match[2] if _is_one(fields[match[1]], language) else match[3]

    written = {
        name: number(value, language) if isinstance(value, int) else value
        for name, value in fields.items()
    }
    return _CHOICE.sub(chosen, text).format(**written)


def say_or(key: str, word: object, language: str) -> str:
    """The text of a key that is put together with a word from outside; else that word itself."""
    return say(key, language) if key in TEXTS else str(word)


def _is_one(count: object, language: str) -> bool:
    """Whether this count takes the singular: 0 does in French, and does not in English."""
    if not isinstance(count, int):
        return str(count) == "1" or (language == "fr" and str(count) == "0")
    return count == 1 or (count == 0 and language == "fr")
