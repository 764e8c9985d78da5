"""House rules about files: size, names, what may and what may not stand in them."""

from __future__ import annotations

import ast
import re
import tomllib

from tidy.tree import ROOMS, ROOT, files, modules, texts

LINES_MAX = 400
WRITTEN_BY_HAND = (".py", ".sql", ".md", ".js", ".ts", ".css", ".html", ".sh", ".yaml", ".yml")
CAPABILITIES = {
    *("accounts", "transactions", "categories", "transfers", "budgets", "bills", "goals"),
    *("connections", "investments", "fx", "payments", "cards", "insights", "notifications"),
    *(
        "analytics",
        "audit",
        "evidence",
        "identity",
        "fraud",
        "admin",
        "ledgers",
        "imports",
        "statements",
        "events",
        "rules",
        "merchants",
        "undo",
        "erasure",
        "takeout",
        "what_if",
        "explain",
    ),
}
ROOMS_BY_CAPABILITY = ("domain", "commands", "projections", "api")
# Files of a room that are no capability, and what they are.
BESIDE_CAPABILITIES = {
    "domain/catalogue.py": "the one list of every event and aggregate",
    "projections/registry.py": "the one list of every projection",
    "api/schemas.py": "what events look like, for programs",
}


# Looked up and not read through: as long as there are event types, which docs/generate.py writes,
# and commands, of which a test sees that none is missing.
LOOKED_UP = ("docs/reference/events.md", "docs/reference/command-line.md")


def test_no_file_is_longer_than_can_be_read_in_one_sitting() -> None:
    long = [
        f"{path}: {count} lines"
        for path, text in texts(*WRITTEN_BY_HAND)
        if str(path) not in LOOKED_UP and (count := text.count("\n")) > LINES_MAX
    ]
    assert not long, f"at {LINES_MAX} lines a file becomes a folder of the same name: {long}"


def test_every_module_says_first_what_it_is() -> None:
    silent = [str(path) for path, tree in modules(*ROOMS) if not ast.get_docstring(tree)]
    assert not silent, f"a module opens with what it is and what it does not do: {silent}"


def test_no_module_is_named_for_nothing() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "stuff"}
    named = [str(path) for path in files() if path.suffix == ".py" and path.stem in vague]
    assert not named, f"a module is a noun of the product; these gather what found no home: {named}"


def test_a_room_shows_the_product() -> None:
    strange = set()
    for path in files():
        if path.suffix != ".py" or path.parts[0] not in ROOMS_BY_CAPABILITY:
            continue
        name = path.parts[1].removesuffix(".py")
        known = name in {*CAPABILITIES, "core", "__init__"} or str(path) in BESIDE_CAPABILITIES
        if not known:
            strange.add("/".join(path.parts[:2]))
    assert not strange, (
        "every file of a room is one capability with the same name in every room, machinery is in "
        f"core/; add a new capability to this list on purpose: {sorted(strange)}"
    )


def test_migrations_are_numbered_without_gaps() -> None:
    numbers = sorted(path.name[:4] for path in (ROOT / "migrations/sql").glob("*.sql"))
    wanted = [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    assert numbers == wanted, "of two files with one number a database gets only one"


def test_every_room_is_installed_under_the_one_name() -> None:
    links = {path.name for path in (ROOT / "src/mintflow").iterdir() if path.is_symlink()}
    assert links == set(ROOMS), "src/mintflow holds one link per room"
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    packed = set(wheel["targets"]["wheel"]["only-include"]) - {"src/mintflow/__init__.py"}
    shipped = set(wheel["targets"]["sdist"]["only-include"])
    assert packed == set(ROOMS), "a room missing here is missing from the wheel"
    assert set(ROOMS) <= shipped, "a room missing here is missing from the sdist"


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    place = re.compile(r"/(?:work|root)/|/home/(?!USER|\$|<)\w|/Users/\w")
    found = _lines(place, except_for=("tests/tidy/test_files.py",))
    assert not found, f"a path of one machine is of no use on another: {found}"


def test_no_file_names_where_packages_are_downloaded() -> None:
    hosts = ("pypi.org", "pythonhosted", "debian.org", "ubuntu.com", "repo.maven", "maven.org")
    registry = re.compile("|".join(map(re.escape, (*hosts, "npmjs", "index-url"))))
    found = _lines(registry, except_for=("tests/tidy/test_files.py", "Makefile"))
    assert not found, f"where packages come from is the installer's setting, not ours: {found}"


def test_every_locked_dependency_has_its_hash() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert locks
    for lock in locks:
        for entry in re.split(r"\n(?=\S)", lock.read_text().strip()):
            assert re.match(r"[\w.-]+==\S+", entry), f"{lock.name}: not pinned: {entry[:60]}"
            assert "--hash=sha256:" in entry, f"{lock.name}: may be replaced: {entry[:60]}"
            assert "://" not in entry, f"{lock.name}: names a host: {entry[:60]}"


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    found = _lines(later, except_for=("tests/tidy/test_files.py",), suffixes=WRITTEN_BY_HAND)
    assert not found, f"what is not done is not in the tree, or is done now: {found}"


def _lines(
    pattern: re.Pattern[str], *, except_for: tuple[str, ...], suffixes: tuple[str, ...] = ()
) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in texts(*suffixes)
        if str(path) not in except_for
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
