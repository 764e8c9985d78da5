"""Bytes to text: byte order marks, UTF-16 without one, UTF-8, and the old one-byte encodings.

The first step of every text format. Line ends become "\n" here, once, so that every later line
number is the one an editor shows. Binary files are refused by name where they have one.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

from mintflow.connectors.files.delimited.words import roles_of
from mintflow.connectors.files.errors import CannotRead

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MAGIC = (
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive or an Excel workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f]")
_CONTROL_SHARE_MAX = 0.005
_SAMPLE_BYTES = 65_536

# What charset-normalizer may answer where cp1252 is ruled out: what banks have been seen to write.
_OTHERS = [
    "cp1250", "cp1251", "cp1253", "cp850", "cp852", "mac_roman", "koi8_r",
    "shift_jis", "gb18030", "big5", "euc_kr",
]  # fmt: skip
# Encodings whose letters cp1252 has others for, so that a wrong reading looks like words too.
_NEIGHBOURS = ("cp1250", "cp1257", "cp1254")
_HEAD_LINES = 64
_CELLS = re.compile(r"[,;\t|\r\n]")
# In cp1252 these stand alone or beside digits; between two letters they betray another encoding.
_SIGNS = "\u00a1-\u00a9\u00ab-\u00b1\u00b2-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2122"
_NEVER = "\u00a4\u00af\u201a\u201e\u2020\u2021\u02c6\u2030\u2039\u203a"
_STRAY = re.compile(
    rf"[^\W\d_][{_SIGNS}][^\W\d_]|[\u00a3\u00a5\u00b2\u00b3\u00b9][^\W\d_]|[{_NEVER}]"
)
_FOREIGN_RUN = re.compile(r"[\u00c0-\u00ff]{4}")


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """The text with "\\n" line ends and no byte order mark, and the encoding that was found.

    encoding: from a profile or from the file's own header; then it is obeyed.
    Raises CannotRead for an empty or binary file, and bytes that are not in `encoding`.
    """
    if not data.strip():
        raise CannotRead("file", "the file is empty")
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise CannotRead("file", f"this is {what}, not a bank file in text form")
    found = encoding or _encoding_of(data)
    try:
        text = data.decode(found)
    except LookupError:
        raise CannotRead("file", "the encoding is not known") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CannotRead(f"line {line}", f"byte {error.start} is not {found} text") from None
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text.removeprefix("\ufeff")
    _refuse_binary(text)
    return text, found


def told_encoding(data: bytes) -> str | None:
    """The encoding that the bytes tell by themselves: by a mark, by the zero bytes of UTF-16, or as
    UTF-8 with letters beyond ASCII, which no text in an older encoding happens to be. None: any
    that is known from elsewhere may be right."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name
    sample = data[:_SAMPLE_BYTES]
    if b"\0" in sample:
        # Bank text is mostly ASCII, so UTF-16 without a mark shows a NUL in every other byte.
        if sample[0::2].count(0) * 10 >= len(sample[0::2]) * 4 and 0 not in sample[1::2]:
            return "utf-16-be"
        if sample[1::2].count(0) * 10 >= len(sample[1::2]) * 4 and 0 not in sample[0::2]:
            return "utf-16-le"
    return None if data.isascii() or not _is_utf8(data) else "utf-8"


def _encoding_of(data: bytes) -> str:
    told = told_encoding(data)
    if told is not None:
        return told
    return "utf-8" if data.isascii() else _one_byte_encoding_of(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _one_byte_encoding_of(data: bytes) -> str:
    """cp1252 where its reading looks like words (it holds Latin-1), else what the library says.

    The library alone takes short German and French files for Czech or Korean ones.
    """
    sample = b"\n".join(line for line in data.split(b"\n") if not line.isascii())[:_SAMPLE_BYTES]
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        text = ""
    if text and not _STRAY.search(text) and not _FOREIGN_RUN.search(text):
        # Czech or Lithuanian may read as letters of the West: then the column names do not.
        head = b"\n".join(data[:_SAMPLE_BYTES].split(b"\n")[:_HEAD_LINES])
        return _if_whole(max(("cp1252", *_NEIGHBOURS), key=lambda e: _known_names(head, e)), data)
    best = from_bytes(sample, cp_isolation=_OTHERS).best()
    return _if_whole(best.encoding if best else "cp1252", data)


def _known_names(head: bytes, encoding: str) -> int:
    cells = _CELLS.split(head.decode(encoding, "replace"))
    return sum(bool(roles_of(cell.strip(' "'))) for cell in cells if not cell.isascii())


def _if_whole(encoding: str, data: bytes) -> str:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return "latin-1"
    return encoding


def _refuse_binary(text: str) -> None:
    nul = text.find("\0")
    if nul >= 0:
        line = text.count("\n", 0, nul) + 1
        raise CannotRead(f"line {line}", "a NUL byte: this is not a text file")
    sample = text[:_SAMPLE_BYTES]
    # SWIFT wraps its messages in one or two control characters; binary data is full of them.
    if len(_CONTROL.findall(sample)) > max(4, len(sample) * _CONTROL_SHARE_MAX):
        raise CannotRead("file", "this is a binary file, not text")
    if not text.strip():
        raise CannotRead("file", "the file is empty")
