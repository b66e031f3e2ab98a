import os

import zstandard

from agent.relay import batch
from tests.build.parcels import frame, kept, parcel


def plain(body: bytes) -> bytes:
    with zstandard.ZstdDecompressor().stream_reader(body, read_across_frames=True) as reader:
        return bytes(reader.read())


def test_one_parcel_leaves_as_it_came() -> None:
    one = kept(1, parcel(frame(1)))
    assert batch.body([one]) == one.parcel.body


def test_small_ones_become_one_frame_of_a_declared_size() -> None:
    some = [kept(n, parcel(frame(n))) for n in range(5)]
    body = batch.body(some)
    assert zstandard.frame_content_size(body) == sum(k.parcel.raw for k in some)
    assert plain(body) == b"".join(frame(n) for n in range(5))


def test_large_ones_are_not_compressed_again() -> None:
    large = [kept(n, parcel(frame(n, payload=os.urandom(9_000)))) for n in range(2)]
    small = kept(3, parcel(frame(3)))
    body = batch.body([large[0], small, large[1]])
    assert all(k.parcel.body in body for k in large)
    assert len(plain(body)) == sum(k.parcel.raw for k in (*large, small))


def test_a_request_is_bounded_and_takes_one_at_least() -> None:
    huge = [kept(n, parcel(frame(n, payload=bytes(batch.RAW_BYTES)))) for n in range(2)]
    assert batch.chosen(huge) == huge[:1]
    many = [kept(n, parcel(frame(n))) for n in range(batch.FRAMES + 5)]
    assert len(batch.chosen(many)) == batch.FRAMES
    boots = [kept(n, parcel(frame(1, boot=f"{n:0100}"))) for n in range(1_000)]
    told = batch.scopes(batch.chosen(boots))
    assert 1 < len(batch.chosen(boots)) < 1_000
    assert len(told) < batch.HEAD_BYTES


def test_a_boot_speaks_with_one_scope_in_a_request() -> None:
    own = kept(1, parcel(frame(1), scope="site/c1/h1"))
    thief = kept(2, parcel(frame(2), scope="site/c1/h2"))
    last = kept(3, parcel(frame(3), scope="site/c1/h1"))
    assert batch.chosen([own, thief, last]) == [own, last]


def test_scopes_are_told_once_and_so_that_nothing_in_them_is_misread() -> None:
    some = [kept(n, parcel(frame(n, boot="b 1,x"), scope="site/c1")) for n in range(2)]
    assert batch.scopes(some) == "b%201%2Cx site/c1"
