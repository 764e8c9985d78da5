"""Where the households of `contracts.py` live, and how their banks write; all names are made up or
well known."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """scale: what prices are multiplied with. pay: how often wages come there."""

    country: str
    currency: str
    scale: int
    pay: tuple[str, ...]
    salary: str
    rent: str
    loan: str
    allowance: str
    barber: str
    lunch: str
    ticket: str
    cash: str
    side_job: str
    utilities: tuple[str, ...]
    services: tuple[str, ...]
    yearly: tuple[str, ...]
    groceries: tuple[str, ...]
    shops: tuple[str, ...]
    friends: tuple[str, ...]


PLACES = (
    Place(
        "US", "USD", 1, ("semi_monthly", "two_weekly", "monthly"),
        "DIRECT DEP NORTHWIND TRADERS PAYROLL {ref}", "CEDAR RIDGE LIVING RENT WEB {ref}",
        "FIRST PRAIRIE BANK LOAN PMT {ref}", "ONLINE XFER TO KID SAVER {ref}", "SQ *FADE FACTORY",
        "TST* NOON BOWL CO", "MTA*OMNY RIDE", "ATM WITHDRAWAL {ref}", "VENMO CASHOUT",
        ("CITYLIGHT ELECTRIC WEB {ref}", "RIVERTON WATER DEPT {ref}"),
        ("HULU {ref}", "PELOTON MEMBERSHIP {ref}", "BLINK FITNESS {ref}", "AUDIBLE*{ref}",
         "BARKBOX INC {ref}", "ICLOUD STORAGE {ref}", "DAILY LEDGER NEWS", "RING PROTECT {ref}"),
        ("COSTCO ANNUAL MEMBERSHIP {ref}", "LEMON TREE INSURANCE {ref}", "AAA WESTERN DUES"),
        ("SAFEWAY #{ref}", "ALDI {ref}"), ("AMAZON MKTPL*{ref}", "TARGET {ref}", "GAP {ref}"),
        ("ZELLE TO ANNA B", "ZELLE TO COLE W"),
    ),
    Place(
        "GB", "GBP", 1, ("monthly", "four_weekly"),
        "BACS HARBOUR LOGISTICS WAGES {ref}", "STO ELM STREET LETTINGS",
        "DD NORTHERN BANK LOAN {ref}",
        "TFR POCKET MONEY MIA", "THE CLIPPER ROOM", "PRET A MANGER {ref}", "TFL TRAVEL CHARGE",
        "NOTEMACHINE {ref}", "FPI SIDE GIG LTD",
        ("DD EON NEXT {ref}", "DD ANGLIAN WATER {ref}"),
        ("SPOTIFY UK", "THE GYM GROUP {ref}", "NOW TV {ref}", "GOUSTO {ref}", "MUBI {ref}",
         "PATREON* {ref}", "ECONOMIST SUBS {ref}", "DELIVEROO PLUS {ref}"),
        ("RSPB MEMBERSHIP {ref}", "HASTINGS INSURANCE {ref}", "AMAZON PRIME ANNUAL"),
        ("LIDL GB {ref}", "WAITROSE {ref}"), ("EBAY O*{ref}", "BOOTS {ref}", "ARGOS {ref}"),
        ("FPO SAM PRICE", "FPO LUCY HALL"),
    ),
    Place(
        "DE", "EUR", 1, ("monthly",),
        "GEHALT NORDWIND MASCHINENBAU GMBH {ref}", "MIETE HAUSVERWALTUNG LORENZ",
        "KREISSPARKASSE DARLEHEN {ref}", "TASCHENGELD LENA", "BARBIER KEMAL", "KANTINE AM FLUSS",
        "RNV TICKET APP", "GA NR{ref}", "HONORAR NEBENJOB",
        ("STADTWERKE KARLSRUHE ABSCHLAG {ref}", "AQUA WASSERVERBAND {ref}"),
        ("SPOTIFY AB {ref}", "FITSTAR STUDIO {ref}", "RTL+ {ref}", "ZEIT VERLAG ABO {ref}",
         "BLINKIST {ref}", "HETZNER ONLINE {ref}", "OEKOKISTE RHEIN", "DAZN {ref}"),
        ("ADAC BEITRAG {ref}", "HAFTPFLICHT COSMOS {ref}", "BAHNCARD ABO {ref}"),
        ("REWE {ref}", "LIDL DIENSTLEISTUNG {ref}"), ("AMAZON {ref}", "THALIA {ref}", "OBI {ref}"),
        ("PAYPAL JONAS K", "UEBERWEISUNG TANJA B"),
    ),
    Place(
        "ES", "EUR", 1, ("monthly",),
        "NOMINA TALLERES DEL SUR SL {ref}", "RECIBO ALQUILER VIVIENDA LUNA",
        "CAJA NORTE PRESTAMO {ref}", "PAGA SEMANAL HIJOS", "PELUQUERIA MANOLO",
        "MENU BAR LA ESQUINA",
        "EMT BILLETE", "REINTEGRO CAJERO {ref}", "BIZUM TRABAJO EXTRA",
        ("RECIBO ENDESA {ref}", "RECIBO AGUAS DE VALENCIA {ref}"),
        ("NETFLIX.COM {ref}", "GYM METROPOLIS {ref}", "FILMIN {ref}", "EL DIARIO SOCIOS {ref}",
         "DUOLINGO {ref}", "GLOVO PRIME {ref}", "YOIGO FIBRA {ref}", "CESTA BIO {ref}"),
        ("LINEA DIRECTA SEGURO {ref}", "RACC CUOTA {ref}", "CRUZ ROJA SOCIO {ref}"),
        ("MERCADONA {ref}", "CONSUM {ref}"), ("AMAZON.ES {ref}", "ZARA {ref}", "FNAC {ref}"),
        ("BIZUM A LAURA", "BIZUM A PEDRO"),
    ),
    Place(
        "CA", "CAD", 1, ("semi_monthly", "two_weekly"),
        "MAPLE STEEL LTD PAYROLL {ref}", "PROVINCE PROPERTIES RENT {ref}", "PRAIRIE CU LOAN {ref}",
        "E-TRANSFER ALLOWANCE THEO", "TOMMY BARBER", "TIM HORTONS {ref}", "PRESTO FARE",
        "ABM WITHDRAWAL {ref}", "E-TRANSFER TUTORING",
        ("ENBRIDGE GAS {ref}", "TORONTO HYDRO {ref}"),
        ("CRAVE {ref}", "GOODLIFE CLUBS {ref}", "SKIP PLUS {ref}", "GLOBE NEWS SUB {ref}",
         "KOODO MOBILE {ref}", "DROPBOX*{ref}", "FRESH PREP {ref}", "DISNEY PLUS {ref}"),
        ("CAA MEMBERSHIP {ref}", "SONNET HOME INS {ref}", "DOMAIN RENEWAL {ref}"),
        ("LOBLAWS {ref}", "METRO {ref}"), ("AMZN MKTP CA*{ref}", "CANADIAN TIRE {ref}"),
        ("E-TRANSFER MAYA", "E-TRANSFER LIAM"),
    ),
    Place(
        "SE", "SEK", 10, ("monthly",),
        "LON FJALLBYGG AB {ref}", "HYRA BOSTADSBOLAGET {ref}", "FJARDBANKEN LAN {ref}",
        "VECKOPENG ALMA", "SALONG SAX", "LUNCH HAMNKROGEN", "VASTTRAFIK BILJETT",
        "BANKOMAT {ref}", "SWISH EXTRAJOBB",
        ("AUTOGIRO GOTEBORG ENERGI {ref}", "AUTOGIRO TELENOR {ref}"),
        ("SPOTIFY SE", "NORDIC WELLNESS {ref}", "VIAPLAY {ref}", "DAGENS NYHETER {ref}",
         "STORYTEL {ref}", "GOOGLE ONE {ref}", "MATKASSEN GRON {ref}", "TELIA PLAY {ref}"),
        ("FOLKSAM HEM {ref}", "STF MEDLEM {ref}", "NATURSKYDD {ref}"),
        ("WILLYS {ref}", "HEMKOP {ref}"), ("CLAS OHLSON {ref}", "APOTEKET {ref}", "H&M {ref}"),
        ("SWISH OSKAR", "SWISH ELSA"),
    ),
)  # fmt: skip
