"""The list of commands, and what `mintflow` says of itself."""

from __future__ import annotations

from typing import Annotated

import typer

from mintflow.hosts.cli import (
    archive,
    asking,
    auditing,
    bills,
    books,
    budgets,
    demo,
    envelopes,
    erasing,
    events,
    evidence,
    forgetting,
    goals,
    histories,
    insights,
    keys,
    models,
    planning,
    processes,
    rebuilding,
    rules,
    series,
    serving,
    streaming,
    taking_out,
    tokens,
    transactions,
    undo,
    upkeep,
)
from mintflow.hosts.cli.shell import make_shell

_BOOKS, _HOST, _PROOF = "Books", "Host", "Upkeep and proof"


def build_app() -> typer.Typer:
    """Every command with its examples; nothing of the product is loaded before one runs."""
    app = typer.Typer(
        help="The books of a household as immutable events: import bank files, ask what was "
        "spent, prove that nothing was changed.",
        epilog="Begin with: mintflow demo",
        no_args_is_help=True,
        rich_markup_mode="rich",
        # Its tracebacks show the values of variables, which can be anyone's bank statement.
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_global_options)
    _add_books(app)
    _add_insights(app)
    _add_goals(app)
    _add_bills(app)
    _add_sorting(app)
    _add_host(app)
    _add_tokens(app)
    _add_keys(app)
    _add_streams(app)
    _add_upkeep(app)
    return app


def _version(asked: bool) -> None:
    if asked:
        from importlib import metadata

        typer.echo(f"mintflow {metadata.version('mintflow')}")
        raise typer.Exit


def _global_options(
    ctx: typer.Context,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No notices and no progress on stderr.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does all
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    ctx.obj = make_shell(quiet=quiet)


def _add_books(app: typer.Typer) -> None:
    def add(name: str, function: object, *examples: str) -> None:
        app.command(name, rich_help_panel=_BOOKS, epilog=_epilog(*examples))(function)  # type: ignore[type-var]

    add(
        "erase",
        erasing.erase,
        "mintflow erase --ledger Home --confirm 'erase everything'",
        "mintflow erase --cancel",
    )
    add("takeout", taking_out.takeout, "mintflow takeout everything.zip")
    add("import-takeout", taking_out.import_takeout, "mintflow import-takeout everything.zip")
    add(
        "history",
        histories.history,
        "mintflow history account Checking",
        "mintflow history budget food_dining --json",
        "mintflow history rule Coffee",
        "mintflow history transaction 0198c2f4-…",
        "mintflow history user me --limit 20",
    )
    add("operations", undo.operations, "mintflow operations --limit 5")
    add("undo", undo.undo, "mintflow undo --dry-run", "mintflow undo --import 0199…")
    add(
        "import",
        transactions.import_,
        "mintflow import checking-*.csv --ledger Home --account Checking",
        "mintflow import card.ofx --account Card --dry-run",
    )
    add("balances", books.balances, "mintflow balances", "mintflow balances --as-of 2025-12-31")
    add("categories", books.categories, "mintflow categories --month 2026-03")
    add(
        "budgets",
        budgets.budgets,
        "mintflow budgets --month 2026-03",
        "mintflow budgets --date 2026-03-14 --period week",
    )
    add(
        "transactions",
        transactions.list_transactions,
        "mintflow transactions coffee --from 2026-01-01",
        "mintflow transactions --category food_dining --min -100 --json",
    )
    add(
        "categorize",
        transactions.categorize,
        "mintflow categorize 0198c2f4-… food_dining.groceries",
    )
    budget = typer.Typer(help="Set budgets, fill envelopes, see alerts.", no_args_is_help=True)
    for name, function, examples in (
        (
            "set",
            budgets.set_budget,
            (
                "mintflow budget set food_dining 450 --rollover surplus",
                "mintflow budget set fun,travel 80 --period two_weeks --anchor 2026-03-13",
            ),
        ),
        ("assign", envelopes.assign, ("mintflow budget assign food_dining 300 --month 2026-03",)),
        ("move", envelopes.move, ("mintflow budget move travel health 50",)),
        ("envelopes", envelopes.envelopes, ("mintflow budget envelopes --month 2026-03",)),
        (
            "recommend",
            planning.recommend,
            ("mintflow budget recommend", "mintflow budget recommend food_dining --accept"),
        ),
        (
            "template",
            planning.template,
            (
                "mintflow budget template food_dining average --dry-run",
                "mintflow budget template travel goal --amount 1200 --by 2026-08",
            ),
        ),
        ("alerts", envelopes.alerts, ("mintflow budget alerts",)),
    ):
        settings = envelopes.NEGATIVE if name == "assign" else None
        budget.command(name, epilog=_epilog(*examples), context_settings=settings)(function)
    app.add_typer(budget, name="budget", rich_help_panel=_BOOKS)
    for name, title, listed, opened, example in (
        ("accounts", "accounts", books.list_accounts, books.open_account, "Savings --kind savings"),
        ("ledgers", "ledgers", books.list_ledgers, books.open_ledger, "Home --currency EUR"),
    ):
        group = typer.Typer(
            invoke_without_command=True,
            help=f"List {title}, or open one.",
            epilog=_epilog(f"mintflow {name}", f"mintflow {name} open {example}"),
        )
        group.callback()(listed)
        group.command("open", epilog=_epilog(f"mintflow {name} open {example}"))(opened)
        app.add_typer(group, name=name, rich_help_panel=_BOOKS)


def _add_insights(app: typer.Typer) -> None:
    for name, function, example in (
        ("spending", insights.spending, "mintflow spending --by merchant --month 2026-03"),
        ("insights", insights.list_insights, "mintflow insights --today 2026-03-14"),
        ("forecast", insights.forecast, "mintflow forecast --account Checking --days 30"),
        ("net-worth", insights.net_worth, "mintflow net-worth --interval day --months 1"),
    ):
        app.command(name, rich_help_panel=_BOOKS, epilog=_epilog(example))(function)


def _add_goals(app: typer.Typer) -> None:
    app.command("goals", rich_help_panel=_BOOKS, epilog=_epilog("mintflow goals"))(goals.goals)
    group = typer.Typer(help="Set goals, and set money aside for them.", no_args_is_help=True)
    for name, function, examples in (
        (
            "add",
            goals.add,
            (
                "mintflow goal add Holiday 1800 --due 2026-07-01 --percent 10",
                "mintflow goal add 'Bad days' --kind emergency --months 3 --account Savings",
            ),
        ),
        (
            "fund",
            goals.fund,
            (
                "mintflow goal fund Holiday 50 --account Checking",
                "mintflow goal fund Holiday 50 --account Savings --from Checking",
            ),
        ),
        ("release", goals.release, ("mintflow goal release Holiday 20 --account Checking",)),
        ("archive", goals.archive, ("mintflow goal archive Holiday",)),
    ):
        group.command(name, epilog=_epilog(*examples))(function)
    app.add_typer(group, name="goal", rich_help_panel=_BOOKS)


def _add_bills(app: typer.Typer) -> None:
    for name, listed, example in (
        ("bills", bills.bills, "mintflow bills --to 2026-12-31"),
        ("recurring", bills.recurring, "mintflow recurring --status mature"),
        ("subscriptions", bills.subscriptions, "mintflow subscriptions"),
    ):
        app.command(name, rich_help_panel=_BOOKS, epilog=_epilog(example))(listed)
    bill = typer.Typer(help="Write down, confirm, dismiss and end bills.", no_args_is_help=True)
    added = "mintflow bill add 'Car insurance' -420 yearly 2026-03-01"
    bill.command("add", epilog=_epilog(added), context_settings=envelopes.NEGATIVE)(bills.add)
    for name, act, example in (
        ("confirm", bills.confirm, "mintflow bill confirm 0198c2f4-… --name Rent"),
        ("dismiss", bills.dismiss, "mintflow bill dismiss 0198c2f4-…"),
        ("end", bills.end, "mintflow bill end 0198c2f4-… --on 2026-06-30"),
    ):
        bill.command(name, epilog=_epilog(example))(act)
    app.add_typer(bill, name="bill", rich_help_panel=_BOOKS)


def _add_sorting(app: typer.Typer) -> None:
    found = typer.Typer(help="Rules that sort rows by themselves.", no_args_is_help=True)
    for name, function, example in (
        ("list", rules.list_rules, "mintflow rules list"),
        (
            "add",
            rules.add_rule,
            "mintflow rules add Coffee 'merchant:starbucks' --category food_dining.coffee_shops",
        ),
        ("preview", rules.preview_rule, "mintflow rules preview 'amount<-500' --tag large"),
        ("apply", rules.apply_rule, "mintflow rules apply 0198c2f4-… --dry-run"),
        ("remove", rules.remove_rule, "mintflow rules remove 0198c2f4-…"),
        ("run", rules.sort_history, "mintflow rules run category:uncategorized --dry-run"),
    ):
        found.command(name, epilog=_epilog(example))(function)
    app.add_typer(found, name="rules", rich_help_panel=_BOOKS)
    pairs = typer.Typer(help="Which rows are one movement.", no_args_is_help=True)
    for verb, act, shown in (
        ("suggestions", rules.suggestions, "mintflow transfers suggestions"),
        ("accept", rules.accept, "mintflow transfers accept 0198c2f4-… 0198c2f5-…"),
        ("reject", rules.reject, "mintflow transfers reject 0198c2f4-… 0198c2f5-…"),
    ):
        pairs.command(verb, epilog=_epilog(shown))(act)
    app.add_typer(pairs, name="transfers", rich_help_panel=_BOOKS)


def _add_host(app: typer.Typer) -> None:
    for name, function, example in (
        ("demo", demo.demo, "mintflow demo --serve"),
        ("up", serving.up, "mintflow up --data ~/books --port 8377"),
        ("status", serving.status, 'eval "$(mintflow status --env)"'),
        ("api", processes.api, "mintflow api --data /var/lib/mintflow --port 8378"),
        ("worker", processes.worker, "mintflow worker --data /var/lib/mintflow --port 9101"),
    ):
        app.command(name, rich_help_panel=_HOST, epilog=_epilog(example))(function)


def _add_tokens(app: typer.Typer) -> None:
    group = typer.Typer(help="Tokens for analysts and auditors.", no_args_is_help=True)
    for name, function, example in (
        ("create", tokens.create, "mintflow token create --scope analyst --name Research"),
        ("list", tokens.list_tokens, "mintflow token list"),
        ("revoke", tokens.revoke, "mintflow token revoke 0198c2f4-…"),
    ):
        group.command(name, epilog=_epilog(example))(function)
    app.add_typer(group, name="token", rich_help_panel=_HOST)


def _add_keys(app: typer.Typer) -> None:
    group = typer.Typer(help="The keys that personal facts are sealed under.", no_args_is_help=True)
    for name, function, example in (
        ("rotate", keys.rotate, "mintflow keys rotate --ledger Home"),
        ("rotate-master", keys.rotate_master, "mintflow keys rotate-master"),
        ("begin-anew", keys.begin_anew, "mintflow keys begin-anew"),
    ):
        group.command(name, epilog=_epilog(example))(function)
    app.add_typer(group, name="keys", rich_help_panel=_HOST)


def _add_streams(app: typer.Typer) -> None:
    group = typer.Typer(help="The topics in Kafka.", no_args_is_help=True)
    group.command("apply", epilog=_epilog("mintflow topics apply --yes"))(streaming.apply_topics)
    app.add_typer(group, name="topics", rich_help_panel=_HOST)
    example = _epilog("MINTFLOW_KAFKA=localhost:9092 mintflow relay")
    app.command("relay", rich_help_panel=_HOST, epilog=example)(streaming.relay)


def _add_upkeep(app: typer.Typer) -> None:
    explained = _epilog("mintflow explain category --category food_dining --month 2026-03")
    app.command("explain", rich_help_panel=_PROOF, epilog=explained)(asking.explain)
    imagined = """mintflow what-if '{"type": "add_category", "path": "pets"}' --query categories"""
    app.command("what-if", rich_help_panel=_BOOKS, epilog=_epilog(imagined))(asking.what_if)
    audit = typer.Typer(help="Prove that nothing was changed.", no_args_is_help=True)
    for name, audited, example in (
        ("verify", auditing.verify, "mintflow audit verify --json"),
        (
            "replay",
            asking.replay,
            "mintflow audit replay --from 2026-03-01 --type transaction.voided",
        ),
        ("bundle", evidence.bundle, "mintflow audit bundle --ledger Home --out home.zip"),
        ("check", evidence.check, "mintflow audit check home.zip --key mintflow.pub"),
        ("heads", evidence.heads, "mintflow audit heads --json > kept-heads.json"),
        ("trail", evidence.trail, "mintflow audit trail --after 100"),
        ("keys", evidence.keys, "mintflow audit keys"),
        ("rotate-key", evidence.rotate_key, "mintflow audit rotate-key"),
        (
            "forget-addresses",
            forgetting.forget_addresses,
            "mintflow audit forget-addresses --month 2025-03",
        ),
    ):
        audit.command(name, epilog=_epilog(example))(audited)
    app.add_typer(audit, name="audit", rich_help_panel=_PROOF)
    model = typer.Typer(help="Which model suggests categories.", no_args_is_help=True)
    model.command("show", epilog=_epilog("mintflow model show"))(models.show)
    model.command("compare", epilog=_epilog("mintflow model compare candidate.npz --ledger Home"))(
        models.compare
    )
    app.add_typer(model, name="model", rich_help_panel=_PROOF)
    for name, function, example in (
        ("events", events.events, "mintflow events --follow"),
        ("export", archive.export, "mintflow export ./history --format parquet"),
        ("import-history", archive.import_history, "mintflow import-history ./history"),
        ("rebuild", rebuilding.rebuild, "mintflow rebuild --all"),
        ("rollback", rebuilding.rollback, "mintflow rollback --projection accounts"),
        ("series", series.series, "mintflow series --all"),
        ("lag", upkeep.lag, "mintflow lag --json"),
        ("migrate", upkeep.migrate, "mintflow migrate"),
        ("bench", upkeep.bench, "mintflow bench append"),
    ):
        app.command(name, rich_help_panel=_PROOF, epilog=_epilog(example))(function)


def _epilog(*examples: str) -> str:
    return "\n\n".join(f"Example: {one}" for one in examples)
