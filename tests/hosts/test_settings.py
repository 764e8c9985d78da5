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


@pytest.mark.parametrize(
    "url",
    [
        "redis://h:secret",
        "redis://h:99999",
        "redis://[::1",
        "redis://h?db=secret",
        "redis://h?no=1",
    ],
)
def test_an_address_that_redis_would_refuse_later_is_refused(url: str) -> None:
    with pytest.raises(SettingNotUsable) as refused:
        Settings.from_environment({"MINTFLOW_REDIS_URL": url})
    assert "MINTFLOW_REDIS_URL" in refused.value.message
    assert "secret" not in refused.value.message + str(refused.value.details)


@pytest.mark.parametrize(
    "url", ["redis://h", "rediss://u:p%40ss@h:6380/2", "redis://[::1]:6379", "unix:///run/r?db=1"]
)
def test_an_address_of_redis_is_taken_as_it_is(url: str) -> None:
    assert Settings.from_environment({"MINTFLOW_REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize("days", ["0", "365001", "800000"])
def test_prices_are_kept_for_days_that_a_calendar_has(days: str) -> None:
    with pytest.raises(SettingNotUsable):
        Settings.from_environment({"MINTFLOW_PRICES_KEPT_DAYS": days})
    assert Settings.from_environment({"MINTFLOW_PRICES_KEPT_DAYS": "365000"}).prices_kept_days
