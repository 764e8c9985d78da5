"""Commands on accounts, categories, transactions, transfers, rules and what a bank brings."""

from __future__ import annotations

from api.undoable import COFFEE, OTHER, Home, Iterator, done_by


@done_by("RenameLedger")
def rename_ledger(it: Home) -> Iterator[None]:
    yield
    it.send("PATCH", "", name="Other")


@done_by("OpenAccount")
def open_account(it: Home) -> Iterator[None]:
    yield
    it.post("/accounts", name="Wrong", kind="cash", currency="USD", opening_balance="7")


@done_by("ChangeAccount")
def change_account(it: Home) -> Iterator[None]:
    yield
    it.patch(f"/accounts/{it.checking}", name="Other", opening_balance="9")


@done_by("ReportBalance")
def report_balance(it: Home) -> Iterator[None]:
    address = f"/accounts/{it.checking}/reported-balances"
    it.post(address, date="2025-03-01", amount="5.00", currency="USD")
    yield
    it.post(address, date="2025-03-01", amount="6.00", currency="USD")


@done_by("SetImportProfile")
def set_import_profile(it: Home) -> Iterator[None]:
    it.upload()
    yield
    profile = {"delimiter": ";", "encoding": "utf-8", "has_header": True, "date": 0, "amount": 2}
    more = {"date_format": "%d.%m.%Y", "decimal_sign": ",", "description": [1]}
    it.put(f"/accounts/{it.checking}/import-profile", **profile, **more)


@done_by("AddCategory")
def add_category(it: Home) -> Iterator[None]:
    yield
    it.post("/categories", path="shopping.toys")


@done_by("MoveCategory")
def move_category(it: Home) -> Iterator[None]:
    yield
    it.post("/categories/actions", action="move", path="travel", to="shopping.journeys")


@done_by("ArchiveCategory")
def archive_category(it: Home) -> Iterator[None]:
    yield
    it.post("/categories/actions", action="archive", path="travel")


@done_by("RestoreCategory")
def restore_category(it: Home) -> Iterator[None]:
    it.post("/categories/actions", action="archive", path="travel.flights")
    yield
    it.post("/categories/actions", action="restore", path="travel.flights")


@done_by("MergeCategories")
def merge_categories(it: Home) -> Iterator[None]:
    it.post("/categories", path="shopping.toys")
    it.record(category="shopping.toys")
    yield
    it.post("/categories/actions", action="merge", path="shopping.toys", to="shopping.home")


@done_by("RecordTransaction")
def record_transaction(it: Home) -> Iterator[None]:
    yield
    it.record(amount="-9.00", tags=["a"], notes="b")


@done_by("RecordTransactions")
def record_transactions(it: Home) -> Iterator[None]:
    yield
    rows = [it.ledger.transaction(amount=f"-{number}.00") for number in (1, 2)]
    it.post("/transactions/batch", transactions=rows)


@done_by("AmendTransaction")
def amend_transaction(it: Home) -> Iterator[None]:
    made = it.record()
    yield
    it.patch(f"/transactions/{made}", date="2025-03-05", amount="-21.00", notes="n", tags=["t"])


@done_by("CategorizeTransaction")
def categorize_transaction(it: Home) -> Iterator[None]:
    made = it.record()
    yield
    it.put(f"/transactions/{made}/category", category="travel")


@done_by("PostTransaction")
def post_transaction(it: Home) -> Iterator[None]:
    made = it.record(status="pending")
    yield
    it.post(f"/transactions/{made}/post", amount="-10.00")


@done_by("MatchTransactions")
def match_transactions(it: Home) -> Iterator[None]:
    one, two = it.record(amount="-8.00"), it.record(amount="-8.00")
    yield
    it.post(f"/transactions/{one}/match", imported_id=two)


@done_by("UnmatchTransaction")
def unmatch_transaction(it: Home) -> Iterator[None]:
    one, two = it.record(amount="-8.00"), it.record(amount="-8.00")
    it.post(f"/transactions/{one}/match", imported_id=two)
    yield
    it.delete(f"/transactions/{one}/match")


@done_by("VoidTransaction")
def void_transaction(it: Home) -> Iterator[None]:
    made = it.record()
    yield
    it.delete(f"/transactions/{made}")


@done_by("ReinstateTransaction")
def reinstate_transaction(it: Home) -> Iterator[None]:
    made = it.record()
    it.delete(f"/transactions/{made}")
    yield
    it.post(f"/transactions/{made}/reinstate")


@done_by("MakeTransfer")
def make_transfer(it: Home) -> Iterator[None]:
    yield
    it.move()


@done_by("LinkTransactions")
def link_transactions(it: Home) -> Iterator[None]:
    pair = it.pair()
    yield
    it.post("/transfers/link", **pair)


@done_by("UnlinkTransfer")
def unlink_transfer(it: Home) -> Iterator[None]:
    linked = it.post("/transfers/link", **it.pair())
    yield
    it.post(f"/transfers/{linked['transfer_id']}/unlink")


@done_by("VoidTransfer")
def void_transfer(it: Home) -> Iterator[None]:
    made = it.move()
    yield
    it.delete(f"/transfers/{made['transfer_id']}")


@done_by("RejectPair")
def reject_pair(it: Home) -> Iterator[None]:
    leaves = it.record(date="2025-03-10", amount="-50.00", description="ZORP")
    enters = it.record(date="2025-03-13", amount="50.00", description="QUX", account_id=it.savings)
    pair = {"from_transaction_id": leaves, "to_transaction_id": enters}
    assert it.get("/transfers/suggestions")
    yield
    it.post("/transfers/suggestions/reject", **pair)
    assert not it.get("/transfers/suggestions")


@done_by("AddRule")
def add_rule(it: Home) -> Iterator[None]:
    yield
    it.post("/rules", **COFFEE)


@done_by("ChangeRule")
def change_rule(it: Home) -> Iterator[None]:
    made = it.post("/rules", **COFFEE)["rule_id"]
    yield
    it.put(f"/rules/{made}", **{**COFFEE, "name": "Tea"})


@done_by("SwitchRule")
def switch_rule(it: Home) -> Iterator[None]:
    made = it.post("/rules", **COFFEE)["rule_id"]
    yield
    it.patch(f"/rules/{made}", enabled=False)


@done_by("ReorderRules")
def reorder_rules(it: Home) -> Iterator[None]:
    one, two = it.post("/rules", **COFFEE)["rule_id"], it.post("/rules", **OTHER)["rule_id"]
    yield
    it.put("/rules/order", stage="main", rule_ids=[two, one])


@done_by("RemoveRule")
def remove_rule(it: Home) -> Iterator[None]:
    made = it.post("/rules", **COFFEE)["rule_id"]
    yield
    it.delete(f"/rules/{made}")


@done_by("Categorize")
def categorize(it: Home) -> Iterator[None]:
    it.upload()
    made = it.post("/rules", **COFFEE)["rule_id"]
    yield
    it.post(f"/rules/{made}/apply")


@done_by("ImportFile")
def import_file(it: Home) -> Iterator[None]:
    it.record(date="2025-03-01", amount="-3.50", description="by hand")
    yield
    it.upload()


@done_by("SyncAccount")
def sync_account(it: Home) -> Iterator[None]:
    connection = it.connection()
    it.sync(connection, "a", "b1")
    yield
    it.sync(connection, "bc", "b2")


@done_by("OpenConnection")
def open_connection(it: Home) -> Iterator[None]:
    yield
    it.connection()


@done_by("RecordRates")
def record_rates(it: Home) -> Iterator[None]:
    rate = {"base": "EUR", "quote": "USD", "rate": "1.5"}
    it.post("/rates", rates=[{**rate, "date": "2025-03-09"}])
    yield
    news = [{**rate, "date": "2025-03-09", "rate": "1.6"}, {**rate, "date": "2025-03-10"}]
    it.post("/rates", rates=news)
