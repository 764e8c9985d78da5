"""Ratios and percentages are no money: a JSON number says them as well as a string."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from pydantic import BaseModel, ValidationError

from mintflow.commands.core.command import Proportion


class Asked(BaseModel):
    part: Proportion


@pytest.mark.parametrize("said", ["0.8", '"0.8"', "8e-1"])
def test_a_number_is_the_decimal_that_was_written(said: str) -> None:
    assert Asked(**json.loads(f'{{"part": {said}}}')).part == Decimal("0.8")


@pytest.mark.parametrize("said", ["NaN", "Infinity", "1e300", '"1e5"', '"x"', "null", "[]"])
def test_refuses_what_is_no_number_of_digits(said: str) -> None:
    with pytest.raises(ValidationError):
        Asked(**json.loads(f'{{"part": {said}}}'))
