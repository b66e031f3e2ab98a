import ipaddress
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.delivery.address import AddressRefused, Allowed, Resolve, pinned, public, target


def names(*addresses: str) -> Resolve:
    """A resolver that knows one host."""

    def resolve(_: str, port: int, **__: Any) -> Sequence[tuple[Any, ...]]:
        return [(0, 0, 0, "", (address, port)) for address in addresses]

    return resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001:0:1::1", "::7f00:1",
        "fec0::1",
    ],
)  # fmt: skip
def test_no_address_of_ours_is_public(address: str) -> None:
    assert not public(ipaddress.ip_address(address))
    with pytest.raises(AddressRefused, match="not public"):
        pinned(target("https://a.example/"), (), names(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808"])
def test_the_open_internet_is(address: str) -> None:
    assert pinned(target("https://a.example/"), (), names(address)) == address


@given(st.ip_addresses(v=4))
def test_ipv4_in_disguise_is_judged_as_itself(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    for disguise in (
        ipaddress.IPv6Address(0xFFFF << 32 | number),
        ipaddress.IPv6Address(int(ipaddress.IPv6Address("64:ff9b::")) | number),
        ipaddress.IPv6Address(int(ipaddress.IPv6Address("2002::")) | number << 80),
    ):
        assert public(disguise) <= public(address)


def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        pinned(target("https://a.example/"), (), names("8.8.8.8", "10.0.0.1"))


def test_an_operator_may_open_an_address_and_a_port() -> None:
    opened = [Allowed.parse("10.0.0.0/24:9000"), Allowed.parse("[::1/128]:9000")]
    inside = target("http://a.example:9000/")
    assert pinned(inside, opened, names("10.0.0.7")) == "10.0.0.7"
    assert pinned(inside, opened, names("::1")) == "::1"
    for url, address in (
        ("http://a.example:9001/", "10.0.0.7"),
        ("http://a.example:9000/", "10.0.1.7"),
    ):
        with pytest.raises(AddressRefused, match="add allow = "):
            pinned(target(url), opened, names(address))


@pytest.mark.parametrize("text", ["10.0.0.0/24", "10.0.0.1:80", "10.0.0.1/24:80", "x/8:80",
                                  "10.0.0.0/8:0", "10.0.0.0/8:70000", 5])  # fmt: skip
def test_what_opens_nothing_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="a network and a port"):
        Allowed.parse(text)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("file:///etc/passwd", "http"), ("gopher://a/", "http"), ("unix:/run/x", "http"),
        ("//a.example", "http"), ("http://", "http"),
        ("http://u:p@a.example/", "name or a password"),
        ("http://u@a.example/", "name or a password"), ("http://a.example:99999/", "no URL"),
        ("http://a.example/ x", "printable ASCII"), ("http://a.example\\b/", "printable ASCII"),
        ("http://ex\u0430mple.org/", "printable ASCII"),
    ],
)  # fmt: skip
def test_a_url_that_is_no_plain_web_address_is_refused(url: str, fault: str) -> None:
    with pytest.raises(AddressRefused, match=fault):
        target(url)


def test_a_url_is_taken_apart() -> None:
    where = target("https://noc.example:8443/hook/x?y=1#z")
    assert (where.scheme, where.host, where.port, where.path, where.authority) == (
        "https", "noc.example", 8443, "/hook/x?y=1", "noc.example:8443",
    )  # fmt: skip
    assert target("http://a.example").port == 80
    assert target("http://a.example").path == "/"


def test_numbers_in_other_clothes_are_resolved_before_they_are_checked() -> None:
    asked: list[str] = []

    def resolve(host: str, port: int, **_: Any) -> Sequence[tuple[Any, ...]]:
        asked.append(host)
        return [(0, 0, 0, "", ("127.0.0.1", port))]

    for host in ("2130706433", "0x7f.1", "localhost"):
        with pytest.raises(AddressRefused):
            pinned(target(f"http://{host}/"), (), resolve)
    assert asked == ["2130706433", "0x7f.1", "localhost"]


def test_a_name_without_an_address_is_down_not_refused() -> None:
    with pytest.raises(OSError, match="no address"):
        pinned(target("http://a.example/"), (), names())
