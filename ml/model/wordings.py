"""What the training data is put together from: banks' wordings, places, people, usual amounts."""

from __future__ import annotations

# The class of rows that say nothing of what was paid.
NONE = "none"

# m: the merchant, c: a city, n and r: numbers, d and o: a day and a month.
TEMPLATES: tuple[str, ...] = (
    "{m} #{n} {c}", "{m} {n}", "{m} {c}", "{m} {r}", "sq *{m} {c}", "tst* {m}",
    "paypal *{m} {r}", "pos purchase {m} {c}", "checkcard {o:02}{d:02} {m} {c}",
    "debit card purchase {m}", "sp {m}", "recurring payment {m}", "{m} bill payment",
    "{m} web pmt", "{m} direct debit", "{m} ref {r}", "card payment to {m} on {d:02} {o:02}",
    "{m} london gb", "{m} ltd", "contactless {m}", "kartenzahlung {m} {c}",
    "{m} sagt danke {n}//{c}/de", "girocard {m} {d:02}.{o:02}", "{m} gmbh",
    "sepa lastschrift {m} mandat {r}", "carte {d:02}/{o:02} {m} {c}", "paiement cb {m}",
    "cb {m} {c}", "prlv sepa {m}", "achat cb {m} {d:02}.{o:02}", "compra tarjeta {m} {c}",
    "recibo {m} sl", "{m} sa", "compra {m} {c} es", "pago en {m}",
    "bea betaalpas {m} {c} pas{n}", "{m} bv incasso", "ccv*{m}",
    "betaalautomaat {d:02}-{o:02} {m}", "kortköp {m} {c}", "varekjøp {m}", "dankort-køb {m} {n}",
    "korttiosto {m}", "autogiro {m}", "upi/{r}/{m}/pay", "pos {r} {m} {c} in", "neft {m}",
    "{m} pvt ltd", "pos/web pymt {m} {c} ng", "web pymt {m}", "{m} {c} ng",
    "pagamento pos {m} {c}", "addebito sdd {m}", "{m} srl", "eftpos {m} {c} aus",
    "visa purchase {m}", "interac purchase {m}", "sumup *{m}", "zettle_*{m}", "iz *{m}",
    "google *{m}", "{m}.com", "{m} online", "www.{m}.com {r}", "{m} inc {c}",
)  # fmt: skip

# Rows that say nothing; p: a person.
NOTHING: tuple[str, ...] = (
    "pos {r}", "chk {n}", "xfer {n} ref", "check {n}", "cheque {r}", "deposit {n}",
    "ach debit {r}", "sepa overboeking {p}", "vir inst {r}", "virement {p}", "ueberweisung {p}",
    "überweisung {r}", "zelle to {p}", "zelle from {p} {r}", "venmo payment {r}", "venmo {p}",
    "cash app *{p}", "fpo {r}", "bizum a {p}", "swish {r}", "vipps {p}", "mobilepay {r}",
    "tikkie {p}", "imps {r} {p}", "bgc {r}", "upi/{r}/{p}", "neft {r}", "trf to {p}",
    "nip {r} {p}", "interac e-transfer {r}", "mktp {r} {n}", "paypal inst xfer {r}",
    "paypal transfer {r}", "debit card purchase {d}", "withdrawal {r}", "wire transfer in {r}",
    "wire out {p}", "transaction {r}", "bank credit {p}", "ref {r} {n}", "misc debit {n}",
    "misc credit {r}", "adjustment {n}", "reversal {r}", "giro {r}", "blik {r}",
    "eftpos {r} card {n}", "kartenzahlung {r}", "carte x{n}", "compra tarj {n}",
    "pagamento pos {r}", "faster payment {p}", "standing order {p}", "mobile transfer {r}",
    "pmt {r}", "trn {r}", "dd {r}", "electronic payment {r}", "online payment {r}",
    "internet transfer {p}", "payment to {p}",
)  # fmt: skip
NOTHING = tuple(one.replace("{d}", "{n}") for one in NOTHING)

CITIES: tuple[str, ...] = tuple(
    """seattle wa,portland or,austin tx,boston ma,miami fl,denver co,chicago il,leeds,bristol,york,
    cardiff,glasgow,hamburg,koeln,leipzig,bremen,wien,graz,basel,bern,lyon,nantes,lille,rennes,
    sevilla,malaga,bilbao,utrecht,breda,delft,gent,malmo,uppsala,bergen,odense,aarhus,turku,oulu,
    pune,chennai,kochi,delhi,lagos,ibadan,abuja,torino,bari,padova,ottawa on,calgary ab,perth,
    hobart""".replace("\n", "")
    .replace("    ", "")
    .split(",")
)
FIRST_NAMES: tuple[str, ...] = tuple(
    """james mary maria anna peter paul thomas julia laura david sarah michael emma noah liam olivia
    lucas hugo jean pierre marie claire jose carmen juan lucia jan sanne daan lars ingrid erik
    karin mikko aino priya rahul anita vikram chidi ngozi amina tunde giulia marco luca chiara wei
    li ahmed fatima omar yusuf katarzyna piotr j m a k""".split()
)
LAST_NAMES: tuple[str, ...] = tuple(
    """smith jones brown taylor miller davis garcia martinez rodriguez lopez muller schmidt weber
    wagner becker hoffmann schulz huber gruber keller dubois durand moreau laurent lefevre rossi
    ferrari bianchi romano jansen devries bakkerman visserman andersson johansson nilsson hansen
    olsen larsen nielsen virtanen korhonen sharma patel singh kumar gupta reddy okafor adeyemi
    okonkwo balogun nowak kowalski nguyen chen khan ali ibrahim murphy kelly clark lewis walker
    young king wright hill scott green adams nelson""".split()
)
OWN_NAMES: tuple[str, ...] = tuple(
    """blue moon,golden,silver,royal,sunrise,central,riverside,corner,old town,la rosa,bella,el sol,
    nova,alpha,omega,delta,star,lion,eagle,phoenix,lotus,oak,maple,cedar,willow,harbor,hillside,
    lake,mountain,valley,park,garden,castle,tower,bridge,mill,linden,adler,hirsch,baeren,rathaus,
    markt,dom,stadt,berg,see,petit,grand,bon,vieux,saint michel,san marco,santa maria,gran via,
    plaza,torre,de gouden,de oude,nieuwe,sodra,norra,vastra,oster,krishna,lakshmi,ganesh,shree,
    balaji,mama,iya,divine,grace,victory,city,metro west,uptown,downtown,happy,lucky,green leaf,
    red barn,white,black cat,purple,urban,classic,prime,elite,family,first,union,liberty,pioneer
    """.replace("\n", "")
    .replace("    ", "")
    .split(",")
)
# Usual amounts by category, in units of what a dollar or euro buys.
TYPICAL: dict[str, tuple[int, int]] = {
    "food_dining.groceries": (4, 220), "food_dining.restaurants": (9, 150),
    "food_dining.coffee_shops": (2, 20), "food_dining.fast_food": (4, 40),
    "transportation.gas": (15, 110), "transportation.public_transit": (2, 120),
    "transportation.parking": (1, 40), "transportation.ride_share": (5, 70),
    "housing.rent": (450, 3000), "housing.mortgage": (500, 3500), "housing.maintenance": (10, 600),
    "entertainment": (5, 120), "entertainment.streaming": (3, 30), "shopping": (5, 250),
    "shopping.electronics": (15, 1500), "shopping.home": (12, 900), "bills": (10, 250),
    "bills.insurance": (10, 400), "health": (5, 200), "health.fitness": (10, 90),
    "travel": (40, 900), "travel.flights": (40, 1200), "travel.hotels": (50, 900),
    "financial.bank_fees": (1, 45), "financial.interest": (1, 400), "financial.taxes": (20, 3000),
    "income.salary": (700, 6000), "income.interest": (1, 80), "income.refunds": (10, 2000),
    "income.other": (40, 2000), "transfer": (40, 3000), "none": (3, 800),
}  # fmt: skip
