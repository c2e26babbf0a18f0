"""Fetching: which URLs and addresses are asked, and what is taken from an answer. No real network."""

from __future__ import annotations

import pytest
import trustme

from core import fetch
from core.errors import AppError
from tests.tls_host import AUTHORITY, NAME, PUBLIC, URL, Host, Net, answered, canary, get, moved, whole

# The 38 spellings that a check of the text alone lets through in part.
HOSTILE = (
    "http://127.0.0.1/", "http://0/", "http://0x7f000001/", "http://2130706433/", "http://0177.0.0.1/",
    "http://127.1/", "http://[::1]/", "http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/",
    "http://localhost/", "http://LOCALHOST./", "http://169.254.169.254/", "http://[fd00:ec2::254]/",
    "http://100.100.100.200/", "http://0.0.0.0/", "http://[::]/", "http://127.0.0.1:80@evil.com/",
    "http://evil.com@127.0.0.1/", "http://127.0.0.1%2f@evil.com/", "http://①②⑦.⓪.⓪.①/",
    "http://127。0。0。1/", "http://[64:ff9b::7f00:1]/", "http://[2002:7f00:1::]/", "http://192.0.0.1/",
    "http://198.18.0.1/", "http://240.0.0.1/", "http://224.0.0.1/", "http://10.0.0.1/",
    "http://172.17.0.1/", "http://192.168.1.1/", "http://100.64.0.1/", "gopher://127.0.0.1:6379/_",
    "file:///etc/passwd", "http://127.0.0.1\\@evil.com/", "http://evil.com#@127.0.0.1/",
    "http://kubernetes.default.svc/", "http:/\\127.0.0.1/", "//127.0.0.1/x",
)  # fmt: skip
AS_HTTPS = tuple("https" + url.removeprefix("http") for url in HOSTILE if url.startswith("http"))
MORE = (
    "", " https://spec.example.com/", "https://spec.example.com/\r\nX: y", "https://spec.example.com/ x",
    "https://", "https:///x", "https://spec.example.com:0/", "https://spec.example.com:99999/",
    "https://spec.example.com:8443/", "https://[::1", "https://[::ffff:10.0.0.1]/", "https://a..b/",
    "https://-a.example.com/", "https://%31%32%37.0.0.1/", "https://spec.example.com\t.evil.com/",
    "https://127.0.0.1.:443/", "https://" + "a" * 300 + ".example.com/", "https://x/" + "a" * 3000,
    "https://134744072/", "https://0x8080808/", "ftp://spec.example.com/", "javascript:alert(1)",
    "https://168.63.129.16/metadata", "https://[fe80::1%25eth0]/", "https://[fec0::1]/", "https://[ff02::1]/",
    "https://[2001::1]/", "https://[::127.0.0.1]/", "https://[64:ff9b:1::7f00:1]/", "https://metadata.internal/",
)  # fmt: skip


@pytest.mark.parametrize("url", [*HOSTILE, *AS_HTTPS, *MORE])
def test_a_hostile_url_is_refused_and_no_byte_is_sent(url: str) -> None:
    with canary() as (port, heard):
        net = Net(port)

        with pytest.raises((fetch.UrlRefused, fetch.AddressRefused)):
            fetch.get(url, resolve=net.resolve, connect=net.connect)

        assert net.connections == []
    assert heard == []


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e"],
)
def test_a_public_address_is_public(address: str) -> None:
    assert fetch.is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "169.254.169.254", "168.63.129.16", "192.88.99.1", "224.0.0.1",
     "255.255.255.255",
     "0.0.0.0", "100.64.0.1", "198.18.0.1", "192.0.2.1", "::", "::1", "::ffff:8.8.8.8", "64:ff9b::808:808",
     "2002:808:808::1", "2001:0:1::1", "2001:db8::1", "3fff::1", "fe80::1", "fe80::1%eth0", "fd00::1",
     "ff02::1", "fec0::1", "100::1", "5f00::1", "4000::1", "x", ""],
)  # fmt: skip
def test_every_other_address_is_not(address: str) -> None:
    assert not fetch.is_public(address)


def test_a_document_is_fetched(host: Host, net: Net) -> None:
    answer = whole(b"openapi: 3.1.0\n", headers="Content-Type: application/yaml; charset=utf-8\r\n")

    fetched = answered(host, net, answer)

    assert fetched == fetch.Fetched(URL, b"openapi: 3.1.0\n", "application/yaml")


def test_the_connection_goes_to_the_checked_address_under_the_right_name(host: Host, net: Net) -> None:
    answered(host, net, whole())

    assert net.connections == [(PUBLIC, 443)]
    assert host.names == [NAME]
    assert b"\r\nHost: spec.example.com\r\n" in host.asked[0]


def test_a_name_that_changes_between_check_and_connection_gains_nothing(host: Host, net: Net) -> None:
    turns = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])

    answered(host, net, whole(), resolve=lambda _name, _port: next(turns))

    assert net.connections == [(PUBLIC, 443)]
    assert next(turns) == ["127.0.0.1"]


@pytest.mark.parametrize("hidden", ["127.0.0.1", "::1", "10.0.0.1", "fe80::1%eth0"])
def test_one_private_address_among_public_ones_is_enough(net: Net, hidden: str) -> None:
    with pytest.raises(fetch.AddressRefused):
        get(net, resolve=lambda _name, _port: [PUBLIC, hidden])

    assert net.connections == []


def test_the_next_address_is_tried_when_one_does_not_answer(host: Host, net: Net) -> None:
    def connect(address: str, port: int, timeout_s: float) -> object:
        if address == "8.8.8.8":
            raise ConnectionRefusedError(111, "refused")
        return net.connect(address, port, timeout_s)

    fetched = answered(host, net, whole(), resolve=lambda _n, _p: ["8.8.8.8", PUBLIC], connect=connect)

    assert fetched.body == b"openapi: 3.1.0\n"


@pytest.mark.parametrize("found", [[], OSError("no such name"), UnicodeError("label too long")])
def test_a_name_without_address_is_said(net: Net, found: object) -> None:
    def resolve(_name: str, _port: int) -> object:
        if isinstance(found, Exception):
            raise found
        return found

    with pytest.raises(fetch.NameUnknown):
        get(net, resolve=resolve)


def test_only_allowed_hosts_are_asked(host: Host, net: Net) -> None:
    assert answered(host, net, whole(), allow_hosts=["SPEC.example.com"]).url == URL

    with pytest.raises(fetch.HostRefused):
        get(net, URL, allow_hosts=["example.com"])

    assert len(host.asked) == 1


def test_another_port_is_asked_only_where_it_is_allowed(host: Host, net: Net) -> None:
    host.answers["/x"] = whole()

    fetched = get(net, f"https://{NAME}:8443/x", allow_hosts=[f"{NAME}:8443"])

    assert fetched.url == f"https://{NAME}:8443/x"
    assert net.connections == [(PUBLIC, 8443)]
    with pytest.raises(fetch.HostRefused):
        get(net, f"https://{NAME}:8443/x", allow_hosts=[NAME])


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_of_the_environment_hears_nothing(
    host: Host, net: Net, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with canary() as (port, heard):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")

        answered(host, net, whole())

    assert heard == []


def test_a_certificate_for_another_name_is_refused(net: Net) -> None:
    with Host(AUTHORITY.issue_cert("evil.com")) as wrong:
        net.port = wrong.port
        with pytest.raises(fetch.TlsFailed, match="certificate"):
            get(net)
        assert wrong.asked == []


def test_a_certificate_of_an_unknown_authority_is_refused(net: Net) -> None:
    with Host(trustme.CA().issue_cert(NAME)) as wrong:
        net.port = wrong.port
        with pytest.raises(fetch.TlsFailed, match="certificate"):
            get(net)
        assert wrong.asked == []


@pytest.mark.parametrize(
    "location",
    ["http://spec.example.com/x", "https://127.0.0.1/", "https://[::1]/", "https://localhost/", "//10.0.0.1/",
     "file:///etc/passwd", "https://spec.example.com:8443/x", "https://spec.example.com:22/", "gopher://x/_",
     "https://u:p@spec.example.com/", "", "https://169.254.169.254/latest/meta-data/", "javascript:alert(1)",
     "https://spec.example.com\\@127.0.0.1/", "https://[", "\x7f", "https://0x7f.1/"],
)  # fmt: skip
def test_a_redirect_away_from_the_public_is_not_followed(host: Host, net: Net, location: str) -> None:
    with pytest.raises((fetch.RedirectRefused, fetch.AddressRefused)):
        answered(host, net, moved(location))

    assert len(net.connections) == 1


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temp", "308 Perm"])
def test_a_redirect_on_the_same_terms_is_followed(host: Host, net: Net, status: str) -> None:
    host.answers["/raw"] = whole(b"{}")

    fetched = answered(host, net, moved("https://other.example.com/raw?key=s3cret", status))

    assert (fetched.url, fetched.body) == ("https://other.example.com/raw", b"{}")


def test_a_redirect_to_a_host_that_is_not_allowed_is_not_followed(host: Host, net: Net) -> None:
    with pytest.raises(fetch.HostRefused):
        answered(host, net, moved("https://other.example.com/"), allow_hosts=[NAME])


def test_three_redirects_are_followed_and_a_fourth_is_not(host: Host, net: Net) -> None:
    host.answers |= {"/1": moved("/2"), "/2": moved("/3"), "/3": moved("/4"), "/4": whole(b"end")}

    assert get(net, f"https://{NAME}/1").body == b"end"
    with pytest.raises(fetch.RedirectRefused, match="More than 3"):
        answered(host, net, moved("/1"))


@pytest.mark.parametrize(
    ("status", "error", "retryable"),
    [("404 No", fetch.DocumentMissing, False), ("410 Gone", fetch.DocumentMissing, False),
     ("401 Who", fetch.AccessDenied, False), ("403 No", fetch.AccessDenied, False),
     ("429 Slow", fetch.HostFailed, True), ("500 Oh", fetch.HostFailed, True),
     ("503 No", fetch.HostFailed, True),
     ("204 None", fetch.AnswerInvalid, False), ("206 Part", fetch.AnswerInvalid, False),
     ("304 Same", fetch.AnswerInvalid, False), ("418 Pot", fetch.AnswerInvalid, False)],
)  # fmt: skip
def test_each_status_has_its_error(
    host: Host, net: Net, status: str, error: type[AppError], retryable: bool
) -> None:
    with pytest.raises(error) as refused:
        answered(host, net, whole(b"", status=status))

    assert refused.value.retryable is retryable
