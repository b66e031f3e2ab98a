from alerts.receivers.labels import fingerprint


def test_a_fingerprint_is_fnv_over_sorted_labels() -> None:
    assert fingerprint({}) == "cbf29ce484222325"
    assert fingerprint({"a": "1", "b": "2"}) == fingerprint({"b": "2", "a": "1"})
    assert fingerprint({"a": "1b"}) != fingerprint({"a1": "b"})
