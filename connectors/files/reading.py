"""One bank file, whatever its format: decode, recognise, read, and name the file in a refusal."""

from __future__ import annotations

from mintflow.connectors.files import camt, detection, qif, swift
from mintflow.connectors.files.delimited import reader as delimited
from mintflow.connectors.files.errors import CannotRead, UnreadableFile
from mintflow.connectors.files.ofx import statements as ofx
from mintflow.connectors.files.text import decode, told_encoding
from mintflow.domain.statements import CsvProfile, StatementFile


def read_file(
    data: bytes,
    filename: str,
    *,
    format: str = "auto",  # noqa: A002 - the word that the command line and the API use
    profile: CsvProfile | None = None,
    currency: str | None = None,
) -> StatementFile:
    """Everything that the file says, rows in file order.

    format: "auto" (by content), csv, ofx, qfx, qif, camt, mt940 or mt942.
    profile: how this account's CSV was read before; then it is obeyed, not recognised again.
    currency: the account's; it only breaks ties, such as whether "1.000" is one or a thousand.
    Raises UnreadableFile: then nothing was read.
    """
    try:
        return _read(data, format.strip().lower(), profile, currency)
    except CannotRead as error:
        raise UnreadableFile(filename, error.where, error.reason) from None


def _read(
    data: bytes, wanted: str, profile: CsvProfile | None, currency: str | None
) -> StatementFile:
    wanted = detection.ALIASES.get(wanted, wanted)
    if wanted not in ("auto", *detection.FORMATS):
        known = ", ".join(("auto", *detection.FORMATS))
        raise CannotRead("format", f"the format must be one of {known}")
    # A profile is remembered per account; a file in another format is still read as what it is.
    # Its encoding is for what a file leaves open: a bank that goes over to UTF-8 writes the same
    # rows, and read in the old encoding they would all be others.
    told = told_encoding(data)
    remembered = profile.encoding if profile and told is None else None
    text, encoding = decode(data, remembered if remembered and wanted == "csv" else told)
    if wanted == "auto":
        wanted = detection.detect(text)
        if wanted == "csv" and remembered is not None and remembered != encoding:
            text, encoding = decode(data, remembered)
    if wanted == "ofx":
        return ofx.read_ofx(data, text, encoding)
    if wanted == "qif":
        return qif.read_qif(text, currency)
    if wanted == "camt":
        return camt.read_camt(data, text)
    if wanted == "mt940":
        return swift.read_mt940(text)
    return delimited.read_csv(text, encoding, profile, currency)
