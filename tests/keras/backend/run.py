"""Checks of feedline.keras on one backend, run by test_backends.py in a process of its own.

    KERAS_BACKEND=jax python run.py [words in the names of the checks wanted]

Writes one line of JSON for each check: its name, and the traceback where it failed.
"""

from __future__ import annotations

import json
import sys
import time
import traceback

import common  # noqa: F401 (notes what Keras imports; must come first)
import composites
import data
import failures
import mistakes
import training

MODULES = [training, data, mistakes, failures, composites]


def main() -> None:
    wanted = sys.argv[1:]
    for name, check in [item for module in MODULES for item in vars(module).items() if item[0].startswith("check_")]:
        if wanted and not any(word in name for word in wanted):
            continue
        start = time.monotonic()
        try:
            check()
            failure = None
        except BaseException:
            failure = traceback.format_exc()
        print(json.dumps({"check": name, "failure": failure, "seconds": time.monotonic() - start}), flush=True)


if __name__ == "__main__":
    main()
