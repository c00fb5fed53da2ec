"""Imports run one way; this holds the direction that docs/design.md gives."""

import ast
import pathlib

import pytest

import feedline

ROOT = pathlib.Path(feedline.__file__).parent

FOUNDATION = {
    "errors",
    "spec",
    "ragged",
    "sparse",
    "structure",
    "random",
    "origin",
    "block",
    "buffers",
    "strings",
    "nested",
    "classes",
    "fixed_block",
    "lists",
    "packed_rows",
    "packed_arrays",
    "announce",
    "cache_folder",
    "iteration_hooks",
}
VALUES = FOUNDATION | {"kernels", "formats", "io", "image", "array_ops", "train"}

# what the files of a folder may import, at the top or within functions
ALLOWED = {
    "errors": {"origin"},
    "spec": {"errors"},
    "ragged": {"errors", "torch", "jax"},
    "sparse": {"errors", "torch", "jax"},
    "random": {"errors", "spec"},
    "origin": set(),
    "announce": set(),
    "cache_folder": set(),
    "iteration_hooks": set(),
    "nested": set(),
    "classes": set(),
    "lists": {"errors", "nested", "spec"},
    "structure": {"lists", "classes", "errors", "spec", "ragged", "sparse", "strings", "nested", "fixed_block"},
    "buffers": set(),
    "packed_rows": {"buffers"},
    "packed_arrays": {"buffers"},
    "strings": {"kernels"},
    "block": {"errors", "spec", "ragged", "sparse", "structure", "buffers", "strings", "packed_arrays", "packed_rows"},
    "fixed_block": FOUNDATION,
    "kernels": {"kernels", "announce", "cache_folder"},
    "formats": VALUES - {"io", "image", "array_ops"},
    "io": VALUES,
    "image": VALUES,
    "train": VALUES - {"io", "image", "array_ops"},
    "array_ops": VALUES,
    "plan": VALUES | {"plan", "nodes"},
    "run": FOUNDATION | {"run", "nodes", "plan"},
    "nodes": FOUNDATION | {"nodes", "sources", "run", "plan", "kernels", "formats"},
    "sources": VALUES | {"sources", "nodes", "run"},
}
# what may be imported only for types, or within a function that needs it while a pipeline runs
LATER = {("nodes", "run"), ("nodes", "plan"), ("nodes", "sources"), ("sources", "run")}
LATER |= {(part, framework) for part in ("ragged", "sparse") for framework in ("torch", "jax")}


def imports(path: pathlib.Path) -> list[tuple[str, bool]]:
    """Returns the parts of feedline that a file imports, and whether it does so as it is loaded."""
    tree = ast.parse(path.read_text())
    top = {id(node) for node in tree.body}
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = (
                [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "feedline" else [node.module]
            )
            assert node.level == 0, f"{path}: relative import"
        found += [(name.split(".")[1], id(node) in top) for name in names if name.startswith("feedline.")]
    return found


def files() -> list[pathlib.Path]:
    return sorted(path for path in ROOT.rglob("*.py") if path.relative_to(ROOT).parts[0].removesuffix(".py") in ALLOWED)


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: pathlib.Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for imported, at_top in imports(path):
        assert imported in ALLOWED[part], f"{path} imports feedline.{imported}"
        assert not (at_top and (part, imported) in LATER), f"{path} imports feedline.{imported} as it is loaded"


@pytest.mark.parametrize("path", sorted((ROOT / "run").glob("*.py")), ids=lambda path: path.name)
def test_run_knows_nodes_only_by_their_protocol(path: pathlib.Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("feedline.nodes"):
            assert node.module == "feedline.nodes.base"


def test_the_files_are_found() -> None:
    assert len(files()) > 40
    assert ("errors", True) in imports(ROOT / "structure.py")


HEAVY = {"numba", "cv2", "simplejpeg", "isal", "keras", "jax", "torch", "tensorflow", "pandas", "rich", "typer"}


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_packages_load_on_first_use(path: pathlib.Path) -> None:
    part = path.relative_to(ROOT).parts[0]
    if part in ("kernels", "cli", "keras", "torch", "jax"):
        return
    for node in ast.parse(path.read_text()).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.split(".")[0] not in HEAVY, f"{path} imports {name} as it is loaded"
            assert not name.startswith("feedline.kernels"), f"{path} imports {name}, and with it Numba, as it is loaded"
