"""Why an indicator has no value, in the words that people see."""

from enum import Enum


class Reason(Enum):
    """French and English; `{}` stands for what it is about."""

    NO_PLACE = (
        "rien d'en service n'est déclaré sous ce chemin",
        "nothing in service is declared on this path",
    )
    NO_METER = (
        "aucun compteur électrique sous ce chemin",
        "no power meter reports on this path",
    )
    NO_READING = (
        "aucune mesure des compteurs sur cette période",
        "no reading of the power meters in this period",
    )
    STALE = (
        "aucune mesure récente des compteurs",
        "no fresh reading of the power meters",
    )
    INSTANT = (
        "un instant n'a pas d'énergie : demander une heure ou un jour",
        "an instant has no energy: ask for an hour or a day",
    )
    NO_ZONE = (
        "aucune zone de réseau déclarée pour le site {}",
        "no grid zone declared for site {}",
    )
    NO_FACTOR = (
        "aucun facteur carbone connu pour la zone {}",
        "no grid intensity known for zone {}",
    )
    NO_COMMON_HOUR = (
        "aucune heure où les deux termes du rapport sont connus",
        "no hour in which both terms of the ratio are known",
    )
    NOTHING_TO_DIVIDE = (
        "le diviseur est nul : {}",
        "nothing to divide by: {}",
    )

    def text(self, language: str, about: str = "") -> str:
        """The sentence in a language."""
        french, english = self.value
        return (french if language == "fr" else english).format(about)
