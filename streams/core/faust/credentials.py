"""TLS and accounts for Faust, from the same options of librdkafka that the relay is given."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import faust


def credentials(options: Mapping[str, str]) -> faust.SSLCredentials | faust.SASLCredentials | None:
    """None for plain text. Raises OSError where a file of a certificate can not be read.

    What is understood: security.protocol, sasl.mechanism (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512),
    sasl.username, sasl.password, and ssl.ca, ssl.certificate and ssl.key with `.location`.
    """
    protocol = options.get("security.protocol", "plaintext").lower()
    context = None
    if protocol.endswith("ssl"):
        context = ssl.create_default_context(cafile=options.get("ssl.ca.location"))
        # From Python 3.13 on a certificate without an authority key identifier is refused, which
        # many a company's own authority leaves out. librdkafka takes it: relay and worker agree.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if certificate := options.get("ssl.certificate.location"):
            context.load_cert_chain(
                certificate, options.get("ssl.key.location"), options.get("ssl.key.password")
            )
    if protocol.startswith("sasl"):
        mechanism = options.get("sasl.mechanism") or options.get("sasl.mechanisms") or "PLAIN"
        return faust.SASLCredentials(
            username=options.get("sasl.username"),
            password=options.get("sasl.password"),
            mechanism=mechanism,
            ssl_context=context,
        )
    return faust.SSLCredentials(context=context) if context is not None else None
