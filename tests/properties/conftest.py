"""Comparisons that stand outside the test files tell what differs, as theirs do."""

import pytest

pytest.register_assert_rewrite("properties.comparison", "properties.machine")
