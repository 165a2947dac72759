"""Which endpoints may receive credentials, tricks included."""

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuneform.errors import Refused
from tuneform.providers.google.trust import GOOGLE_HOST, check_endpoint, trusted_entries

ADMITTED = [
    (None, f"https://{GOOGLE_HOST}", False),
    (f"https://{GOOGLE_HOST}", f"https://{GOOGLE_HOST}", False),
    (f"https://{GOOGLE_HOST}/", f"https://{GOOGLE_HOST}", False),
    (f"HTTPS://{GOOGLE_HOST.upper()}", f"https://{GOOGLE_HOST}", False),
    (f"https://{GOOGLE_HOST}.", f"https://{GOOGLE_HOST}", False),
    (f"https://{GOOGLE_HOST}:443/pre/fix/", f"https://{GOOGLE_HOST}:443/pre/fix", False),
    ("http://127.0.0.1:8765", "http://127.0.0.1:8765", True),
    ("http://127.9.8.7", "http://127.9.8.7", True),
    ("http://localhost:8765/pre/fix", "http://localhost:8765/pre/fix", True),
    ("https://LOCALHOST.", "https://localhost", True),
    ("http://[::1]:8765", "http://[::1]:8765", True),
    ("http://[0:0:0:0:0:0:0:1]", "http://[::1]", True),
]


@pytest.mark.parametrize(("endpoint", "url", "loopback"), ADMITTED)
def test_admits_the_service_and_this_machine(endpoint, url, loopback):
    admitted = check_endpoint(endpoint)

    assert (admitted.url, admitted.loopback) == (url, loopback)


REFUSED = [
    "https://evil.example",
    f"https://{GOOGLE_HOST}@evil.example",
    f"https://{GOOGLE_HOST}:443@evil.example/",
    f"https://{GOOGLE_HOST}\\@evil.example",
    f"https://evil.example\\@{GOOGLE_HOST}",
    f"https://user:word@{GOOGLE_HOST}",
    f"https://evil.example#@{GOOGLE_HOST}",
    f"https://evil.example?@{GOOGLE_HOST}",
    f"https://{GOOGLE_HOST}.evil.example",
    f"https://x.{GOOGLE_HOST}",
    f"https://{GOOGLE_HOST}..",
    f"https://{GOOGLE_HOST}\n.evil.example",
    f" https://{GOOGLE_HOST}",
    f"https://{GOOGLE_HOST}?key=x",
    f"https://{GOOGLE_HOST}#x",
    f"https:{GOOGLE_HOST}",
    f"https:///{GOOGLE_HOST}",
    f"https://{GOOGLE_HOST}:0",
    f"https://{GOOGLE_HOST}:65536",
    f"https://{GOOGLE_HOST}:",
    f"http://{GOOGLE_HOST}",
    f"ftp://{GOOGLE_HOST}",
    GOOGLE_HOST,
    "127.0.0.1:8765",
    "localhost:8765",
    "",
    "http://0.0.0.0",
    "http://127.1",
    "http://2130706433",
    "http://0x7f.0.0.1",
    "http://127.0.0.01",
    "http://128.0.0.1",
    "http://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://[::1%25eth0]",
    "http://[::ffff:127.0.0.1]",
    "http://[::2]",
    "http://[::1",
    "http\u017f://127.0.0.1",
    "http://①27.0.0.1",
    "https://generativelanguage.googleapis\u3002com",
    "https://generativelanguage.goog\u212ae.com",
]


@pytest.mark.parametrize("endpoint", REFUSED)
def test_refuses_every_other(endpoint):
    with pytest.raises(Refused) as refusal:
        check_endpoint(endpoint)

    assert "provider.endpoint in tuneform.yaml" in refusal.value.message
    assert "word" not in refusal.value.message  # of user:word@


def test_a_refusal_names_host_key_and_variable():
    with pytest.raises(Refused) as refusal:
        check_endpoint("https://Proxy.Example:8443/x")

    assert refusal.value.message == (
        "provider.endpoint in tuneform.yaml names the host proxy.example:8443, "
        "which is not trusted with credentials"
    )
    assert "TUNEFORM_TRUSTED_ENDPOINTS=proxy.example:8443" in refusal.value.hint
    assert refusal.value.exit_code == 5


def test_a_refusal_names_the_host_behind_a_trick():
    with pytest.raises(Refused, match=r"its host would be evil\.example"):
        check_endpoint(f"https://{GOOGLE_HOST}@evil.example")


@pytest.mark.parametrize(
    ("trusted", "endpoint", "admitted"),
    [
        ("proxy.example", "https://proxy.example", True),
        ("proxy.example", "https://proxy.example:8443/pre", True),
        ("proxy.example:8443", "https://proxy.example:8443", True),
        ("proxy.example:8443", "https://proxy.example", False),
        ("proxy.example:443", "https://proxy.example", True),
        ("PROXY.example.", "https://proxy.EXAMPLE", True),
        ("https://proxy.example/", "https://proxy.example", True),
        ("other.example, proxy.example", "https://proxy.example", True),
        ("other.example proxy.example", "https://proxy.example", True),
        ("[fd00::1]:8443", "https://[fd00:0::1]:8443", True),
        ("*.example", "https://proxy.example", False),
        ("example", "https://proxy.example", False),
        ("https://user@proxy.example", "https://proxy.example", False),
        ("http://proxy.example", "https://proxy.example", False),
        ("", "https://proxy.example", False),
        ("proxy.example", "http://proxy.example", False),
    ],
)
def test_hosts_may_be_trusted_by_name_and_only_with_tls(trusted, endpoint, admitted):
    entries = trusted_entries(trusted)
    if admitted:
        assert check_endpoint(endpoint, entries).host in {"proxy.example", "fd00::1"}
    else:
        with pytest.raises(Refused):
            check_endpoint(endpoint, entries)


_HOSTS = [GOOGLE_HOST, "127.0.0.1", "evil.example", "[::1]", "localhost"]
_SIGNS = ["https://", "http://", "@", ":", "/", "\\", "#", "?", ".", "%", "..", "\t", "\u3002"]
_PIECES = st.sampled_from([*_HOSTS, *_SIGNS, "443"])


@given(st.lists(_PIECES, max_size=8).map("".join))
def test_what_is_admitted_is_where_httpx_connects(text):
    """Two parsers that disagree about the host are how a key gets to a stranger."""
    try:
        admitted = check_endpoint(text)
    except Refused:
        return
    for url in (text, f"{admitted.url}/v1beta/tunedModels"):
        assert httpx.URL(url).host.removesuffix(".") in {
            GOOGLE_HOST,
            "127.0.0.1",
            "::1",
            "localhost",
        }


def test_each_api_admits_its_own_host_and_no_other_of_googles():
    storage = "storage.googleapis.com"

    assert check_endpoint(None, own=storage).url == f"https://{storage}"
    assert check_endpoint(f"https://{storage}", own=storage).host == storage
    with pytest.raises(Refused, match=r"provider\.storageEndpoint in tuneform\.yaml names"):
        check_endpoint(f"https://{GOOGLE_HOST}", own=storage, field="provider.storageEndpoint")


@pytest.mark.parametrize("endpoint", ["http://storage.googleapis.com", "https://x@y"])
def test_messages_name_the_field(endpoint):
    with pytest.raises(Refused, match=r"provider\.storageEndpoint in tuneform\.yaml"):
        check_endpoint(endpoint, own="storage.googleapis.com", field="provider.storageEndpoint")
