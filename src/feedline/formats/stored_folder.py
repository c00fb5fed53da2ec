"""The folder of a stored dataset: what `save`, `snapshot` and `cache(filename)` leave on disk.

    feedline.json            what there is: the structure of the elements, the files, how many elements, a fingerprint
    run-<random>/            the files of one writing
        00000.tfrecord ...   one element a record (`feedline.formats.element`); a shard of the user's is one file
        order.tfrecord       where the files do not hold the elements in their order: int64, the position of each
    run-<random>.lock        held by the process that is writing that run

`feedline.json` appears last, in one step: without it, nothing is there to be read. What a process that was killed has
left behind is known by its lock, which nobody holds, and is removed by the next one that writes here.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

from feedline.errors import FileFormatError, MissingFileError, WriteError, nearest_name
from feedline.formats.structure_json import decode_structure, encode_structure, fingerprint

METADATA = "feedline.json"
ORDER = "order.tfrecord"
FORMAT = "feedline.dataset"
VERSION = 1
_RUN = re.compile(r"run-[0-9a-f]{16}")
_SHARD = re.compile(r"[0-9]{5,9}\.tfrecord")


@dataclass(frozen=True, slots=True)
class StoredShard:
    """A file of a stored dataset.

    Args:
        filename: its name in the folder of the run.
        shard: the user's number of it.
        records: how many elements it holds.
        nbytes: how many bytes it has.
    """

    filename: str
    shard: int
    records: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class StoredDataset:
    """What `feedline.json` says.

    Args:
        folder: where it is.
        run: the folder in it that holds the files.
        compression_type: "", "GZIP" or "ZLIB".
        structure: the structure of specs as JSON, in a list of one; an empty list where there were no elements to
            learn it from.
        shards: the files.
        order_bytes: how large the file with the order is; 0 where the files hold the elements in their order.
        plan: what identifies the pipeline that gave them; empty where that does not matter.
    """

    folder: str
    run: str
    compression_type: str
    structure: tuple[Any, ...]
    shards: tuple[StoredShard, ...]
    order_bytes: int
    plan: str = ""

    @property
    def elements(self) -> int:
        """How many elements there are."""
        return sum(shard.records for shard in self.shards)

    def path(self, filename: str) -> str:
        """Returns the path of a file of the run."""
        return os.path.join(self.folder, self.run, filename)

    def spec(self) -> Any:
        """Returns the structure of specs of an element.

        Raises:
            FileFormatError: nothing was stored that it could be learnt from.
        """
        if not self.structure:
            raise FileFormatError(
                "the stored dataset has no elements, and what they would be was not known when it was stored.",
                where=[self.folder],
                fix="Store it again with at least one element.",
            )
        try:
            return decode_structure(self.structure[0])
        except FileFormatError as error:
            error.add_where(os.path.join(self.folder, METADATA))
            raise

    def check_files(self) -> None:
        """Checks that all files are there, of the size that they had when they were written.

        Raises:
            MissingFileError: a file is missing.
            FileFormatError: one has another size.
        """
        expected = {shard.filename: shard.nbytes for shard in self.shards}
        if self.order_bytes:
            expected[ORDER] = self.order_bytes
        for filename, nbytes in expected.items():
            path = self.path(filename)
            try:
                size = os.stat(path).st_size
            except FileNotFoundError:
                raise MissingFileError(
                    "a file of the stored dataset is missing: it was removed, or the dataset was stored anew since.",
                    where=[path],
                    fix="Load it again if it was stored anew; otherwise store it again.",
                ) from None
            if size != nbytes:
                raise FileFormatError(
                    f"a file of the stored dataset has {size} bytes where {nbytes} were written.",
                    where=[path],
                    fix="Copy the folder again, or store the dataset again.",
                )


def read_metadata(folder: str) -> StoredDataset | None:
    """Returns what is stored in a folder; None where nothing is, or not yet.

    Raises:
        FileFormatError: `feedline.json` is damaged, of a newer version, or another program's.
    """
    path = os.path.join(folder, METADATA)
    try:
        with open(path, "rb") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, f"it is no JSON ({error})") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise FileFormatError("the file is not the description of a stored dataset.", where=[path], fix="Move it away.")
    if data.get("version") != VERSION:
        raise FileFormatError(
            f"the dataset is stored in version {data.get('version')!r:.20} of the format; this is version {VERSION}.",
            where=[path],
            fix="Update feedline, or store the dataset again.",
        )
    given = data.pop("fingerprint", None)
    if given != fingerprint(data):
        raise _damaged(path, "its fingerprint does not match what it says")
    try:
        return _stored(folder, data)
    except (KeyError, TypeError, ValueError):
        raise _damaged(path, "something is missing in it") from None


def _stored(folder: str, data: dict) -> StoredDataset:
    shards = tuple(
        StoredShard(str(entry["file"]), int(entry["shard"]), int(entry["records"]), int(entry["bytes"]))
        for entry in data["shards"]
    )
    names = [shard.filename for shard in shards]
    safe = _RUN.fullmatch(data["run"]) and all(map(_SHARD.fullmatch, names)) and len(set(names)) == len(names)
    numbers = all(shard.records >= 0 and shard.nbytes >= 0 for shard in shards)
    if not safe or not numbers or data["compression"] not in ("", "GZIP", "ZLIB"):
        raise ValueError
    structure = tuple(data["structure"])
    order_bytes, plan = int(data["order_bytes"]), str(data.get("plan", ""))
    return StoredDataset(folder, data["run"], data["compression"], structure, shards, order_bytes, plan)


def _damaged(path: str, what: str) -> FileFormatError:
    return FileFormatError(
        f"the description of a stored dataset is damaged: {what}.", where=[path], fix="Store the dataset again."
    )


def nothing_stored(folder: str) -> MissingFileError:
    """Returns the error for a folder in which no dataset is stored."""
    try:
        names = os.listdir(folder)
    except OSError:
        parent, name = os.path.split(os.path.abspath(folder))
        nearest = nearest_name(name, os.listdir(parent)) if os.path.isdir(parent) else None
        return MissingFileError(
            f"there is no folder {folder}, so no dataset is stored there.",
            fix=f"Did you mean {os.path.join(parent, nearest)}?" if nearest else "Save one first: ds.save(path).",
        )
    begun, fix = "", "Save one there first: ds.save(path)."
    if any(map(_RUN.fullmatch, names)):
        begun, fix = ": a save was begun there and has not finished", "Wait for it with wait=True, or save again."
    elif "dataset_spec.pb" in names or "snapshot.metadata" in names:
        begun, fix = ": what is there was saved by TensorFlow, in a format of its own", "Save it with feedline."
    return MissingFileError(f"no dataset is stored in {folder}{begun}.", fix=fix)


class RunFolder:
    """The folder that one process writes its files to, until they are made to be the stored dataset.

    Args:
        folder: where the dataset is to be stored; it is made where it does not exist.
        expiry: after how many seconds what another writer has left is removed where there are no locks.

    Raises:
        WriteError: the folder cannot be made.
    """

    def __init__(self, folder: str, expiry: float) -> None:
        self.folder = folder
        self.process = os.getpid()
        self.path = ""
        self._lock = -1
        self._made = not os.path.exists(folder)
        try:
            os.makedirs(folder, exist_ok=True)
            remove_leftovers(folder, expiry)
            self.run, self._lock = _locked_run(folder)
            self.path = os.path.join(folder, self.run)
            os.mkdir(self.path)
        except OSError as error:
            self.remove()
            raise WriteError(
                f"{folder} cannot be written: {error.strerror or error}.", fix="Choose another name or place."
            ) from error

    def commit(
        self, compression_type: str, structure: tuple[Any, ...], shards: list[StoredShard], order_bytes: int,
        replace: bool, plan: str = "",
    ) -> StoredDataset | None:  # fmt: skip
        """Makes the files of this run the stored dataset, in one step.

        Args:
            compression_type: how they are compressed.
            structure: the structure of specs as JSON, or nothing.
            shards: the files.
            order_bytes: how large the file with the order is; 0 where there is none.
            replace: whether a dataset that is stored there is replaced.
            plan: what identifies the pipeline; nothing where that does not matter.

        Returns:
            What is stored; None where another was stored first and is not to be replaced.
        """
        data: dict[str, Any] = {
            "format": FORMAT,
            "version": VERSION,
            "run": self.run,
            "compression": compression_type,
            "structure": list(structure),
            "elements": sum(shard.records for shard in shards),
            "shards": [
                {"file": shard.filename, "shard": shard.shard, "records": shard.records, "bytes": shard.nbytes}
                for shard in shards
            ],
            "order_bytes": order_bytes,
            **({"plan": plan} if plan else {}),
        }
        data["fingerprint"] = fingerprint(data)
        target = os.path.join(self.folder, METADATA)
        part = os.path.join(self.folder, f".{self.run}.json")
        try:
            sync_folder(self.path)
            with open(part, "xb") as file:
                file.write(json.dumps(data, indent=1).encode())
                file.flush()
                os.fsync(file.fileno())
            before = _run_in(target) if replace else ""
            if not _put(part, target, replace):
                return None
            sync_folder(self.folder)
        finally:
            with contextlib.suppress(OSError):
                os.unlink(part)
        self._unlock()
        if before and before != self.run:
            shutil.rmtree(os.path.join(self.folder, before), ignore_errors=True)
        del data["fingerprint"]
        return _stored(self.folder, data)

    def remove(self) -> None:
        """Removes the files of this run; not in a child process, whose parent is still writing."""
        if os.getpid() != self.process:
            return
        if self.path:
            shutil.rmtree(self.path, ignore_errors=True)
        self._unlock()
        if self._made:
            with contextlib.suppress(OSError):
                os.rmdir(self.folder)  # if nothing else is in it

    def _unlock(self) -> None:
        descriptor, self._lock = self._lock, -1
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.unlink(self.path + ".lock")
            os.close(descriptor)


def _put(part: str, target: str, replace: bool) -> bool:
    """Puts a file at its name in one step; says whether it did."""
    if replace:
        os.replace(part, target)
        return True
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.exists(target):
            return False
        os.replace(part, target)
    return True


def _run_in(path: str) -> str:
    """Returns the run that a description names, "" where there is none; never one that is not of this form."""
    try:
        with open(path, "rb") as file:
            run = json.load(file)["run"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return run if isinstance(run, str) and _RUN.fullmatch(run) else ""


def _locked_run(folder: str) -> tuple[str, int]:
    """Returns the name of a new run, and the descriptor of its lock, which is held."""
    while True:
        run = f"run-{secrets.token_hex(8)}"
        path = os.path.join(folder, run + ".lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        _lock(descriptor)
        try:
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                return run, descriptor
        except FileNotFoundError:
            pass
        os.close(descriptor)  # another process took it for a leftover before it was locked


def _lock(descriptor: int) -> bool | None:
    """Locks a file; False where another process holds it, None where there are no locks."""
    if fcntl is None:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return None
    return True


def remove_leftovers(folder: str, expiry: float) -> None:
    """Removes what processes that are no more have left behind in a folder.

    Args:
        folder: the folder.
        expiry: how many seconds ago something must last have been changed where there are no locks.
    """
    for name in os.listdir(folder):
        run = name.removesuffix(".lock").removeprefix(".").removesuffix(".json")
        if not _RUN.fullmatch(run):
            continue
        path = os.path.join(folder, run)
        free: bool | None = None
        descriptor = -1
        try:
            descriptor = os.open(path + ".lock", os.O_RDWR | getattr(os, "O_CLOEXEC", 0))
            free = _lock(descriptor)
        except FileNotFoundError:  # it is made before the folder and removed after it is of use
            free = True if fcntl is not None else None
        except OSError:
            free = False
        try:
            if free is None:
                with contextlib.suppress(OSError):
                    free = time.time() - os.stat(os.path.join(folder, name)).st_mtime > expiry
            # It may have become the stored dataset just before its lock was let go: so this is asked last.
            if free and _run_in(os.path.join(folder, METADATA)) != run:
                shutil.rmtree(path, ignore_errors=True)
                for leftover in (path + ".lock", os.path.join(folder, f".{run}.json")):
                    with contextlib.suppress(OSError):
                        os.unlink(leftover)
        finally:
            if descriptor >= 0:
                os.close(descriptor)


def sync_folder(folder: str) -> None:
    """Makes new names last over a power cut, where the system can."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows does not open folders
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def structure_json(spec: Any) -> tuple[Any, ...]:
    """Returns a structure of specs as `StoredDataset` keeps it; nothing for None."""
    return () if spec is None else (encode_structure(spec),)
