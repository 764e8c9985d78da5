"""Tokens of analysts and auditors: shown once, kept as hashes, gone when they are revoked."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest
from command_line import CommandLine

from mintflow.commands.core.command import utc_now
from mintflow.hosts.tokens import Token, TokenNotFound, Tokens, TokensUnreadable, TooManyTokens


def made(tokens: Tokens, name: str = "") -> tuple[Token, str]:
    return tokens.create("analyst", name, token_id=uuid4(), now=utc_now())


def test_a_token_is_shown_once_listed_without_itself_and_revoked(
    mintflow: CommandLine,
) -> None:
    mintflow.data.mkdir()
    asked = ("token", "create", "--scope", "analyst", "--name", "Research")
    created = mintflow.json(*asked)
    assert created["token"] not in (mintflow.data / "tokens.json").read_text()
    assert (mintflow.data / "tokens.json").stat().st_mode & 0o777 == 0o600
    principal = Tokens(mintflow.data).authenticate(created["token"])
    assert principal is not None
    assert (principal.scope, str(principal.user_id)) == ("analyst", created["token_id"])
    listed = mintflow.json("token", "list")
    assert created.pop("noted") is True
    del created["token"]
    assert listed == {"tokens": [created]}
    assert mintflow.json("token", "revoke", created["token_id"]) == {**created, "noted": True}
    assert mintflow.json("token", "list") == {"tokens": []}
    again = mintflow.json("token", "revoke", created["token_id"], exit_code=1)
    assert again["error"]["code"] == "token_not_found"


def test_refuses_a_folder_that_is_not_there(mintflow: CommandLine) -> None:
    refused = mintflow.json("token", "create", "--scope", "auditor", exit_code=1)
    assert refused["error"]["code"] == "data_folder_not_found"
    assert not mintflow.data.exists()


def test_a_host_that_runs_sees_what_another_process_does(tmp_path: Path) -> None:
    host, other = Tokens(tmp_path), Tokens(tmp_path)
    assert host.authenticate("anything") is None
    token, secret = made(other)
    assert host.authenticate(secret) == token.principal
    other.revoke(token.token_id)
    assert host.authenticate(secret) is None


def test_many_at_once_lose_none(tmp_path: Path) -> None:
    secrets: list[str] = []
    threads = [
        threading.Thread(target=lambda: secrets.append(made(Tokens(tmp_path))[1]))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tokens = Tokens(tmp_path)
    assert len(tokens.all()) == 20
    assert all(tokens.authenticate(secret) for secret in secrets)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"tokens": [{}]}', '{"tokens": 1}'])
def test_a_damaged_file_lets_nobody_in(tmp_path: Path, content: str) -> None:
    tokens = Tokens(tmp_path)
    _, secret = made(tokens)
    (tmp_path / "tokens.json").write_text(content)
    assert tokens.authenticate(secret) is None
    with pytest.raises(TokensUnreadable):
        tokens.all()


def test_refuses_more_than_there_may_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mintflow.hosts.tokens.TOKENS_MAX", 2)
    tokens = Tokens(tmp_path)
    for _ in range(2):
        made(tokens)
    with pytest.raises(TooManyTokens):
        made(tokens)


def test_refuses_to_revoke_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(TokenNotFound):
        Tokens(tmp_path).revoke("x" * 1_000)
