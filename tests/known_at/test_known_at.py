"""`known_at` a position answers what was served then, byte for byte but for `meta`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from acceptance.household import ACCOUNTS, FILES, account_of, household
from acceptance.product import Product, product
from known_at.life import Life, Screen, without_meta
from services import PostgresService

STEPS = 50
# How many of all screens are looked at where there are many moments.
SCREENS = 12


@pytest.fixture(scope="module")
def books(postgres: PostgresService) -> Iterator[Product]:
    with postgres.migrated() as url, product(url) as started:
        yield started


@pytest.mark.parametrize("seed", [1, 2])
def test_every_screen_of_a_random_life_is_seen_again(books: Product, seed: int) -> None:
    chance = random.Random(seed)
    life = Life(books, books.client(), chance)
    seen: dict[int, list[Screen]] = {}
    for _ in range(STEPS):
        life.live()
        seen[life.position] = life.screens()
    assert len(seen) > STEPS // 2
    for position in chance.sample(sorted(seen), 20):
        check(life, seen[position])


def test_the_sample_household_is_seen_as_it_was_at_a_hundred_moments(books: Product) -> None:
    """Files come in, rows are put right one by one, budgets are set, and other things happen."""
    chance, files, client = random.Random(3), household(), books.client()
    life = Life(books, client, chance, kinds=["checking", "credit_card"])
    accounts = {one["kind"]: one["account_id"] for one in client.get(f"{life.path}/accounts")}
    seen: dict[int, list[Screen]] = {}
    for file in FILES:
        account = account_of(file)
        account_id = accounts[ACCOUNTS[account]]
        life.upload(account_id, file, files.file(file))
        for _ in range(5):
            life.live()
            seen[life.position] = life.screens(SCREENS)
    while len(seen) < 110:
        life.live()
        seen[life.position] = life.screens(SCREENS)
    for position in chance.sample(sorted(seen), 100):
        check(life, seen[position])


def check(life: Life, screens: list[Screen]) -> None:
    answers = life.client.send_all(
        [
            ("GET", one.address, {"params": {**one.query, "known_at": one.position}})
            for one in screens
        ]
    )
    for one, answer in zip(screens, answers, strict=True):
        asked = f"{one.address} {one.query} known_at {one.position}"
        assert answer.status_code == one.status, (asked, answer.text)
        assert without_meta(answer.content) == one.body, asked
        if answer.status_code == 200:
            assert answer.json()["meta"]["position"] == one.position, asked
