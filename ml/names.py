"""The name of the merchant in a bank row, without what banks and terminals write around it.

`STARBUCKS #1234 NEW YORK` is Starbucks, `SQ *RITUAL COFFEE 415-555-0100 CA` Ritual Coffee. Where
nothing is left that could be a name, the row names nobody. Knows no list of merchants.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

_NAME_LENGTH_MAX = 60

# What stands before the name, in the order in which banks nest it; taken off again and again.
_BEFORE = re.compile(
    r"""(?ix) \A (?:
      \W+
    | (?:sq|tst|sp|iz|bcK|ccv|ls|py|pp|fs|eb|tm|dd|wl|cke|nyx|in|gg|zlr|spi|par|clv|ppl|2co|evm?|
       sumup|zettle|izettle|paypal|google|stripe|klarna|mollie|adyen|payu|razorpay|paystack|flw|
       flutterwave|square|toast|dnh|aplpay|applepay|sqc|msp|vend|psp|bill)\s?_?\s?\*+
    | aplpay\b | (?:pos|eftpos)(?:\s*/\s*web)?\s(?:pymt|purchase|pur|debit|payment|refund|sale)\b
    | (?:pos|eftpos|web\s(?:pymt|payment)|ecom|e-com|contactless|visa|mastercard|maestro|girocard)\b
    | (?:debit\scard|credit\scard|card|check\s?card|chkcard|dbt\scrd|recurring)\s
      (?:purchase|payment|pmt|debit|transaction)(?:\s(?:to|at|from|return))?\b
    | purchase\s(?:authorized\son|return|at|from)? | recurring\b | pre-?authori[sz]ed\sdebit\b
    | (?:direct\sdebit|standing\sorder|faster\spayment|bill\spayment|card\spayment)\b(?:\sto)?
    | (?:kartenzahlung|lastschrift|sepa-?(?:basis)?lastschrift|dauerauftrag|gutschrift|
       (?:sepa[\s-])?überweisung|ueberweisung|kartenzahlg|ec-?karte|elv\d*|folgelastschrift|
       erstlastschrift|einkauf|bargeldlose\szahlung|zahlung|basislastschrift)\b
    | (?:paiement\s(?:par\s)?(?:cb|carte)|achat\scb|carte|cb|prlv(?:\ssepa)?|prelevement(?:\ssepa)?|
       prélèvement|vir(?:ement)?(?:\ssepa)?(?:\sinst)?|facture\scarte)\b(?:\sx?\d{2,})?
    | (?:compra\s(?:tarj(?:eta)?\.?|en|internet)?|recibo|adeudo|cargo|pago\s(?:con\starjeta|en)|
       transferencia|transf\.?|domiciliacion|bizum\sa)(?=\W|\Z)
    | (?:pagamento\s(?:pos|carta)|addebito\s(?:sdd|diretto)|acquisto|bonifico|accredito)\b
    | (?:bea|betaalautomaat|betaalpas|pinbetaling|incasso|bck|ideal|apple\spay|google\spay)\b,?
    | (?:kort(?:k[öøo][pb]|kjøp|koeb)|dankort-?(?:k[øo]b|nota)|varek[jø]+p|visa/dankort|autogiro|
       korttiosto|ostos|bs\sbetaling|reservation)\b
    | (?:upi|neft(?:\s(?:cr|dr))?|imps|rtgs|bbps|ecs|nach|ach|nip|trf|pur|vps|vin)\s?[-/:]
    | (?:mr|ref|nr)\b[\s.:]*\d+ | (?:am|vom|du|del|on|le)\s\d{1,2}[./]\d{1,2}(?:[./]\d{2,4})?
    | \d{1,2}[./-]\d{1,2}(?:[./-]\d{2,4})?\b | x+\d+ | \d{6,}[x*]+\d+ | \d{4,}\b | [-/,.:;*#]+
    )"""
)
# What follows the name and everything behind it.
_BEHIND = re.compile(
    r"""(?ix)
      (?://|\s{3,}|\bsagt\sdanke|\bdankt\b|\bhelp\.|\bwww\.|\b\S+/bill\b|\bref(?:erence)?[\s.:#]
       |\bkundennr|\brechnung|\bkd-?nr|\bmandat|\bcreditor|\biban\b|\bdes:|\bindn:|\bid:|\bco\sid
       |\bdebitk|\bfolgenr|\bpas\d|\belv\d|\bcard\s?\d|\bcarta\s\*|\bk\.\s?\d
       |\s\+?\d[\d-]{6,}|\s\d{1,2}[./]\d{1,2}[./ ]|\s\*\d|\s[A-Z0-9]*\d[A-Z0-9]*\*) .* \Z
    """
)
# The number of a branch and where it is; a state behind it tells a number without a mark.
_BRANCH = re.compile(
    r"(?:\s(?:#|no\.?\s|store\s|str\s|nr\.?\s)\s?\d{2,}\b|\s\d{3,}(?=(?:\s[A-Za-z.'-]+){1,3}\s[A-Z]{2}"
    r"(?:\sUSA?)?\s*\Z)).*\Z",
    re.IGNORECASE,
)
_BRANCH_NAME_MIN = 4  # Letters that have to stand before it, to be a name.
_DOMAIN = re.compile(
    r"(?i)\b(?:www\.)?([\w-]{2,})\.(?:com|co\.uk|de|fr|es|it|nl|net|org|in|ng|io)\b"
)
_LEGAL = frozenset(
    """llc inc ltd limited plc corp corporation company co gmbh mbh ag kg ohg ev eg se sa sas sarl
    sasu eurl srl spa snc bv nv vof ab as asa aps oy oyj sp zoo slu sl sll scoop pty pvt private
    lp llp ltda eireli gbr ug cokg kgaa intl international""".split()
)
_NOISE = frozenset(
    """pos debit card purchase payment pmt pymt recurring autopay web online ach ppd ccd id ref trn
    nr no num number store str shop# terminal tid mid visa mastercard maestro apple google pay
    contactless dd bs ec girocard eft eftpos txn transaction trans xx xxx xxxx fil filiale
    branch www http https com inst sepa cb carte prlv vir upi neft imps rtgs p2m p2p p2a ybl okaxis
    okhdfcbank oksbi okicici paytm paytmqr pymtng mbk nip trf frm bill usd eur gbp inr ngn sek nok
    dkk chf cad aud pln confirmation conf auth authorized on at to from the date danke thank you
    refund reversal gutschrift rcur frst kundennummer kdnr vertrag mandat nederland deutschland
    germany france espana espagne italia sverige norge danmark suomi india nigeria usa
    rechnung rechnungsnr storno konto kontonr beleg belegnr faktura fakturanr factuur nettbank
    innbetaling indbetaling insättning uttag aftale avtale buchung umsatz sammler svwz eref kref
    mref kdnr verwendungszweck movimiento apunte liquidacion remesa compensacion kenmerk
    machtiging volgnr afschrijving bijschrijving viite lasku maksu voucher batch""".split()
)
_COUNTRY_CODES = frozenset(
    """us usa gb gbr uk ie de deu at aut ch che fr fra be bel es esp pt prt nl nld it ita se swe no
    nor dk dnk fi fin in ind ng nga ca can au aus nz nzl pl pol lu lux""".split()
)
_STATES = frozenset(
    """al ak az ar ca co ct de fl ga hi id il in ia ks ky la me md ma mi mn ms mo mt ne nv nh nj nm
    ny nc nd oh ok or pa ri sc sd tn tx ut vt va wa wv wi wy dc on qc bc ab mb sk ns nb nl pe nsw
    vic qld wa sa tas act""".split()
)
_COUNTRIES_AND_STATES = _COUNTRY_CODES | _STATES
_WORD = re.compile(r"[^\W_]+(?:[.'’&+-][^\W_]+)*")  # noqa: RUF001 - banks write both


def merchant_in(text: str) -> str | None:
    """The merchant's name in a bank's text, in usual letters; None where it names nobody."""
    words = name_words(text)
    if not words:
        return None
    name = " ".join(_shown(word) for word in words)[:_NAME_LENGTH_MAX].strip()
    return name or None


def name_words(text: str) -> list[str]:
    """The words that could be a name, as written, first to last, without noise around them."""
    text = " ".join(unicodedata.normalize("NFKC", text).split("\n")).strip()
    if text[:4].upper() in ("UPI/", "UPI-"):
        return _of_upi(text)
    rest = text
    while rest:
        found = _BEFORE.match(rest)
        if found is None or not found.end():
            break
        rest = rest[found.end() :].lstrip()
    cut = _without_branch(_BEHIND.sub("", rest))
    words = _WORD.findall(_DOMAIN.sub(r"\1", cut if len(cut) > 2 else rest))
    return _without_place([word for word in words if _could_be_a_name(word)])


def _without_branch(text: str) -> str:
    found = _BRANCH.search(text)
    if found is None or sum(map(str.isalpha, text[: found.start()])) < _BRANCH_NAME_MIN:
        return text
    return text[: found.start()]


def _of_upi(text: str) -> list[str]:
    """UPI/412233445566/ZOMATO/zomato@paytm: the first part that is a name."""
    for part in re.split(r"[/-]", text)[1:]:
        words = [word for word in _WORD.findall(part) if _could_be_a_name(word)]
        if words and "@" not in part:
            return words
    return []


def _could_be_a_name(word: str) -> bool:
    folded = word.casefold()
    if folded in _NOISE or folded.replace(".", "") in _LEGAL:
        return False
    if word.isalpha():
        return True
    digits = sum(char.isdigit() for char in word)
    return digits == 0 or (digits <= 2 and len(word) - digits >= 4)


def _without_place(words: list[str]) -> list[str]:
    """Without the country, the state and the city at the end; the first word always stays."""
    kept = list(words)
    if len(kept) > 1 and kept[-1].isupper() and kept[-1].casefold() in _COUNTRIES_AND_STATES:
        kept.pop()
    places = _cities()
    for length in (3, 2, 1):
        if len(kept) > length and " ".join(kept[-length:]).casefold() in places:
            return kept[:-length]
    return kept


def _shown(word: str) -> str:
    """A word as people write it; what is not in capitals only stays as it is."""
    if not (word.isupper() or word.islower()) or (len(word) <= 3 and not _has_vowel(word)):
        return word
    if "'" in word or "’" in word:  # noqa: RUF001 - banks write both
        return word.capitalize()
    return "-".join(part.capitalize() for part in word.split("-"))


def _has_vowel(word: str) -> bool:
    return any(char in "aeiouyäöüåæø" for char in word.casefold())


@lru_cache(maxsize=1)
def _cities() -> frozenset[str]:
    text = (files("mintflow.ml.knowledge") / "cities.txt").read_text(encoding="utf-8")
    return frozenset(
        name.strip().casefold()
        for line in text.splitlines()
        if not line.startswith("#")
        for name in line.split(",")
        if name.strip()
    )
