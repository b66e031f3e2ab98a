import random

from hypothesis import given
from hypothesis import strategies as st

from agent.fragments.digest import Digests
from vigie.fragments import BUCKETS, DIGEST, RECORD, bucket, record_hash

RECORDS = st.lists(st.binary(min_size=RECORD.size, max_size=RECORD.size), max_size=20)


@given(RECORDS)
def test_digests_are_those_of_the_wire(records: list[bytes]) -> None:
    digests = Digests("epoch")
    found = [0] * BUCKETS
    for record in records:
        digests.mix(record)
        found[bucket(record)] ^= record_hash("epoch", record)
    assert digests.pack() == DIGEST.pack(*found)


@given(RECORDS, st.randoms())
def test_what_came_and_went_leaves_nothing_in_whatever_order(
    records: list[bytes], chance: random.Random
) -> None:
    digests = Digests("epoch")
    twice = records * 2
    chance.shuffle(twice)
    for record in twice:
        digests.mix(record)
    assert digests.pack() == bytes(8 * BUCKETS)


@given(RECORDS)
def test_what_was_saved_is_restored(records: list[bytes]) -> None:
    digests, again = Digests("epoch"), Digests("epoch")
    for record in records:
        digests.mix(record)
    for number, saved in digests.saved():
        assert -(2**63) <= saved < 2**63
        again.restore(number, saved)
    assert again.pack() == digests.pack()
    assert digests.saved() == []
