"""The relay's options of librdkafka, as Faust takes them."""

from __future__ import annotations

import ssl

import faust
import pytest

from mintflow.streams.core.faust.app import make_app
from mintflow.streams.core.faust.credentials import credentials


def test_plain_text_needs_none() -> None:
    assert credentials({}) is None
    assert credentials({"security.protocol": "PLAINTEXT", "linger.ms": "5"}) is None


@pytest.mark.parametrize(("protocol", "tls"), [("SASL_PLAINTEXT", False), ("sasl_ssl", True)])
def test_an_account_with_and_without_tls(protocol: str, tls: bool) -> None:
    options = {
        "security.protocol": protocol, "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "mintflow", "sasl.password": "secret",
    }  # fmt: skip
    found = credentials(options)
    assert isinstance(found, faust.SASLCredentials)
    assert (found.username, found.password) == ("mintflow", "secret")
    assert found.mechanism.value == "SCRAM-SHA-512"
    assert isinstance(found.ssl_context, ssl.SSLContext) is tls
    assert "secret" not in repr(found)


def test_tls_checks_who_answers() -> None:
    found = credentials({"security.protocol": "SSL"})
    assert isinstance(found, faust.SSLCredentials)
    assert found.context.verify_mode is ssl.CERT_REQUIRED
    assert found.context.check_hostname


def test_tls_takes_the_certificates_that_the_relay_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """On every Python as on 3.13 and later, which would be stricter than librdkafka."""
    make = ssl.create_default_context

    def strict(*, cafile: str | None = None) -> ssl.SSLContext:
        context = make(cafile=cafile)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    found = credentials({"security.protocol": "SSL"})
    assert isinstance(found, faust.SSLCredentials)
    assert not found.context.verify_flags & ssl.VERIFY_X509_STRICT


def test_a_certificate_that_is_not_there_is_no_reason_to_go_without() -> None:
    with pytest.raises(OSError):
        credentials({"security.protocol": "SSL", "ssl.ca.location": "/nowhere/ca.pem"})


def test_faust_takes_them() -> None:
    async def nothing(_: object) -> dict[int, int]:
        return {}

    given = credentials({"security.protocol": "SSL"})
    app = make_app("group", "127.0.0.1:1", nothing, broker_credentials=given)
    assert app.conf.broker_credentials is given
