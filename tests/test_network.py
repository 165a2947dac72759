"""The suite reaches no network: whatever asks for another machine fails at once, and says so."""

import socket
import tempfile
from pathlib import Path

import httpx
import pytest

# Addresses and names that are reserved for documents; nothing answers there.
ABROAD = [(socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")]


@pytest.mark.parametrize(("family", "address"), ABROAD)
def test_no_connection_leaves_this_machine(family, address):
    with (
        socket.socket(family) as attempt,
        pytest.raises(Exception, match="A test tried to use socket") as refused,
    ):
        attempt.connect((address, 443))
    assert not isinstance(refused.value, OSError)


@pytest.mark.parametrize("name", ["host.example", b"host.example", "192.0.2.1"])
def test_no_name_is_looked_up(name):
    with pytest.raises(AssertionError, match="asked the network for"):
        socket.getaddrinfo(name, 443)
    with pytest.raises(AssertionError, match="asked the network for"):
        socket.gethostbyname(name)


def test_no_datagram_leaves_this_machine():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as attempt,
        pytest.raises(AssertionError, match=r"asked the network for 192\.0\.2\.1"),
    ):
        attempt.sendto(b"x", ("192.0.2.1", 53))


def test_the_client_of_the_product_is_held_too():
    """What httpx does with an error of the system it does not do with this one: it is no reply."""
    with (
        httpx.Client(trust_env=False) as client,
        pytest.raises(AssertionError, match="asked the network for"),
    ):
        client.get("https://host.example/")


def test_loopback_and_files_are_open():
    for host in ("127.0.0.1", "localhost"):
        with (
            socket.create_server(("127.0.0.1", 0)) as server,
            socket.create_connection((host, server.getsockname()[1]), timeout=600),
        ):
            server.accept()[0].close()
    with (
        tempfile.TemporaryDirectory(prefix="s") as folder,
        socket.socket(socket.AF_UNIX) as server,
        socket.socket(socket.AF_UNIX) as client,
    ):
        path = str(Path(folder, "s"))
        server.bind(path)
        server.listen()
        client.connect(path)
