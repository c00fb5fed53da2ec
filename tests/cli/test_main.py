import subprocess
import sys

from typer.testing import CliRunner

import feedline
from feedline.cli.main import app


def test_the_version_is_the_packages() -> None:
    result = CliRunner().invoke(app, ["--version"])
    assert result.exit_code == 0
    assert result.output == f"feedline {feedline.__version__}\n"


def test_without_a_command_it_lists_the_commands() -> None:
    result = CliRunner().invoke(app, [])
    assert "demo" in result.output
    assert "Traceback" not in result.output


def test_an_unknown_command_is_refused() -> None:
    result = CliRunner().invoke(app, ["dmeo"])
    assert result.exit_code == 2
    assert "dmeo" in result.output


def test_help_is_there_without_numpy_heavy_imports() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from feedline.cli.main import app; "
        "print(CliRunner().invoke(app, ['demo', '--help']).output); "
        "print([name for name in ('keras', 'jax', 'tensorflow', 'torch', 'numba', 'cv2') if name in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert "--folder" in said
    assert "--epochs" in said
    assert said.strip().endswith("[]")
