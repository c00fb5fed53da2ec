"""Rows streamed out of a database: SQLite, and PostgreSQL where it is installed.

The PostgreSQL server is this file's own: it begins and ends with it, keeps its data in a temporary folder, and is
reached by a socket in that folder only. It needs `initdb` and `postgres`, and `pip install 'psycopg[binary]'`.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import importlib.util
import random
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np

import feedline as fl

ROWS = 5_000
SIGNATURE = (fl.TensorSpec((3,), fl.float32), fl.TensorSpec((), fl.float32))
TABLE = "CREATE TABLE houses (rooms integer, age integer, area real, price real)"
QUERY = "SELECT rooms, age, area, price FROM houses"


def houses() -> list[tuple[int, int, float, float]]:
    """Returns rows in which the price, in thousands, is 2 x area + 20 x rooms - age, give or take 10."""
    draw = np.random.default_rng(0)
    rooms, age = draw.integers(1, 7, ROWS), draw.integers(0, 90, ROWS)
    area = rooms * 20 + draw.uniform(0, 40, ROWS)
    price = 2 * area + 20 * rooms - age + draw.normal(0, 10, ROWS)
    return list(zip(rooms.tolist(), age.tolist(), area.tolist(), price.tolist(), strict=True))


def features(row: tuple) -> tuple[np.ndarray, np.float32]:
    """Returns what the model is given of a row, and the price."""
    rooms, age, area, price = row
    return np.array([rooms / 7, age / 90, area / 180], np.float32), np.float32(price / 100)


def learn(name: str, rows: Callable[[], Iterator[tuple]]) -> None:
    """Trains on rows that are read anew in each epoch, and never in memory as a whole."""
    streamed = fl.Dataset.from_generator(lambda: map(features, rows()), output_signature=SIGNATURE)
    training = streamed.shuffle(1_000).batch(100).prefetch(fl.AUTOTUNE)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), "mse", metrics=["mae"])
    model.fit(training.to_keras(), epochs=10, verbose=0)
    error = 100 * model.evaluate(streamed.batch(500).to_keras(), verbose=0, return_dict=True)["mae"]
    count = sum(1 for _ in streamed)
    print(f"{name}: {count:,} rows streamed in each epoch, the price is right to within {error:.1f} thousand")
    assert count == ROWS
    assert error < 12


def sqlite(folder: Path) -> None:
    """Trains out of a SQLite file."""
    file = folder / "houses.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(TABLE)
        connection.executemany("INSERT INTO houses VALUES (?, ?, ?, ?)", houses())

    def rows() -> Iterator[tuple]:
        # The rows of one epoch may be drawn by several threads, though never by two at once.
        with closing(sqlite3.connect(file, check_same_thread=False)) as connection:
            yield from connection.execute(QUERY)

    learn("SQLite", rows)


def postgresql(folder: Path) -> None:
    """Trains out of a PostgreSQL server, or says what is missing."""
    programs = find_programs()
    if programs is None:
        print("PostgreSQL: left out, it is not installed (on Debian: apt install postgresql)")
        return
    if importlib.util.find_spec("psycopg") is None:
        print("PostgreSQL: left out, psycopg is not installed: pip install 'psycopg[binary]'")
        return
    import psycopg

    with server(programs, folder) as address:
        with psycopg.connect(**address) as connection, connection.cursor() as cursor:
            cursor.execute(TABLE)
            cursor.executemany("INSERT INTO houses VALUES (%s, %s, %s, %s)", houses())

        def rows() -> Iterator[tuple]:
            # A cursor with a name stays on the server, which sends 500 rows at a time, not all of them.
            with psycopg.connect(**address) as connection, connection.cursor(name="houses") as cursor:
                cursor.itersize = 500
                yield from cursor.execute(QUERY)

        learn("PostgreSQL", rows)


def find_programs() -> Path | None:
    """Returns the folder of PostgreSQL's programs; None where they are not installed."""
    found = [Path(path).resolve().parent for path in [shutil.which("postgres")] if path]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in found if (folder / "initdb").exists() and (folder / "postgres").exists()), None)


@contextmanager
def server(programs: Path, folder: Path) -> Iterator[dict[str, Any]]:
    """Starts a server of one's own, gives what `psycopg.connect` needs to know, and stops the server."""
    home = folder / "postgresql"
    home.mkdir()
    identity: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        account = unprivileged_account()
        folder.chmod(0o711)
        os.chown(home, account.pw_uid, account.pw_gid)
        identity = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def start(program: str, *arguments: str) -> subprocess.Popen:
        command = [str(programs / program), "-D", str(home / "data"), *arguments]
        return subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=home, text=True, **identity
        )

    making = start("initdb", "--username=feedline", "--auth=trust", "--no-sync", "--encoding=UTF8", "--no-locale")
    said = making.communicate(timeout=60)[1]
    assert making.returncode == 0, said
    running = start("postgres", "-c", "listen_addresses=", "-c", f"unix_socket_directories={home}", "-c", "fsync=off")
    try:
        said = ""
        while "ready to accept connections" not in said:
            line = running.stderr.readline()
            assert line, f"PostgreSQL did not start: {said}"
            said += line
        yield {"host": str(home), "user": "feedline", "dbname": "postgres"}
    finally:
        running.send_signal(signal.SIGINT)  # a fast shutdown: it does not wait for clients to leave
        running.communicate(timeout=60)


def unprivileged_account() -> Any:
    """Returns the account that the server runs as where this program runs as root."""
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is neither a user postgres nor a user nobody")


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    # A socket's path must be short: not in the folder that macOS has for temporary files.
    with tempfile.TemporaryDirectory(dir="/tmp" if os.path.isdir("/tmp") else None) as folder:
        sqlite(Path(folder))
        postgresql(Path(folder))


if __name__ == "__main__":
    main()
