"""`known_at` a position answers what was served then, byte for byte but for `meta`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from acceptance.product import Product, product
from known_at.life import Life, Screen, without_meta
from services import PostgresService

STEPS = 60


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
    for position in chance.sample(sorted(seen), 25):
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
