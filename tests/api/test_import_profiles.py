"""Files of several kinds come into one account; the one before never hides the next one."""

from __future__ import annotations

from api.conftest import Ledger

AMERICAN = b"Date,Description,Amount\n03/14/2025,Corner shop,-12.30\n03/15/2025,Coffee,-3.00\n"
GERMAN = (
    b"Buchungstag;Verwendungszweck;Betrag\n17.03.2025;Miete;-1.000,00\n28.03.2025;Gehalt;2.500,00\n"
)


def test_a_file_that_is_laid_out_otherwise_is_read_by_looking_and_says_so(ledger: Ledger) -> None:
    path = f"{ledger.path}/imports"
    first = ledger.client.upload(path, "a.csv", AMERICAN, account_id=ledger.checking)
    second = ledger.client.upload(path, "b.csv", GERMAN, account_id=ledger.checking)
    again = ledger.client.upload(path, "a.csv", AMERICAN, account_id=ledger.checking)
    assert (first["added"], second["added"], again["added"], again["known"]) == (2, 2, 0, 2)
    assert [one["code"] for one in first["findings"]] == []
    assert "PROFILE_DID_NOT_FIT" in [one["code"] for one in second["findings"]]
    account = ledger.client.get(f"{ledger.path}/accounts/{ledger.checking}")
    assert account["balance"] == "1484.70"


def test_a_file_that_neither_way_can_read_is_refused_and_brings_nothing(ledger: Ledger) -> None:
    path = f"{ledger.path}/imports"
    ledger.client.upload(path, "a.csv", AMERICAN, account_id=ledger.checking)
    refused = ledger.client.send(
        "POST",
        path,
        files={"file": ("c.csv", b"Date,Description,Amount\n02/30/2025,Coffee,-3.00\n")},
        data={"account_id": ledger.checking},
    )
    assert refused.status_code == 422
    assert refused.json()["error"]["code"] == "unreadable_file"
    assert refused.json()["error"]["details"]["where"] == "line 2"
    assert len(ledger.client.get(f"{ledger.path}/transactions")) == 2


def test_rows_are_known_again_when_the_bank_goes_over_to_utf_8(ledger: Ledger) -> None:
    text = "Date,Description,Amount\n2025-03-14,Café Überall,-12.30\n2025-03-15,Tea,-3.00\n"
    path = f"{ledger.path}/imports"
    for encoding, counts in (("cp1252", (2, 0)), ("utf-8", (0, 2)), ("cp1252", (0, 2))):
        data = text.encode(encoding)
        answer = ledger.client.upload(path, "a.csv", data, account_id=ledger.checking)
        assert (answer["added"], answer["known"]) == counts, encoding
    account = ledger.client.get(f"{ledger.path}/accounts/{ledger.checking}")
    assert account["balance"] == "-15.30"


def test_a_repeat_under_its_key_changes_nothing_that_was_said_since(ledger: Ledger) -> None:
    ada, path = ledger.client, f"{ledger.path}/imports"

    def bring(key: str, data: bytes) -> bool:
        answer = ada.send(
            "POST", path, files={"file": ("a.csv", data)},
            data={"account_id": ledger.checking}, headers={"Idempotency-Key": key},
        )  # fmt: skip
        assert answer.status_code == 201
        return "idempotency-replayed" in answer.headers

    assert not bring("one", AMERICAN)
    assert not bring("two", GERMAN)
    events = len(ada.pages(f"{ledger.path}/events"))
    assert bring("one", AMERICAN)
    assert len(ada.pages(f"{ledger.path}/events")) == events
