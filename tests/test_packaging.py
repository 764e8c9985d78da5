"""The wheel built from the sdist is whole, and runs where the checkout is out of sight.

The rooms are top-level folders here and `mintflow.<room>` when installed; an editable install hides
every mistake in that mapping, so it is looked at from an environment that has the wheel alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from tidy.tree import ROOMS, ROOT, files

pytestmark = pytest.mark.slow

IMPORT_EVERYTHING = """
import importlib, json, pkgutil, sys
import mintflow
names = [found.name for found in pkgutil.walk_packages(mintflow.__path__, "mintflow.")]
where = {name: importlib.import_module(name).__file__ for name in names}
print(json.dumps({"root": mintflow.__file__, "modules": where}))
"""


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, and the dependencies of the one that runs the tests."""

    wheel: Path
    folder: Path

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment away from the checkout; its stdout."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        done = subprocess.run(
            [self.folder / "bin" / program, *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Build the sdist, from it the wheel, and install that without the network."""
    folder = tmp_path_factory.mktemp("packaging")
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", ROOT)
    (wheel,) = (folder / "dist").glob("*.whl")
    venv = folder / "venv"
    _run(sys.executable, "-m", "venv", "--without-pip", venv)
    pip = (sys.executable, "-m", "pip", "--python", venv / "bin" / "python", "--quiet")
    _run(*pip, "install", "--no-deps", "--no-index", wheel)
    # A path in a .pth file lends the dependencies; the editable install's own .pth, which lies
    # there too, is not followed from here.
    (own,) = venv.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(wheel, venv)


def test_the_wheel_holds_every_file_of_the_rooms_and_nothing_else(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {f"mintflow/{path.as_posix()}" for path in files() if path.parts[0] in ROOMS}
    assert packed == wanted | {"mintflow/__init__.py"}
    assert any(name.endswith(".sql") for name in packed)


def test_every_module_is_imported_from_the_wheel(installed: Installed) -> None:
    told = json.loads(installed.run("python", "-c", IMPORT_EVERYTHING))
    assert {f"mintflow.{room}" for room in ROOMS} <= set(told["modules"])
    assert "mintflow.domain.core.money" in told["modules"]
    for file in (told["root"], *told["modules"].values()):
        assert Path(file).is_relative_to(installed.folder), f"{file} is not the wheel's"


def test_the_migrations_are_found_in_the_wheel(installed: Installed) -> None:
    shipped = "from mintflow.migrations.runner import shipped; print(len(shipped()))"
    here = sum(path.suffix == ".sql" and path.parts[0] == "migrations" for path in files())
    assert int(installed.run("python", "-c", shipped)) == here > 0


def test_the_command_line_runs_from_the_wheel(installed: Installed) -> None:
    assert "Usage" in installed.run("mintflow", "--help")


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
