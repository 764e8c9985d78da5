"""The words that banks write in and around their rows: debit, pending, declined, total.

Data for `columns.py` and `rows.py`; nothing here reads a file.
"""

from __future__ import annotations

import re

from mintflow.connectors.files.delimited.words import normalised

DEBIT_MARKS = frozenset(
    "d dr db debit debet debito débit dbit af uit s soll belastung lastschrift out outgoing ut ud "
    "withdrawal withdraw cargo egreso uscita saida saída addebito dare - debits sent expense "
    "sale purchase деб дебет расход списание витрати outflow terhelés kiadás deebet debetas debets "
    "výdaj odchozí isplata borç 借 借方 支 支出 出金 출금 חובה مدين".split()
) | {"借 dr"}
CREDIT_MARKS = frozenset(
    "c cr credit kredit credito crédit crdt bij in h haben gutschrift incoming inn ind deposit "
    "abono ingreso entrata entrada accredito avere + credits received income "
    "payment return refund k кред кредит приход зачисление надходження inflow jóváírás bevétel "
    "kreedit kreditas kredīts příjem příchozí uplata alacak 贷 貸 贷方 收 收入 入金 입금 זכות "
    "دائن".split()
) | {"贷 cr"}
# Printed where a column of money has none.
NO_AMOUNT = frozenset({"-", "--", "\u2013", "\u2014"})
# "sale" and "payment" say more about a card than about a sign, so they never make a direction
# column by themselves; they do say whether the amounts beside them are printed upside down.
CARD_SPENDING_MARKS = frozenset({"sale", "purchase"})
CARD_RETURN_MARKS = frozenset({"payment", "return", "refund"})
PARTNER_MARKS = {
    "c": "d", "cr": "dr", "credit": "debit", "kredit": "debet", "credito": "debito",
    "crédit": "débit", "crdt": "dbit", "bij": "af", "in": "out", "h": "s", "haben": "soll",
    "gutschrift": "belastung", "incoming": "outgoing", "inn": "ut", "ind": "ud",
    "deposit": "withdrawal", "abono": "cargo", "ingreso": "egreso", "entrata": "uscita",
    "entrada": "saida", "accredito": "addebito", "avere": "dare", "+": "-", "credits": "debits",
    "received": "sent", "income": "expense", "k": "d", "кредит": "дебет", "приход": "расход",
    "inflow": "outflow", "收入": "支出", "贷": "借", "收": "支", "入金": "出金", "입금": "출금",
}  # fmt: skip
PENDING_MARKS = frozenset(
    {
        "umsatz vorgemerkt",
        "in process",
        "in progress",
        "en attente",
        "in attesa",
        "on hold",
        "в обработке",
    }
    | set(
        "pending vorgemerkt reserved reserviert reservert reserverad reserverat authorised "
        "authorized processing offen open pendiente attente vormerkung hold held varaus "
        "prenotato pendente gereserveerd".split()
    )
)
NOT_BOOKED_MARKS = frozenset(
    "declined denied failed cancelled canceled reverted rejected expired voided void abgelehnt "
    "refused refuse rechazado rechazada rifiutato geweigerd avvist afvist removed".split()
)
# In the date column of a row that the bank has not booked yet, and so has no date.
UNDATED_PENDING = frozenset(
    "offen pending neu reserverat reserverad reservert reserveret reservation processing "
    "vorgemerkt open authorised authorized pendiente".split()
)
_FOOT = re.compile(
    r"\b(total|totals|totaal|totale|subtotal|gesamt|gesamtsumme|summe|summen|somme|sum|summa|suma|"
    r"balance|saldo|solde|kontostand|saldi|bakiye|zustatek|opening|closing|brought forward|"
    r"carried forward|anfangssaldo|endsaldo|end of|ende|fin|fine|page|seite|pagina|rows?|records?|"
    r"count|anzahl|nombre|aantal|generated|exported|statement|kontoauszug|auszug|releve|extracto|"
    r"estratto|disclaimer|note|notes|hinweis|legend|printed|created|erstellt|downloaded|"
    r"aggregate|average|transactions|umsatze|buchungen|summary|eof)\b"
)
_TOTAL = re.compile(
    r"((grand |sub )?totals?|subtotal|totaal|totale|total general|gesamt(summe)?|summen?|somme|"
    r"summa|suma|zwischensumme|(opening|closing|starting|beginning|ending|previous|new|final|current|"
    r"available|ledger) balance|balance (brought|carried) forward|balance|b f|c f|"
    r"(alter|neuer|aktueller)? ?(kontostand|saldo)|(anfangs|end|schluss|start)saldo|"
    r"saldo (anterior|inicial|final|iniziale|finale|ultimo|vorig|nieuw|disponible|actual)|"
    r"(ancien|nouveau)? ?solde( (initial|final|precedent|au|crediteur|debiteur))?|"
    r"ingaende saldo|utgaende saldo|inngaende saldo|eindsaldo|beginsaldo)\b"
)


def is_summary(text: str) -> bool:
    """Whether the text reads like a total, a balance or a note, and not like a transaction."""
    return _FOOT.search(normalised(text)) is not None


def mark_of(text: str) -> str:
    """The form in which marks are compared."""
    return text.strip().rstrip(".").casefold()


def is_total(text: str) -> bool:
    """Whether the text is the name of a sum or a balance from its first word on."""
    return _TOTAL.match(normalised(text)) is not None


# A row that is called nothing else is a balance or a sum in the column of amounts and moves no
# money: but only where a file has the opening and the closing one. The books of other programs
# begin with an opening balance, and a single word may be what somebody paid for.
_CARRIED = {
    form: kind
    for kind, names in {
        "opening": "opening balance|starting balance|beginning balance|initial balance|"
        "previous balance|balance brought forward|brought forward|balance b/f|b/f|anfangssaldo|"
        "startsaldo|saldovortrag|alter saldo|alter kontostand|anfangskontostand|solde initial|"
        "ancien solde|solde précédent|saldo inicial|saldo anterior|saldo iniziale|"
        "saldo precedente|beginsaldo|vorig saldo|ingående saldo|inngående saldo|indgående saldo|"
        "saldo początkowe|počáteční zůstatek|počiatočný zostatok|nyitó egyenleg|sold initial|"
        "likutis pradžiai|pradinis likutis|sākuma atlikums|algsaldo|входящий остаток|"
        "начальный остаток|期初余额|期初餘額|承前余额|承前餘額|前月繰越",
        "closing": "closing balance|ending balance|final balance|new balance|"
        "balance carried forward|carried forward|balance c/f|c/f|endsaldo|schlusssaldo|"
        "neuer saldo|neuer kontostand|endkontostand|solde final|nouveau solde|saldo final|"
        "saldo finale|nuovo saldo|S A L D O|eindsaldo|nieuw saldo|utgående saldo|udgående saldo|"
        "slutsaldo|sluttsaldo|saldo końcowe|konečný zůstatek|konečný zostatok|záró egyenleg|"
        "sold final|likutis pabaigai|galutinis likutis|beigu atlikums|lõppsaldo|"
        "исходящий остаток|конечный остаток|期末余额|期末餘額|次月繰越",
        "turnover": "turnover|total turnover|apyvarta|apgrozījums|käive|обороты",
    }.items()
    for name in names.split("|")
    for form in (name.casefold(), normalised(name))
}


def carried(text: str) -> str:
    """Which of opening, closing or turnover the text names and nothing more, or ""."""
    return _CARRIED.get(text.strip(" .:").casefold(), "")
