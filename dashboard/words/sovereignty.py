"""Words about sovereignty: who could read, block, or be done without."""

from typing import Final

from dashboard.said import Said

TEXTS: Final[dict[str, Said]] = {
    "s_indicators": Said("Qui peut lire, bloquer, manquer", "Who can read, block, go missing"),
    # What if
    "whatif": Said("Et si … disparaissait ?", "What if … vanished?"),
    "whatif_hint": Said(
        "Cochez un pays, un exploitant, un fournisseur, un propriétaire : ce qui reste vient ici.",
        "Tick a country, an operator, a supplier or an owner: what is left comes here.",
    ),
    "whatif_nothing": Said("Aucun objet n'est connu.", "No object is known."),
    "whatif_reserved": Said(
        "Objets inconnus : inventaire incomplet, ou réservé à qui voit tout le réseau.",
        "Objects unknown: inventory incomplete, or for those who see the whole network.",
    ),
    "pick_country": Said("Pays", "Countries"),
    "pick_operator": Said("Exploitants", "Operators"),
    "pick_supplier": Said("Fournisseurs", "Suppliers"),
    "pick_owner": Said("Propriétaires", "Owners"),
    "number_gone": Said("Conteneurs disparus", "Containers gone"),
    "number_lost": Said("Objets perdus", "Objects lost"),
    "number_tenants": Said("Locataires touchés", "Tenants affected"),
    "number_storage_bytes": Said("Stockage restant", "Storage left"),
    "number_gpus": Said("GPU restants", "GPUs left"),
    "number_power_watts": Said("Puissance restante", "Power left"),
    "gone_note": Said("et {count} peut-être : une couche n'est pas déclarée",
                      "and {count} perhaps: a layer is not declared"),
    "gone_sure": Said("toutes les couches sont déclarées", "every layer is declared"),
    "readable_note": Said("{count} encore lisibles", "{count} still readable"),
    "undeclared_note": Said("{count} {count|conteneur|conteneurs} sans capacité déclarée",
                            "{count} {count|container|containers} without declared capacity"),
    "tenants_none": Said("aucun", "none"),
    "outcome_gone": Said("disparu", "gone"),
    "outcome_unknown": Said("peut-être", "perhaps"),
    "column_store": Said("Magasin", "Store"),
    "column_objects": Said("Objets", "Objects"),
    "column_readable": Said("Lisibles", "Readable"),
    "column_lost": Said("Perdus", "Lost"),
    "column_margins": Said("Objets par marge", "Objects by margin"),
    "column_outcome": Said("Sort", "Outcome"),
    "column_containers": Said("Conteneurs", "Containers"),
    "margins_before": Said("avant : {margins}", "before: {margins}"),
    "margins_after": Said("après : {margins}", "after: {margins}"),
    "margin_lost": Said("illisibles", "unreadable"),
    # Evidence
    "evidence": Said("Cadre européen de souveraineté : ce qui en parle",
                     "European sovereignty framework: what speaks to it"),
    "no_evidence": Said("Rien n'en parle ici.", "Nothing here speaks to it."),
    "weights": Said("poids {weights}", "weights {weights}"),
    "column_objective": Said("Objectif", "Objective"),
    "column_evidence": Said("Élément", "Evidence"),
}  # fmt: skip
