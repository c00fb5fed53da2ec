"""Where random pipelines begin."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from pipelines.elements import ROWS
from pipelines.step import Step, drawn

_GENERATOR = "lib.Dataset.from_generator({}, output_signature={})".format
_NUMBERS = "(lib.TensorSpec((), np.int64), lib.TensorSpec((None,), np.float32))"
_NAMED = "{{'n': lib.TensorSpec((), np.int32), 'text': lib.TensorSpec({}, lib.string)}}"
_lengths = st.lists(st.integers(0, 5), max_size=6)
_compression = ["''", "''", "'GZIP'", "'ZLIB'"]
_turns = [None, None, 1, 2, "lib.AUTOTUNE"]


def _files(most: int) -> st.SearchStrategy[str]:
    """Returns a strategy of arguments that name files: which of them, or how large they are."""
    return st.lists(st.integers(0, most), min_size=1, max_size=3).map(lambda numbers: ", ".join(map(str, numbers)))


def _any_of(*strategies: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    """Returns a strategy that counts as one of those beside it, where `one_of` would count each of its own."""
    return st.sampled_from(strategies).flatmap(lambda strategy: strategy)


def _of_files(
    kind: str, code: str, files: str, most: int, *arguments: Any, words: tuple[str, ...] = ()
) -> st.SearchStrategy[Step]:
    """Returns a strategy of datasets of files, whose compression is told to the files and to the dataset."""

    def compressed(compression: str) -> st.SearchStrategy[Step]:
        whole = code.replace("FILES", f"{files}({compression}, {{}})").replace("COMPRESSION", compression)
        return drawn(kind, whole, _files(most), *arguments, words=lambda *_: words)

    return st.sampled_from(_compression).flatmap(compressed)


RANGES = _any_of(
    drawn("range", "lib.Dataset.range{}", ["(0)", "(9)", "(3, 8)", "(10, 0, -3)", "(5, 2)", "(0, 20, 7)"]),
    drawn("range", "lib.Dataset.range({}, output_type=np.{})", (0, 1, 7), ["int32", "float32", "uint8", "int64"]),
    drawn("counter", "lib.Dataset.counter({}, {}).take({})", (0, 3), (1, -2), (0, 6)),
)

GENERATORS = _any_of(
    drawn("generator", _GENERATOR("numbers({})", _NUMBERS), st.integers(0, 7)),
    drawn("generator", _GENERATOR("named_numbers({})", _NAMED), st.integers(0, 7), ["()", "None"]),
    drawn("generator", _GENERATOR("sequences({}, 2)", "lib.TensorSpec((None, 2), np.float32)"), _lengths),
    drawn(
        "generator",
        _GENERATOR("sequences({})", "lib.TensorSpec({}, np.float32)"),
        _lengths,
        ["(None,)", "(None,)", "None", "(2,)"],
    ),
    drawn(
        "generator",
        "lib.Dataset.from_generator(counted, (np.int64, np.float32), {}, args=({},))",
        ["((), (None,))", "None"],
        st.integers(0, 5),
    ),
    drawn("generator", _GENERATOR("ragged_rows(lib)", "lib.RaggedTensorSpec((None, None), np.int64)")),
    drawn("generator", _GENERATOR("sparse_rows(lib)", "lib.SparseTensorSpec((None,), np.int64)")),
)

COMPOSITES = _any_of(
    drawn(
        "ragged",
        "lib.Dataset.{}(lib.ragged({}))",
        ["from_tensor_slices", "from_tensors"],
        ["RAGGED", "RAGGED", "RAGGED_PAIRS", "RAGGED_TEXTS"],
    ),
    drawn("ragged", "lib.Dataset.from_tensor_slices((lib.ragged(RAGGED), np.arange(4)))"),
    drawn(
        "ragged", "lib.Dataset.from_tensor_slices({{'r': lib.ragged(RAGGED), 'p': lib.ragged(RAGGED_PAIRS[:1] * 4)}})"
    ),
    drawn(
        "sparse",
        "lib.Dataset.{}(lib.sparse({}))",
        ["from_tensor_slices", "from_tensors"],
        ["TABLE", "TABLE", "TABLE_OF_TEXTS", "TABLE[:, :0]"],
    ),
    drawn("sparse", "lib.Dataset.from_tensor_slices(Pair(lib.sparse(TABLE), np.arange(4)))"),
)

RANDOM_NUMBERS = drawn(
    "random",  # the numbers are other ones in each library, but all of them are below 2**32
    "lib.Dataset.random({}, {}).{}",
    [None, 1, 7],
    [None, True, False],
    ["map(lambda n: n // 2**32).take(4)", "take(5).map(lambda n: n < 2**32)", "batch(2).take(3).map(lambda n: n < 0)"],
)

FILES = [
    _of_files("text", "lib.TextLineDataset(FILES, COMPRESSION, {}, {})", "text_files", 4, [None, 1, 7], _turns),
    st.tuples(st.integers(1, 5), st.integers(0, 3), st.integers(0, 2)).flatmap(
        lambda sizes: _of_files(
            "bytes",
            "lib.FixedLengthRecordDataset(FILES, {}, {}, {}, {{}}, COMPRESSION, {{}})".format(*sizes),
            "functools.partial(fixed_files, {}, {}, {})".format(*sizes),
            4,
            [None, 1, 16],
            _turns,
        )
    ),
    _of_files("records", "lib.TFRecordDataset(FILES, COMPRESSION, {}, {})", "record_files", 4, [None, 64], _turns),
    _any_of(
        *(
            _of_files("parsed", f"lib.TFRecordDataset(FILES, COMPRESSION).map({function})", "record_files", 5)
            for function in ("lambda r: parsed(lib, r)", "lambda r: numbers_of(lib, r)")
        )
    ),
    _any_of(
        *(
            _of_files(
                "csv", f"lib.CsvDataset(FILES, {columns}, COMPRESSION, header=True{more})", "csv_files", 3, words=words
            )
            for columns, more, words in [
                ("[[7], 'none', [0.5]]", ", na_value='NA'", ()),
                ("[lib.int64, [''], lib.float32]", "", ("fails",)),
                ("[lib.string, 'x']", ", select_cols=[0, 1]", ("fails",)),
                ("['0', 'y', '1']", ", use_quote_delim=False", ("fails",)),
            ]
        )
    ),
    drawn(
        "listed",
        "lib.Dataset.list_files({}, shuffle=False){}",
        [
            "listed_folder() + '/*.txt'",
            "[listed_folder() + '/*/*', listed_folder() + '/c*']",
            "listed_folder() + '/nothing*'",
        ],
        [
            "",
            ".map(lambda name: lib.io.read_file(name))",
            ".interleave(lib.TextLineDataset, 2)",
            ".flat_map(lib.TextLineDataset)",
        ],
        words=lambda _, then: ["learns"] if then else [],
    ),
    drawn("shuffled_files", "lib.Dataset.list_files(listed_folder() + '/*.txt', {}, {})", [None, True], [None, 3]),
    drawn(
        "bad_file",
        "lib.{}",
        [
            "TextLineDataset('there is no such file')",
            "FixedLengthRecordDataset(byte_files('', 8, 7), 4)",
            "TFRecordDataset(cut_file(5))",
            "TFRecordDataset(record_files('GZIP', 3))",
            "CsvDataset(csv_files('', 0), [lib.int64, lib.string, lib.float32], header=True)",
            "CsvDataset(csv_files('', 1), [[0], lib.string], header=True)",
        ],
        words=lambda _: ["bad_file"],
    ),
]

SOURCES = st.one_of(
    RANGES,
    drawn("slices", "lib.Dataset.from_tensor_slices({})", ROWS),
    drawn("slices", "lib.Dataset.from_tensor_slices({})", ROWS),
    drawn("slices", "lib.Dataset.from_tensor_slices({})", ROWS),
    drawn("tensors", "lib.Dataset.from_tensors({})", ROWS),
    GENERATORS,
    GENERATORS,
    COMPOSITES,
    COMPOSITES,
    RANDOM_NUMBERS,
    *FILES,
)
