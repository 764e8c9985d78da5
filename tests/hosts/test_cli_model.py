"""`mintflow model`: a new artefact is tried on history, and nothing is changed by trying."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import CommandLine
from typer.testing import CliRunner

from mintflow.hosts.cli.app import build_app
from mintflow.ml.model.classifier import Classifier

CSV = """Date,Description,Amount
2026-01-02,NETFLIX.COM,-9.99
2026-01-03,DENTALMEDICAL GROUPE,-80.00
2026-01-04,DENTALMEDICAL GROUPE,-90.00
2026-01-05,POS 4829103,-12.00
"""


@pytest.fixture
def home(mintflow: CommandLine, tmp_path: Path) -> CommandLine:
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    mintflow("import", str(path), "--ledger", "Home", "--account", "Checking")
    return mintflow


@pytest.fixture
def silent(tmp_path: Path) -> Path:
    """A candidate that is never sure."""
    artefact = Classifier.shipped().artefact
    knots = np.vstack([artefact.knots[0], np.zeros_like(artefact.knots[1])])
    path = tmp_path / "candidate.npz"
    path.write_bytes(replace(artefact, version="model-quiet", knots=knots).to_bytes())
    return path


def test_shows_which_model_answers() -> None:
    answer = json.loads(CliRunner().invoke(build_app(), ["model", "show", "--json"]).stdout)
    assert answer["version"] == Classifier.shipped().artefact.version
    assert answer["digest"] == Classifier.shipped().artefact.digest()


def test_a_candidate_shows_what_it_would_change_and_changes_nothing(
    home: CommandLine, silent: Path
) -> None:
    before = home.json("transactions")
    answer = home.json("model", "compare", str(silent))
    assert (answer["candidate"], answer["looked_at"], answer["kept"]) == ("model-quiet", 4, 0)
    assert [(one["before"], one["after"]) for one in answer["changes"]] == [
        ("health.doctor", None)
    ] * 2
    assert answer["unchanged"] == 2
    assert home.json("transactions") == before


def test_what_the_user_said_is_kept_and_measures_both(home: CommandLine, silent: Path) -> None:
    rows = home.json("transactions")
    dentist = next(one for one in rows["transactions"] if "DENTAL" in one["description"])
    home("categorize", dentist["transaction_id"], "health.doctor")
    answer = home.json("model", "compare", str(silent))
    assert (answer["kept"], answer["said_by_user"]) == (1, 1)
    assert (answer["right_now"], answer["right_then"]) == (1, 0)
    assert len(answer["changes"]) == 1


def test_refuses_a_file_that_is_no_model(home: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "no.npz"
    path.write_bytes(b"PK no model")
    result = home("model", "compare", str(path), exit_code=1)
    assert "artefact_not_usable" in result.stderr
