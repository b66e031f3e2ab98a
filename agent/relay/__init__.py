"""A site's gateway: takes the frames of its hosts' agents, keeps them, and sends them up together.

A request goes `wire.py` (HTTP) → `desk.py` (who, how much) → `parcel.py` (its frames' names) →
`shelf.py` (disk, synced) and then, by the thread of each upstream, `batch.py` → `carry.py`. No
value is ever decoded: only the headers of frames are read.
"""
