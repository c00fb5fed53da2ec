"""Writes what TensorFlow makes of the expressions of tests/compat/expressions.txt.

python tests/golden/make_compat.py
"""

from __future__ import annotations

import json
import os
import runpy
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

TESTS = Path(__file__).parents[1]


def main() -> None:
    import tensorflow as tf

    shared = runpy.run_path(str(TESTS / "compat" / "conftest.py"))
    expressions = (TESTS / "compat" / "expressions.txt").read_text().splitlines()
    found = {expression: shared["evaluate"](tf, expression) for expression in expressions}
    target = TESTS / "golden" / "data" / "compat"
    target.mkdir(exist_ok=True)
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in found.items())
    (target / "expressions.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
