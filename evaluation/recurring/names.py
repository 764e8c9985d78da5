"""How banks of eight countries write what a household pays; the names are made up or well known.

{ref} is another number each time, {code} other letters and digits, {month} and {year} its month.
"""

from __future__ import annotations

from dataclasses import dataclass

_DIGITAL = [
    "NETFLIX.COM {ref}", "SPOTIFY P{code} STOCKHOLM", "DISNEY PLUS {ref}", "YOUTUBEPREMIUM g.co",
    "DROPBOX*{code}", "ADOBE *CREATIVE CLOUD", "NYTIMES*{ref}", "AUDIBLE*{code}",
    "CLOUDPOINT BACKUP {ref}", "KINDERLEICHT LERNAPP", "STRAVA SUBSCRIPTION {ref}",
]  # fmt: skip


@dataclass(frozen=True)
class Names:
    country: str
    currency: str
    scale: int
    pay: tuple[str, ...]
    salary: str
    wage: str
    rent: str
    utilities: tuple[str, ...]
    subscriptions: list[str]
    yearly: tuple[str, ...]
    others: tuple[str, ...]
    twins: tuple[str, ...]
    shops: tuple[str, ...]
    groceries: tuple[str, str]
    coffee: str
    bakery: str
    fuel: str
    restaurants: tuple[str, ...]
    cash: str
    rare: tuple[str, ...]


def _names(country: str, currency: str, **given: object) -> Names:
    usual: dict[str, object] = {
        "scale": 1,
        "pay": ("monthly",),
        "subscriptions": _DIGITAL,
        "twins": ("APPLE.COM/BILL {ref}", "GOOGLE *SERVICES {code}", "PRIME VIDEO *{code}"),
        "shops": ("AMAZON MKTPL*{code}", "ZALANDO {ref}", "IKEA {ref}", "DECATHLON {ref}"),
        "coffee": "STARBUCKS #{ref}",
        "bakery": "CORNER BAKERY {ref}",
        "fuel": "SHELL {ref}",
        "restaurants": ("PIZZERIA ROMA", "SUSHI BAR {ref}", "MCDONALDS {ref}", "THE GREEN MAN"),
        "rare": (
            "HOTEL BELLEVUE", "DR. MILLER PRACTICE", "GARDEN CENTRE", "CITY THEATRE {ref}",
            "PIANO TUNER", "AIRLINE TICKETS {code}", "LOCKSMITH", "TOY WORLD {ref}", "OPTICIAN",
        ),
    }  # fmt: skip
    return Names(country=country, currency=currency, **{**usual, **given})  # type: ignore[arg-type]


NAMES = {
    "US": _names(
        "US", "USD", pay=("two_weekly", "semi_monthly", "monthly"),
        salary="ACME CORP DES:PAYROLL ID:{ref}", wage="GIGWORKS PAYOUT {ref}",
        rent="ZELLE PAYMENT TO OAKWOOD APARTMENTS CONF {code}",
        utilities=("CON EDISON BILL PAYMENT {ref}", "VERIZON WIRELESS {ref}"),
        yearly=("AAA MEMBERSHIP {ref}", "AMAZON PRIME*{code}", "TURBOTAX {ref}"),
        others=("CLEAN HOUSE SERVICES {ref}", "LA FITNESS {ref}", "PEST CONTROL CO", "LAWN PROS"),
        groceries=("TRADER JOES #{ref}", "WHOLEFDS MKT {ref}"), cash="ATM WITHDRAWAL {ref}",
    ),
    "GB": _names(
        "GB", "GBP", pay=("monthly", "four_weekly"),
        salary="BIGCORP LTD SALARY {ref}", wage="DELIVERY CO WAGES {ref}",
        rent="STO FOXTON LETTINGS RENT {month}",
        utilities=("DD BRITISH GAS {ref}", "DD THAMES WATER {ref}"),
        yearly=("TV LICENSING {ref}", "NATIONAL TRUST {ref}", "ADMIRAL INSURANCE {ref}"),
        others=("PUREGYM LTD {ref}", "WINDOW CLEANER J SMITH", "MILK AND MORE {ref}", "HELLOFRESH"),
        groceries=("TESCO STORES {ref}", "SAINSBURYS S/MKT {ref}"), cash="CASH NOTEMACHINE {ref}",
    ),
    "DE": _names(
        "DE", "EUR",
        salary="MUSTERFIRMA GMBH LOHN GEHALT {month} {year}", wage="MINIJOB ZENTRALE LOHN {ref}",
        rent="DAUERAUFTRAG HAUSVERWALTUNG SCHMIDT MIETE {month}",
        utilities=("STADTWERKE MUENCHEN ABSCHLAG {ref}", "VODAFONE GMBH RECHNUNG {ref}"),
        yearly=("ADAC E.V. BEITRAG {year}", "HUK-COBURG KFZ {ref}", "HAFTPFLICHTKASSE {ref}"),
        others=("FITX DEUTSCHLAND {ref}", "RUNDFUNK ARD ZDF {ref}", "KLAVIERUNTERRICHT MEIER",
                "GEMUESEKISTE HOF {ref}"),
        groceries=("REWE SAGT DANKE {ref}", "EDEKA {ref}"), cash="BARGELDAUSZAHLUNG {ref}",
    ),
    "FR": _names(
        "FR", "EUR", salary="VIR SOCIETE DURAND SALAIRE {month}", wage="VIR CAF {ref}",
        rent="PRLV AGENCE FONCIA LOYER {month}",
        utilities=("PRLV SEPA EDF {ref}", "PRLV FREE MOBILE {ref}"),
        yearly=("PRLV MAIF ASSURANCE {ref}", "COTISATION MACIF {ref}", "CANAL ANNUEL {ref}"),
        others=("BASIC FIT FRANCE {ref}", "COURS DE YOGA", "PANIER BIO {ref}", "CANTINE {ref}"),
        groceries=("CARREFOUR {ref}", "MONOPRIX {ref}"), cash="RETRAIT DAB {ref}",
    ),
    "NL": _names(
        "NL", "EUR", pay=("monthly", "four_weekly"), salary="JANSEN BV SALARIS {month} {year}",
        wage="UITZENDBURO TEMPO LOON {ref}", rent="WONINGSTICHTING DE KEY HUUR {month}",
        utilities=("VATTENFALL TERMIJN {ref}", "KPN MOBIEL {ref}"),
        yearly=("ANWB CONTRIBUTIE {year}", "INTERPOLIS {ref}", "MUSEUMKAART {ref}"),
        others=("BASIC-FIT {ref}", "ZWEMLES DE DOLFIJN", "CRISP GROENTE {ref}", "WATERNET {ref}"),
        groceries=("ALBERT HEIJN {ref}", "JUMBO {ref}"), cash="GELDMAAT {ref}",
    ),
    "SE": _names(
        "SE", "SEK", scale=10, salary="LON SVENSKA BOLAGET AB {ref}", wage="EXTRAJOBB LON {ref}",
        rent="AUTOGIRO HYRESBOSTADER {ref}",
        utilities=("AUTOGIRO VATTENFALL {ref}", "AUTOGIRO TELIA {ref}"),
        yearly=("IF FORSAKRING {ref}", "MOTORMANNEN {year}", "VILLAAGARNA {ref}"),
        others=("SATS SPORTS CLUB {ref}", "FONSTERPUTS AB", "LINAS MATKASSE {ref}", "VA AVGIFT"),
        groceries=("ICA SUPERMARKET {ref}", "COOP {ref}"), cash="BANKOMAT {ref}",
    ),
    "IN": _names(
        "IN", "INR", scale=20, salary="NEFT CR-HDFC-INFOTECH LTD-SALARY {month}",
        wage="NEFT CR-TUITION CENTRE-{ref}", rent="UPI/{ref}/LANDLORD SHARMA/RENT {month}",
        utilities=("BBPS/{ref}/BESCOM", "ACH D-AIRTEL POSTPAID-{ref}"),
        yearly=("LIC PREMIUM {ref}", "STAR HEALTH {ref}", "ICICI LOMBARD {ref}"),
        others=("CULT FIT {ref}", "MILK BASKET {ref}", "SOCIETY MAINTENANCE {ref}", "MAID SALARY"),
        groceries=("BIGBASKET {ref}", "DMART {ref}"), cash="ATM WDL {ref}",
    ),
    "NG": _names(
        "NG", "NGN", scale=100, salary="NIP/ZENITH/ACME NIGERIA/SALARY {month}",
        wage="NIP CR/RIDE HAIL/{ref}", rent="TRF TO ADEBAYO PROPERTIES RENT {month}",
        utilities=("IKEJA ELECTRIC {ref}", "MTN NG AIRTIME {ref}"),
        yearly=("LEADWAY ASSURANCE {ref}", "AXA MANSARD {ref}", "DOMAIN KING {ref}"),
        others=("I-FITNESS {ref}", "DSTV MULTICHOICE {ref}", "LAWMA WASTE {ref}", "LAUNDRY MAMA"),
        groceries=("SHOPRITE {ref}", "SPAR {ref}"), cash="ATM CASH {ref}",
    ),
}  # fmt: skip
