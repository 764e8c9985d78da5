"""The names that banks write above their columns, and their roles.

Data for `columns.py`; nothing here reads a file. Names are compared without accents, case,
punctuation and currency. A line break or " | " parts two names; brackets are as in `re`.
`more_words.py` has the names of further languages.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from mintflow.connectors.files.amounts import CURRENCY_OF_SYMBOL, is_currency
from mintflow.connectors.files.delimited.more_words import ACCOUNT_AMOUNTS, MORE_NAMES

# Role -> groups of names, the best group first: its place is its rank.
_NAMES: dict[str, tuple[str, ...]] = {
    "booking": (
        r"""
        (booking|booked|posting|posted|post|entry|accounting)( on)?( date| day)?( utc)?
        (completed|process(ed|ing)?|settlement)( on)?( date| day)?( utc)?
        date (posted|completed|booked|processed)
        """,
        r"""
        buchungs?(tag|datum)? | buchung(stag)? | datum der buchung | verbuchungsdatum
        abschlussdatum
        """,
        r"""
        date (de )?(comptabilisation|comptable|operation) | data contabil(e|izzazione)?
        fecha (de )?(contable|operacion|contabilizacion) | f operacion | boek(ings)?datum
        datum boeking | bokfor(ings|t)?(dag|datum|ing)? | bogfor(ings|t)?(dato|t)?
        bokfort dato | bokforingsdato | kirjauspaiva | data (ksiegowania|operacji)
        data (di )?(operazione|registrazione) | data mov(imento)?
        datum (zauctovani|provedeni|uctovani) | konyveles datuma | isle?m tarihi
        """,
    ),
    "date": (
        r"""
        date | datum | dato | fecha | data | pvm | paivays | tarih | tanggal | dia | day
        fec | date( time| hour) | datum uhrzeit | started date | created( on)? | timestamp
        transaction date time | datetime
        """,
    ),
    "transaction": (
        r"""
        (transaction|txn|trans|tran|trn|purchase|operation|activity|effective)s? ?(date|dt)
        date (of )?(the )?(transaction|operation|purchase) | transaktions(datum|dato|dag)
        transaktiedatum | kaufdatum | belegdatum | umsatzdatum | datum van de transactie
        date d(e l )?achat | date de transaction
        fecha (de )?(la )?(transaccion|movimiento|compra) | fecha mov(imiento)?
        data (da )?transacao | data (do )?lancamento | data transakcji | transaktionsdatum
        kjopsdato | reskontradatum | inkopsdatum | tapahtumapaiva
        """,
    ),
    "value": (
        r"""
        value( date| dt)? | val date | valuta( ?datum| ?dato| ?stellung)?
        wert(stellung(sdatum)?|stellungstag)? | wert | date (de )?valeur | fecha (de )?valor
        f valor | data (di )?valuta | data valor | rentedatum | interest date | valutadag
        valutadatum | valuteringsdatum | arvopaiva | data waluty | rentedato | started date
        valor
        """,
    ),
    "amount": (
        r"""
        net | netto | net amount | betrag netto
        """,
        r"""
        amount | betrag | montant | importe | importo | bedrag | belopp | belob | beloep
        belop | valor | kwota | castka | osszeg | suma | tutar | maara | jumlah | umsatz
        amount in account currency | transaction amount | txn amount | trans(action)? amt
        amt | buchungsbetrag | betrag in kontowahrung | amount account currency
        montant de l operation | importe (de la )?operacion | kwota operacji
        kwota transakcji | transactiebedrag | bedrag in eur | betrag in | umsatz in | summa
        sum | zahlungsbetrag | cantidad | amount (gbp|usd|eur) | quantia | montant net
        value | transaction value
        """,
        r"""
        gross | brutto | bruto | total | total amount
        """,
    ),
    "debit": (
        r"""
        debit | debits? | debit amount | debit amt | withdrawal | withdrawals?
        withdrawals? (amount|amt) | withdrawal in | money out | paid out | out | outflow
        amount (debit|out) | payments? out | dr | dr amount | debit(o|os)? | soll
        belastung | belastungen | lastschrift | ausgang | ausgaben | ausgabe | debet | af
        uit | uitgaven | cargo | cargos | gasto | gastos | egreso | egresos | retiro
        retiros | pagos | dare | uscite | uscita | addebiti | addebito | saida | saidas
        uttag | utgifter | ut | ut fra konto | ut av konto | havet | obciazenia | wydatki
        borc | terheles | charges? | spent | expenses? | debit transactions? | montant debit
        debit eur | importe cargo | ud | pano out | sortie | sorties | depenses?
        """,
    ),
    "credit": (
        r"""
        credit | credits? | credit amount | credit amt | deposit | deposits?
        deposits? (amount|amt) | deposit in | money in | paid in | in | inflow
        amount (credit|in) | payments? in | cr | cr amount | credit(o|os)? | haben
        gutschrift | gutschriften | eingang | einnahmen | einnahme | kredit | bij
        inkomsten | abono | abonos | ingreso | ingresos | deposito | depositos | avere
        entrate | entrata | accrediti | accredito | entrada | entradas | insattning
        insattningar | inkomster | inn | inn pa konto | ind | indsat | uznania | wplywy
        alacak | jovairas | received | income | credit transactions? | montant credit
        credit eur | importe abono | lodgements? | entree | entrees | recettes?
        """,
    ),
    "direction": (
        r"""
        (debit|dr|db|d) ?(or )?(credit|cr|c)( indicator| flag| mark)?
        (credit|cr|c) ?(or )?(debit|dr|db|d)( indicator| flag| mark)? | af bij
        soll haben( kennzeichen)? | s h | sh | direction | sign | d c | c d | debet credit
        bij af | in out | in ?/ ?out | transaction type | type | txn type | tran type | sens
        debit credit indicator | vorzeichen | richtung | tipo( de)? movimiento
        dc kennzeichen | credit debit
        """,
    ),
    "balance": (
        r"""
        balance | running balance | running bal | saldo | kontostand | solde
        balance after( transaction)? | closing balance | ledger balance | account balance
        saldo (nach|na|efter|etter|po)( \w+)* | (bokfort|bogfort|bokford|disponibelt) saldo
        saldo contabile | saldo (contable|disponible) | saldo final | nuovo saldo | bakiye
        saldo po (transakcji|operacji) | zustatek | egyenleg | book balance
        current balance | new balance | neuer saldo | end(ing)? balance | endsaldo
        resulting balance | saldo eur | balance (gbp|usd|eur) | saldo disponivel
        saldo contabilistico | balance inr | bal
        """,
        r"""
        available balance | eindsaldo | saldo in
        """,
        r"""
        .*(balance|saldo) | saldo .*
        """,
    ),
    "currency": (
        r"""
        currency | currency code | account currency | ccy | wahrung | waehrung
        kontowahrung | devise | monnaie | divisa | moneda | valuta | munt | muntsoort
        moeda | waluta | mena | penznem | doviz( cinsi)? | valuutta | para birimi | curr
        transaction currency
        """,
    ),
    "bank_id": (
        r"""
        transaction id | transaction identifier | transaktions ?id | id transaction
        id transaccion | fitid | unique( transaction)? id | transferwise id | wise id
        transaction uid | transaktionscode | id transazione | id operazione
        identifiant( de)?( la)? transaction | transactie ?id | tran id | txn id
        id de la transaccion | id da transacao | payment id | entry id | bank transaction id
        """,
    ),
    "status": (
        r"""
        status | state | transaction status | estado | etat | statut | stato | tila | durum
        booking status | info | stav
        """,
    ),
    "payee": (
        r"""
        payee | payee name | counter ?party | counterparty name | merchant | merchant name
        name | beneficiary | beguenstigter zahlungspflichtiger
        begunstigter zahlungspflichtiger | empfanger | zahlungsempfanger( in)?
        zahlungspflichtige r | name zahlungsbeteiligter | partner ?name
        auftraggeber( empfanger)? | auftraggeber begunstigter
        auftraggeber zahlungsempfanger | empfanger auftraggeber | zahlungsbeteiligter
        beneficiario | beneficiaire | tiers | naam tegenpartij | tegenpartij
        naam tegenrekening | tegenrekening naam | naam | contrepartie
        nom( de la)? contrepartie | ordenante | mottaker | mottagare | modtager
        saaja maksaja | saaja | kontrahent | nazwa (odbiorcy|nadawcy|kontrahenta)
        nadawca odbiorca | odbiorca | nom | nome | nombre | navn | namn
        name of (payee|counterparty) | from to | paid to | recipient | receiver | sender
        nazev protiuctu | empfanger name | debitor kreditor
        """,
    ),
    "description": (
        r"""
        description | transaction description | original description | full description
        narration | narrative | particulars? | transaction details? | transaction remarks
        remarks? | verwendungszweck | buchungsdetails | beschreibung | umsatztext
        libelle( operation)? | libelle (de l )?operation | libelle complet | descripcion
        concepto | descrizione | descricao | descrizione operazione | causale descrizione
        omschrijving | mededelingen | naam omschrijving | beskrivning | beskrivelse | text
        tekst | rubrik | forklaring | transaktion | transaktionstext | specifikation
        posteringstekst | selite | opis( operacji| transakcji)? | tytul | tytul operacji
        popis | kozlemeny | aciklama | historico | lancamento | movimiento | observaciones
        keterangan | uraian | payment reference | zahlungsreferenz | communication
        mitteilung | avisierungstext | transaction narration | nature de l operation
        tapahtuma | viesti | omschrijving \d | beschreibung ?\d
        description ?\d | label | descrizione completa | referenz text | motif
        popis transakce | concept | details de l ecriture
        """,
        r"""
        details? | buchungstext | transaction
        """,
    ),
    "memo": (
        r"""
        memo | note | notes | notes and tags | reference | extended details
        additional information | additional info | appears on your statement as | comment
        comments | kommentar | remark | zusatz | buchungstext | notiz | anmerkung | message
        meddelande | melding | reference text | libelle simplifie
        informations complementaires | info complementaires | transaction notes
        """,
        r"""
        subcategory | umsatzart | vorgang | umsatztyp | sub description
        """,
    ),
    "fee": (
        r"""
        fee | fees | gebuhr | gebuhren | frais | comision | commissione | avgift | gebyr
        kosten
        """,
    ),
    "account": (
        r"""
        auftragskonto | iban auftragskonto | rekening | iban bbbn | iban bban | own account
        bank account | rekeningnummer | product
        """,
        r"""
        account number | account no | account | numero de compte | numero (de )?cuenta
        kontonummer
        """,
    ),
}
_BRACKETS = re.compile(r"[(\[{][^)\]}]*[)\]}]?")
_SEVERAL_SPACES = re.compile(r"[\W_]+")
_FOLD = str.maketrans(
    {"ß": "ss", "ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "\u0131": "i"}
)


def _pattern(group: str) -> re.Pattern[str]:
    names = (name.strip() for line in group.splitlines() for name in line.split(" | "))
    return re.compile(rf"(?:{'|'.join(name for name in names if name)})\Z")


_COMPILED = [
    (role, rank, _pattern(group))
    for role, groups in _NAMES.items()
    for rank, group in enumerate(groups)
]


@lru_cache(maxsize=4096)
def normalised(name: str) -> str:
    """A column's name without accents, case, punctuation and what stands in brackets."""
    plain = _plain(name)
    bare = _SEVERAL_SPACES.sub(" ", _BRACKETS.sub(" ", plain)).strip()
    return bare or _SEVERAL_SPACES.sub(" ", plain).strip()


def _plain(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold().translate(_FOLD))
    return "".join(char for char in plain if not unicodedata.combining(char))


def _more() -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    # The best rank of an amount is left to those that say whose they are.
    lists = [(role, int(role == "amount"), names) for role, names in MORE_NAMES.items()]
    for role, rank, names in [*lists, ("amount", 0, ACCOUNT_AMOUNTS)]:
        for name in names.split("|"):
            found.setdefault(normalised(name), {})[role] = rank
    return found


_MORE = _more()


@lru_cache(maxsize=4096)
def roles_of(name: str) -> tuple[tuple[str, int], ...]:
    """The roles that a column of this name can have, each with its rank (0 is best)."""
    found = _roles_of(normalised(name))
    # "Amount (debit)" says in its brackets which half it is, "Betrag (EUR)" does not.
    inside = _BRACKETS.search(_plain(name)) if "amount" in found else None
    if inside:
        told = _roles_of(_SEVERAL_SPACES.sub(" ", inside[0]).strip())
        found |= {role: found["amount"] for role in ("debit", "credit") if role in told}
    return tuple(found.items())


def _roles_of(plain: str) -> dict[str, int]:
    candidates = {plain} if plain else set()
    *rest, last = plain.split(" ")
    if rest and is_currency(last.upper()):
        candidates.add(" ".join(rest).removesuffix(" in"))
    found: dict[str, int] = {}
    for role, rank, pattern in _COMPILED:
        if role not in found and any(pattern.match(candidate) for candidate in candidates):
            found[role] = rank
    for candidate in candidates:
        for role, rank in _MORE.get(candidate, {}).items():
            found[role] = min(rank, found.get(role, rank))
    return found


def currency_in(name: str) -> str | None:
    """The currency that a column's name says, as in "Betrag (EUR)" or "Umsatz in EUR"."""
    for word in reversed(re.findall(r"[A-Za-z]{3,}", name)):
        if word.isupper() and len(word) == 3 and is_currency(word):
            return str(word)
    return next((code for sign, code in CURRENCY_OF_SYMBOL.items() if sign in name), None)
