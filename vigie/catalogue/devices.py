"""Equipment, as an inventory."""

from vigie.shape import Inventory, key, text


class Device(Inventory, name="device", fr="Équipement", en="Device"):
    """One piece of equipment and what it is."""

    host = key("Name of the host.", fr="Hôte", en="Host")
    device = key(
        "Stable identity: serial, WWN, UUID, else kernel name.", fr="Équipement", en="Device"
    )
    kind = text("machine, processor, disk, gpu, gpu_instance, ups.", fr="Genre", en="Kind")
    model = text("Maker's model name.", fr="Modèle", en="Model")
    serial = text("Maker's serial number.", fr="Numéro de série", en="Serial number")
    firmware = text("Firmware, kernel or driver version.", fr="Micrologiciel", en="Firmware")
    size = text("Capacity as the device says it, with its unit.", fr="Capacité", en="Capacity")
    address = text(
        "Where the system has it now: kernel name, PCI address.", fr="Adresse", en="Address"
    )
