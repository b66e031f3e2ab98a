"""Why a container may not take a fragment, or a job: a plan tells it of what it refused."""

from enum import StrEnum


class Why(StrEnum):
    """One reason, as people read it in English; `fr` as they read it in French."""

    NO_POLICY = "no policy says where this may lie"
    NOT_IN_SERVICE = "it is not in service"
    LEAVING = "it leaves: maintenance or retirement is declared"
    FAILING = "its own loss is foreseen"
    HOT = "it is past a thermal or power limit"
    HEAT_UNKNOWN = "nobody knows how hot it is"
    STALE = "it has not told what it holds for too long"
    OUTSIDE = "the policy does not allow its country"
    NOT_LISTED = "the policy names other containers"
    OTHER_NATURE = "one of the two is simulated"
    REACH_UNKNOWN = "not known whose law reaches it"
    ROOM_UNKNOWN = "not known how full it is"
    FULL = "it would be too full"
    HOLDS = "it holds a fragment of this object"
    DOMAIN = "its failure domain would hold too many fragments of this object"
    RECONSTRUCT = "a foreign law could rebuild this object"
    DENY = "a foreign law could block this object"
    THINNER = "less would be left of this object were a foreign law to take its fragments"
    OTHER_GPUS = "its GPUs are of another kind"
    TOO_FEW_GPUS = "it has too few free GPUs"
    HEADROOM_UNKNOWN = "not known how much more it may draw"
    NO_HEADROOM = "it would draw too much, or grow too hot"
    HERE = "it is there already"
    NO_GAIN = "nothing would be gained beyond doubt"
    HOME = "home could not rebuild this object alone"

    @property
    def fr(self) -> str:
        """The French words."""
        return _FR[self]


_FR = {
    Why.NO_POLICY: "aucune règle ne dit où cela peut se trouver",
    Why.NOT_IN_SERVICE: "il n'est pas en service",
    Why.LEAVING: "il part : maintenance ou retrait déclaré",
    Why.FAILING: "sa propre perte est prévue",
    Why.HOT: "il dépasse une limite thermique ou électrique",
    Why.HEAT_UNKNOWN: "on ignore sa température",
    Why.STALE: "il n'a pas dit depuis trop longtemps ce qu'il détient",
    Why.OUTSIDE: "la règle n'autorise pas son pays",
    Why.NOT_LISTED: "la règle nomme d'autres conteneurs",
    Why.OTHER_NATURE: "l'un des deux est simulé",
    Why.REACH_UNKNOWN: "on ignore quel droit l'atteint",
    Why.ROOM_UNKNOWN: "on ignore son remplissage",
    Why.FULL: "il serait trop plein",
    Why.HOLDS: "il détient déjà un fragment de cet objet",
    Why.DOMAIN: "son domaine de panne détiendrait trop de fragments de cet objet",
    Why.RECONSTRUCT: "un droit étranger pourrait reconstruire cet objet",
    Why.DENY: "un droit étranger pourrait bloquer cet objet",
    Why.THINNER: "il resterait moins de cet objet si un droit étranger prenait ses fragments",
    Why.OTHER_GPUS: "ses GPU sont d'une autre sorte",
    Why.TOO_FEW_GPUS: "il a trop peu de GPU libres",
    Why.HEADROOM_UNKNOWN: "on ignore ce qu'il peut encore consommer",
    Why.NO_HEADROOM: "il consommerait trop, ou chaufferait trop",
    Why.HERE: "il s'y trouve déjà",
    Why.NO_GAIN: "rien n'y serait gagné avec certitude",
    Why.HOME: "le pays d'origine ne pourrait plus reconstruire seul cet objet",
}
