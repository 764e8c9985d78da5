"""The words that banks write above their columns, beside their amounts and under their tables.

Data for `columns.py`, collected from the exports of banks in some fifteen languages; nothing here
reads a file. Names are compared without accents, case, punctuation and currency.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mintflow.connectors.files.amounts import is_currency

# Role -> patterns over the normalised name, the best first: their place is their rank.
_PATTERNS: dict[str, tuple[str, ...]] = {
    "booking": (
        r"(booking|booked|posting|posted|post|entry|accounting|completed|process(ed|ing)?|settlement)"
        r"( on)?( date| day)?( utc)?|date (posted|completed|booked|processed)",
        r"buchungs?(tag|datum)?|buchung(stag)?|datum der buchung|verbuchungsdatum|abschlussdatum",
        r"date (de )?(comptabilisation|comptable|operation)|data contabil(e|izzazione)?|"
        r"fecha (de )?(contable|operacion|contabilizacion)|f operacion|boek(ings)?datum|"
        r"datum boeking|bokfor(ings|t)?(dag|datum|ing)?|bogfor(ings|t)?(dato|t)?|bokfort dato|"
        r"bokforingsdato|kirjauspaiva|data (ksiegowania|operacji)|data (di )?(operazione|registrazione)|"
        r"data mov(imento)?|datum (zauctovani|provedeni|uctovani)|konyveles datuma|isle?m tarihi",
    ),
    "date": (
        r"date|datum|dato|fecha|data|pvm|paivays|tarih|tanggal|dia|day|fec|date( time| hour)|"
        r"datum uhrzeit|started date|created( on)?|timestamp|transaction date time|datetime",
    ),
    "transaction": (
        r"(transaction|txn|trans|tran|trn|purchase|operation|activity|effective)s? ?(date|dt)|"
        r"date (of )?(the )?(transaction|operation|purchase)|transaktions(datum|dato|dag)|"
        r"transaktiedatum|kaufdatum|belegdatum|umsatzdatum|datum van de transactie|"
        r"date d(e l )?achat|date de transaction|fecha (de )?(la )?(transaccion|movimiento|compra)|"
        r"fecha mov(imiento)?|data (da )?transacao|data (do )?lancamento|data transakcji|"
        r"transaktionsdatum|kjopsdato|reskontradatum|inkopsdatum|tapahtumapaiva",
    ),
    "value": (
        r"value( date| dt)?|val date|valuta( ?datum| ?dato| ?stellung)?|wert(stellung(sdatum)?|stellungstag)?|"
        r"wert|date (de )?valeur|fecha (de )?valor|f valor|data (di )?valuta|data valor|"
        r"rentedatum|interest date|valutadag|valutadatum|valuteringsdatum|arvopaiva|data waluty|"
        r"rentedato|started date|valor",
    ),
    "amount": (
        r"net|netto|net amount|betrag netto",
        r"amount|betrag|montant|importe|importo|bedrag|belopp|belob|beloep|belop|valor|kwota|castka|"
        r"osszeg|suma|tutar|maara|jumlah|umsatz|amount in account currency|transaction amount|txn amount|"
        r"trans(action)? amt|amt|buchungsbetrag|betrag in kontowahrung|amount account currency|"
        r"montant de l operation|importe (de la )?operacion|kwota operacji|kwota transakcji|"
        r"transactiebedrag|bedrag in eur|betrag in|umsatz in|summa|sum|zahlungsbetrag|cantidad|"
        r"amount (gbp|usd|eur)|quantia|montant net",
        r"gross|brutto|bruto|total|total amount",
    ),
    "debit": (
        r"debit|debits?|debit amount|debit amt|withdrawal|withdrawals?|withdrawals? (amount|amt)|"
        r"withdrawal in|money out|paid out|out|outflow|amount (debit|out)|payments? out|dr|dr amount|"
        r"debit(o|os)?|soll|belastung|belastungen|lastschrift|ausgang|ausgaben|ausgabe|debet|af|uit|"
        r"uitgaven|cargo|cargos|gasto|gastos|egreso|egresos|retiro|retiros|pagos|dare|uscite|uscita|"
        r"addebiti|addebito|saida|saidas|uttag|utgifter|ut|ut fra konto|ut av konto|havet|"
        r"obciazenia|wydatki|borc|terheles|charges?|spent|expenses?|debit transactions?|"
        r"montant debit|debit eur|importe cargo|ud|pano out|sortie|sorties|depenses?",
    ),
    "credit": (
        r"credit|credits?|credit amount|credit amt|deposit|deposits?|deposits? (amount|amt)|"
        r"deposit in|money in|paid in|in|inflow|amount (credit|in)|payments? in|cr|cr amount|"
        r"credit(o|os)?|haben|gutschrift|gutschriften|eingang|einnahmen|einnahme|kredit|bij|inkomsten|"
        r"abono|abonos|ingreso|ingresos|deposito|depositos|avere|entrate|entrata|accrediti|accredito|"
        r"entrada|entradas|insattning|insattningar|inkomster|inn|inn pa konto|ind|indsat|uznania|"
        r"wplywy|alacak|jovairas|received|income|credit transactions?|montant credit|credit eur|"
        r"importe abono|lodgements?|entree|entrees|recettes?",
    ),
    "direction": (
        r"(debit|dr|db|d) ?(or )?(credit|cr|c)( indicator| flag| mark)?|(credit|cr|c) ?(or )?(debit|dr|db|d)"
        r"( indicator| flag| mark)?|af bij|soll haben( kennzeichen)?|s h|sh|direction|sign|d c|c d|"
        r"debet credit|bij af|in out|in ?/ ?out|transaction type|type|txn type|tran type|sens|"
        r"debit credit indicator|vorzeichen|richtung|tipo( de)? movimiento|dc kennzeichen|credit debit",
    ),
    "balance": (
        r"balance|running balance|running bal|saldo|kontostand|solde|balance after( transaction)?|"
        r"closing balance|ledger balance|account balance|saldo (nach|na|efter|etter|po)( \w+)*|"
        r"(bokfort|bogfort|bokford|disponibelt) saldo|saldo contabile|saldo (contable|disponible)|"
        r"saldo final|nuovo saldo|bakiye|saldo po (transakcji|operacji)|zustatek|egyenleg|book balance|"
        r"current balance|new balance|neuer saldo|end(ing)? balance|endsaldo|resulting balance|"
        r"saldo eur|balance (gbp|usd|eur)|saldo disponivel|saldo contabilistico|balance inr|bal",
        r"available balance|eindsaldo|saldo in",
    ),
    "currency": (
        r"currency|currency code|account currency|ccy|wahrung|waehrung|kontowahrung|devise|monnaie|"
        r"divisa|moneda|valuta|munt|muntsoort|moeda|waluta|mena|penznem|doviz( cinsi)?|valuutta|"
        r"para birimi|curr|transaction currency",
    ),
    "bank_id": (
        r"transaction id|transaction identifier|transaktions ?id|id transaction|id transaccion|fitid|"
        r"unique( transaction)? id|transferwise id|wise id|transaction uid|transaktionscode|"
        r"id transazione|id operazione|identifiant( de)?( la)? transaction|transactie ?id|tran id|"
        r"txn id|id de la transaccion|id da transacao|payment id|entry id|bank transaction id",
    ),
    "status": (
        r"status|state|transaction status|estado|etat|statut|stato|tila|durum|booking status|info|stav",
    ),
    "payee": (
        r"payee|payee name|counter ?party|counterparty name|merchant|merchant name|name|beneficiary|"
        r"beguenstigter zahlungspflichtiger|begunstigter zahlungspflichtiger|empfanger|"
        r"zahlungsempfanger( in)?|zahlungspflichtige r|name zahlungsbeteiligter|partner ?name|"
        r"auftraggeber( empfanger)?|auftraggeber begunstigter|auftraggeber zahlungsempfanger|"
        r"empfanger auftraggeber|zahlungsbeteiligter|beneficiario|beneficiaire|tiers|"
        r"naam tegenpartij|tegenpartij|naam tegenrekening|tegenrekening naam|naam|contrepartie|"
        r"nom( de la)? contrepartie|ordenante|mottaker|mottagare|modtager|saaja maksaja|"
        r"saaja|kontrahent|nazwa (odbiorcy|nadawcy|kontrahenta)|nadawca odbiorca|odbiorca|"
        r"nom|nome|nombre|navn|namn|name of (payee|counterparty)|from to|paid to|"
        r"recipient|receiver|sender|nazev protiuctu|empfanger name|debitor kreditor",
    ),
    "description": (
        r"description|transaction description|original description|full description|narration|"
        r"narrative|particulars?|details?|transaction details?|transaction remarks|remarks?|"
        r"verwendungszweck|buchungsdetails|beschreibung|umsatztext|libelle( operation)?|"
        r"libelle (de l )?operation|libelle complet|descripcion|concepto|descrizione|descricao|"
        r"descrizione operazione|causale descrizione|omschrijving|mededelingen|naam omschrijving|beskrivning|"
        r"beskrivelse|text|tekst|rubrik|forklaring|transaktion|transaktionstext|specifikation|"
        r"posteringstekst|selite|opis( operacji| transakcji)?|tytul|tytul operacji|popis|kozlemeny|"
        r"aciklama|historico|lancamento|movimiento|observaciones|keterangan|uraian|"
        r"payment reference|zahlungsreferenz|communication|mitteilung|avisierungstext|"
        r"transaction narration|nature de l operation|tapahtuma|viesti|omschrijving \d|"
        r"buchungstext|transaction|referenz text|motif|popis transakce|concept|details de l ecriture",
    ),
    "memo": (
        r"memo|note|notes|notes and tags|reference|extended details|additional information|"
        r"additional info|appears on your statement as|comment|comments|kommentar|remark|zusatz|"
        r"buchungstext|notiz|anmerkung|message|meddelande|melding|reference text|subcategory|"
        r"libelle simplifie|informations complementaires|info complementaires|transaction notes|"
        r"umsatzart|vorgang|umsatztyp|description 2|sub description",
    ),
    "fee": (r"fee|fees|gebuhr|gebuhren|frais|comision|commissione|avgift|gebyr|kosten",),
    # Names of the own account, never of the other party's: rows are kept apart by it.
    "account": (
        r"auftragskonto|iban auftragskonto|rekening|iban bbbn|iban bban|own account|account number|"
        r"account no|rekeningnummer|numero de compte|numero (de )?cuenta|product",
    ),
}
_COMPILED = [
    (role, rank, re.compile(rf"(?:{pattern})\Z"))
    for role, patterns in _PATTERNS.items()
    for rank, pattern in enumerate(patterns)
]
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_SEVERAL_SPACES = re.compile(r"[\W_]+")
_FOLD = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})

DEBIT_MARKS = frozenset(
    "d dr db debit debet debito débit dbit af uit s soll belastung lastschrift out outgoing ut ud "
    "withdrawal withdraw cargo egreso uscita saida saída addebito dare - debits sent expense "
    "sale purchase".split()
)
CREDIT_MARKS = frozenset(
    "c cr credit kredit credito crédit crdt bij in h haben gutschrift incoming inn ind deposit "
    "abono ingreso entrata entrada accredito avere + credits received income "
    "payment return refund".split()
)
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
    "received": "sent", "income": "expense",
}  # fmt: skip
PENDING_MARKS = frozenset(
    {"umsatz vorgemerkt", "in process", "in progress", "en attente", "in attesa", "on hold"}
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
    "offen pending neu reserverat reserverad reservert reserveret reservation processing vorgemerkt "
    "open authorised authorized pendiente".split()
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


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """A column's name without accents, case, punctuation and what stands in brackets."""
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_FOLD))
    plain = "".join(char for char in plain if not unicodedata.combining(char))
    bare = _SEVERAL_SPACES.sub(" ", _BRACKETS.sub(" ", plain)).strip()
    return bare or _SEVERAL_SPACES.sub(" ", plain).strip()


@lru_cache(maxsize=4096)
def roles_of(name: str) -> tuple[tuple[str, int], ...]:
    """The roles that a column of this name can have, each with its rank (0 is best)."""
    plain = normalised(name)
    candidates = {plain} if plain else set()
    *rest, last = plain.split(" ")
    if rest and is_currency(last.upper()):
        candidates.add(" ".join(rest).removesuffix(" in"))
    return tuple(
        (role, rank)
        for role, rank, pattern in _COMPILED
        if any(pattern.match(candidate) for candidate in candidates)
    )


def currency_in(name: str) -> str | None:
    """The currency that a column's name says, as in "Betrag (EUR)" or "Umsatz in EUR"."""
    for word in reversed(re.findall(r"[A-Za-z]{3,}", name)):
        if word.isupper() and len(word) == 3 and is_currency(word):
            return str(word)
    return None


def is_summary(text: str) -> bool:
    """Whether the text reads like a total, a balance or a note, and not like a transaction."""
    return _FOOT.search(normalised(text)) is not None


def mark_of(text: str) -> str:
    """The form in which marks are compared."""
    return text.strip().rstrip(".").casefold()


def is_total(text: str) -> bool:
    """Whether the text is the name of a sum or a balance from its first word on."""
    return _TOTAL.match(normalised(text)) is not None
