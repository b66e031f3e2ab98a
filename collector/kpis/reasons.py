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
    NO_SITE_METER = (
        "aucun compteur à l'entrée du site",
        "no meter at the input of the site",
    )
    NO_IT_METER = (
        "aucun compteur d'énergie informatique (onduleur, PDU ou serveur)",
        "no meter of IT energy (UPS, PDU or server)",
    )
    NO_CATEGORY = (
        "aucune catégorie de comptage informatique commune à tous les conteneurs",
        "no category of IT metering that all containers share",
    )
    NO_COOLING_METER = (
        "aucun compteur électrique du refroidissement",
        "no electricity meter of the cooling",
    )
    NO_HEAT_METER = (
        "aucun compteur de chaleur livrée",
        "no meter of heat handed over",
    )
    NO_HEAT_REMOVED = (
        "aucun compteur de la chaleur évacuée",
        "no meter of the heat removed",
    )
    NO_WATER_METER = (
        "aucun compteur d'eau prélevée",
        "no meter of water withdrawn",
    )
    NO_WATER_RETURN = (
        "aucun compteur d'eau consommée ni d'eau rendue",
        "no meter of water consumed, nor of water returned",
    )
    NO_WATER_FACTOR = (
        "aucun facteur d'eau connu pour {}",
        "no water factor known for {}",
    )
    NO_PERMIT = (
        "aucune autorisation déclarée avec une limite",
        "no permit declared with a limit",
    )
    NO_RIVER = (
        "aucune mesure de ce que limite l'autorisation {}",
        "no reading of what permit {} limits",
    )
    NO_GPU = (
        "aucun GPU ne dit ce qui est demandé ici",
        "no GPU tells what this needs",
    )
    NO_CONTRACT = (
        "aucun contrat d'énergie renouvelable déclaré",
        "no contract of renewable energy declared",
    )
    NO_CERTIFICATE = (
        "contrat sans certificat annulé, compté pour rien : {}",
        "contract without a retired certificate, counted as nothing: {}",
    )
    NO_MIX = (
        "composition du réseau électrique inconnue : {}",
        "mix of the grid unknown: {}",
    )
    NO_CONTRACT_FACTOR = (
        "contrat sans facteur d'émission : {}",
        "contract without an emission factor: {}",
    )
    NO_RESIDUAL = (
        "aucun mix résiduel déclaré (contrat de fourniture avec son facteur) pour le site {}",
        "no residual mix declared (a supply contract with its factor) for site {}",
    )
    NO_TARGET = (
        "aucun objectif adopté",
        "no target adopted",
    )
    NOT_A_YEAR = (
        "l'objectif de {} porte sur une année : demander une année",
        "the target of {} is of a year: ask for a year",
    )
    NO_EQUIPMENT = (
        "aucun équipement déclaré",
        "no equipment declared",
    )
    NO_ITEM = (
        "carbone de fabrication inconnu : {}",
        "carbon of making unknown: {}",
    )
    NO_WORK = (
        "aucune heure de GPU servie connue",
        "no GPU time served is known",
    )
    NO_STORAGE_METER = (
        "conteneur mixte sans compteur du stockage : {}",
        "mixed container without a meter of its storage: {}",
    )
    NO_STORE = (
        "aucun stockage connu ici",
        "no storage is known here",
    )
    NO_QUEUE = (
        "aucun ordonnanceur ne rend compte sous ce chemin",
        "no scheduler reports on this path",
    )
    NO_CAPACITY = (
        "capacité en GPU non déclarée",
        "capacity in GPUs not declared",
    )
    NO_CONTRACTED = (
        "capacité contractée non déclarée",
        "contracted capacity not declared",
    )
    NO_PAID = (
        "capacité payée non déclarée",
        "capacity paid for not declared",
    )
    NO_HOME_SITE = (
        "aucun locataire n'a de site d'attache déclaré",
        "no tenant has a home site declared",
    )
    NO_INVENTORY = (
        "l'inventaire des fragments n'est pas complet, ou n'est pas visible ici",
        "the inventory of fragments is not complete, or not to be seen from here",
    )
    NO_OBJECT = (
        "aucun objet n'est stocké",
        "no object is stored",
    )
    NO_REPAIR = (
        "aucune alerte grave ne s'est terminée sur la période",
        "no serious alert ended in the period",
    )
    ALL_MAINTENANCE = (
        "toute la période est en maintenance planifiée",
        "all of the period is planned maintenance",
    )
    NO_PURCHASE = (
        "achat ou location non déclaré pour {}",
        "neither purchase nor rent declared for {}",
    )
    NO_PRICE = (
        "aucun prix de l'électricité pour le site {}",
        "no price of electricity for site {}",
    )
    NO_HOME = (
        "aucun pays d'origine déclaré pour le stockage {}",
        "no home jurisdiction declared for store {}",
    )
    NO_POLICY = (
        "aucune règle de placement ne nomme de pays",
        "no policy names countries",
    )
    NO_KEYS = (
        "lieu des clés ou du catalogue non déclaré : {}",
        "where keys or catalogue are held is not declared: {}",
    )
    NO_SIZE = (
        "taille des fragments inconnue : {}",
        "size of fragments unknown: {}",
    )
    REACH_UNKNOWN = (
        "portée inconnue : {}",
        "reach unknown: {}",
    )
    NO_COALITION = (
        "aucun groupe de pays n'y suffit",
        "no group of countries suffices",
    )
    NO_EVIDENCE = (
        "aucune preuve déclarée : {}",
        "no evidence declared: {}",
    )
    NO_LINE = (
        "aucune ligne sortante connue : {}",
        "no line out is known: {}",
    )
    NO_ORIGIN = (
        "origine des équipements non déclarée",
        "origin of the equipment not declared",
    )
    NOT_EVALUATED = (
        "règles jamais évaluées sur cette période",
        "rules never evaluated in this period",
    )

    def text(self, language: str, about: str = "") -> str:
        """The sentence in a language."""
        french, english = self.value
        return (french if language == "fr" else english).format(about)
