"""Exact money: amounts are Decimal with their currency's digits, never a float.

Amounts travel as plain `Decimal` beside a currency code where a whole event has one currency, and
as `Money` where a value stands alone. All arithmetic here goes through `EXACT`, because the
interpreter's default context silently rounds at 28 digits and an 18-digit crypto amount gets there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow

from mintflow.domain.core.errors import Invalid

# 15 digits before the point hold every household and leave 18 behind it far inside 60.
INTEGER_DIGITS_MAX = 15
EXACT = Context(prec=60, traps=[InvalidOperation, Overflow, Inexact])
ZERO = Decimal(0)

_AMOUNT = re.compile(r"[+-]?\d{1,32}(\.\d{1,32})?\Z", re.ASCII)

# ISO 4217 as amended in 2025; two digits unless listed in _DIGITS.
_ISO_4217 = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CLF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL "
    "GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF "
    "KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN "
    "MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD "
    "SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VED VES VND VUV WST XAF XAG XAU XCD XCG XOF XPD XPF XPT YER ZAR ZMW ZWG "
    # withdrawn, but found in old bank files
    "ANG ATS BEF BGN CUC CYP CZK DEM EEK ESP FIM FRF GRD HRK IEP ITL LTL LUF LVL MTL NLG PTE SIT "
    "SKK SLL TRL ZWL".split()
)
_CRYPTO = {
    "BTC": 8, "LTC": 8, "BCH": 8, "DOGE": 8, "ETH": 18, "BNB": 18, "MATIC": 18, "POL": 18,
    "USDT": 6, "USDC": 6, "XRP": 6, "ADA": 6, "SOL": 9, "DOT": 10, "XLM": 7, "XMR": 12, "DAI": 18,
    "LINK": 18, "UNI": 18, "AVAX": 18, "ATOM": 6, "TRX": 6, "TON": 9, "XTZ": 6, "ALGO": 6,
}  # fmt: skip
_DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF ITL ESP BEF LUF".split(), 0
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "XAG", "XAU", "XPD", "XPT"], 4),
    **_CRYPTO,
}
_QUANTA = {code: Decimal(1).scaleb(-_DIGITS.get(code, 2)) for code in (*_ISO_4217, *_CRYPTO)}


class UnknownCurrency(Invalid):
    """The code is neither in ISO 4217 nor a crypto currency that MintFlow knows."""

    code = "unknown_currency"


class AmountNotReadable(Invalid):
    """The text is not a plain decimal number."""

    code = "amount_not_readable"


class TooManyDigits(Invalid):
    """The amount has more digits than its currency or the books can hold."""

    code = "too_many_digits"


class CurrencyMustMatch(Invalid):
    """Two amounts that must be in one currency are not."""

    code = "currency_must_match"


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency; the sign says the direction."""

    amount: Decimal
    currency: str


def check_currency(currency: str) -> str:
    """The code itself if it is known. Raises UnknownCurrency."""
    if currency not in _QUANTA:
        raise UnknownCurrency("this currency is not known", currency=currency[:12])
    return currency


def digits_of(currency: str) -> int:
    """Digits behind the decimal point, 0 to 18. Raises UnknownCurrency."""
    check_currency(currency)
    return _DIGITS.get(currency, 2)


def exact_amount(value: Decimal | str | int, currency: str) -> Decimal:
    """The amount with exactly the digits of its currency, e.g. Decimal("12.30") for USD.

    Refuses rather than rounds: what a bank or a user said is never changed in silence.
    Raises UnknownCurrency, AmountNotReadable (also for NaN and infinities), TooManyDigits.
    """
    check_currency(currency)
    if isinstance(value, str):
        if not _AMOUNT.match(value):
            raise AmountNotReadable("an amount is digits with at most one point", currency=currency)
        value = Decimal(value)
    elif type(value) is int:
        value = Decimal(value)
    elif not isinstance(value, Decimal):
        raise TypeError("money is Decimal, text or int, and never a float")
    if not value.is_finite():
        raise AmountNotReadable("an amount is a finite number", currency=currency)
    if value.adjusted() >= INTEGER_DIGITS_MAX:
        raise TooManyDigits(
            "the amount is larger than the books can hold",
            currency=currency,
            integer_digits_max=INTEGER_DIGITS_MAX,
        )
    return exact_figure(value, currency)


def exact_figure(value: Decimal, currency: str) -> Decimal:
    """A sum of amounts with exactly the digits of its currency, however large it is: amounts that
    the books hold may add up to more than one of them may be.

    Raises UnknownCurrency, TooManyDigits (behind the point).
    """
    check_currency(currency)
    try:
        exact = value.quantize(_QUANTA[currency], context=EXACT)
        # "-0.00" would be another text for the same amount in events, ids and answers.
        return exact if exact else exact.copy_abs()
    except Inexact:
        raise TooManyDigits(
            "the amount has more digits than its currency",
            currency=currency,
            digits=_DIGITS.get(currency, 2),
        ) from None


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """The exact sum; zero for none."""
    total = ZERO
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def negated(amount: Decimal) -> Decimal:
    """The amount with the other sign, exactly (the minus operator rounds), and never -0."""
    return amount.copy_negate() if amount else amount


def money_text(amount: Decimal) -> str:
    """The decimal text that goes into events and JSON: no exponent, no plus sign."""
    return format(amount, "f")
