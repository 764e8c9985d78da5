"""Settings are what their reference says, and a wrong one is named without its value."""

from __future__ import annotations

from pathlib import Path

import pytest

from mintflow.hosts.settings import PREFIX, SettingNotUsable, Settings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


def test_the_reference_lists_every_setting_with_its_default_and_words() -> None:
    rows = [line for line in REFERENCE.read_text().splitlines() if line.startswith("| `")]
    expected = []
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else f"`{field.default}`"
        expected.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    assert rows == expected


def test_reads_the_environment_and_leaves_the_rest_at_its_default() -> None:
    settings = Settings.from_environment({"MINTFLOW_WAIT_S_MAX": "2.5", "PATH": "/bin"})
    assert settings == Settings(wait_s_max=2.5)


def test_names_a_setting_that_can_not_be_used_and_never_shows_its_value() -> None:
    with pytest.raises(SettingNotUsable) as refused:
        Settings.from_environment({"MINTFLOW_POOL_CONNECTIONS_MAX": "many-secret"})
    assert "MINTFLOW_POOL_CONNECTIONS_MAX" in refused.value.message
    assert "many-secret" not in refused.value.message + str(refused.value.details)
