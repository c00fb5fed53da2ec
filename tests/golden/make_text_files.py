"""Writes tests/golden/data/text_files/cases.json: texts, and what TensorFlow reads out of them.

Run it with TensorFlow installed: python tests/golden/make_text_files.py
"""

import json
import pathlib
import random
import tempfile

import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent / "data" / "text_files"
NUMBERS = [
    "1", "+1", "-1", "1.", "1.0", ".5", "-.5", ".", "1e5", "1E-3", "1e", "0x1F", "0x1p3", "0x.8", "inf", "-Infinity",
    "nan", "nan(1)", "1_000", "1e400", "1e-400", "2147483647", "2147483648", "-2147483648", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "007", "1f", "--1", "0.1", "16777217",
    "16777217.0000000000000001", "1.00000005960464477539062500001", "3.4028235677973366e+38", "3.4028236e38", "1e39",
    "1.4e-45", "0.7e-45", "4.9e-324", "2e-324", "123456789012345678901234567890",
    "0.000000000000000000001234567890123456789", "1.7976931348623157e308", "2.2250738585072011e-308",
    "9007199254740993", "0.3", "0.1e1", "1e22", "1e23", "8.5e27", "12345678901234567", "5e-28",
]  # fmt: skip


FIELDS = {
    "int32": ["1", " -2 ", '"3"', "+04", "", "NA", "x"],
    "float32": ["1", "2.5", '" .5"', "1e-3", "", "NA", "inf"],
    "string": ["a", '"x,y"', '"p""q"', '"l\nm"', " b ", "", "NA", "'"],
}


def text(value) -> str:
    """Returns a value as text that says all of it."""
    return (
        value.decode("latin-1")
        if isinstance(value, bytes)
        else value.item().hex()
        if value.dtype.kind == "f"
        else str(value)
    )


def records(path: str, columns: list, **options) -> list:
    """Returns what TensorFlow reads, None for a record that is an error."""
    found = []
    iterator = iter(tf.data.experimental.CsvDataset(path, columns, **options))
    while True:
        try:
            found.append([text(value.numpy()) for value in next(iterator)])
        except StopIteration:
            return found
        except tf.errors.InvalidArgumentError:
            found.append(None)


def main() -> None:
    """Writes the file."""
    cases: dict = {"lines": [], "records": [], "numbers": []}
    path = tempfile.mkdtemp() + "/text"
    generator = random.Random(7)
    for _ in range(60):
        data = "".join(
            generator.choice(["a", "bc", "\n", "\r\n", "\r", "\0", ""]) for _ in range(generator.randrange(9))
        )
        pathlib.Path(path).write_bytes(data.encode())
        lines = [line.decode() for line in tf.data.TextLineDataset(path).as_numpy_iterator()]
        cases["lines"].append({"text": data, "lines": lines})
    for _ in range(150):
        parts = ["a", "1", " 2 ", ",", ",", ",", '"', '""', "\n", "\r\n", "\r", "NA", '"x,y"', '"p""q"', '"l\nm"', ""]
        data = "".join(generator.choice(parts) for _ in range(generator.randrange(14)))
        pathlib.Path(path).write_bytes(data.encode())
        options = {"use_quote_delim": generator.random() < 0.8, "na_value": generator.choice(["", "NA"])}
        options["header"] = generator.random() < 0.2
        dtypes = [generator.choice(["int32", "float32", "string"]) for _ in range(generator.randrange(1, 4))]
        if generator.random() < 0.6:  # most of its records are right
            rows = [[generator.choice(FIELDS[dtype]) for dtype in dtypes] for _ in range(generator.randrange(5))]
            ends = generator.choice(["\n", "\r\n", "\r"])
            data = ends.join(",".join(row) for row in rows) + generator.choice(["", ends])
            pathlib.Path(path).write_bytes(data.encode())
        required = [generator.random() < 0.5 for _ in dtypes]
        columns = [
            tf.as_dtype(dtype) if need else tf.constant([b"none" if dtype == "string" else 7], dtype)
            for dtype, need in zip(dtypes, required, strict=True)
        ]
        case = {"text": data, "options": options, "dtypes": dtypes, "required": required}
        cases["records"].append({**case, "records": records(path, columns, **options)})
    for number in NUMBERS:
        pathlib.Path(path).write_text(number)
        read = {dtype: records(path, [tf.as_dtype(dtype)]) for dtype in ("int32", "int64", "float32", "float64")}
        cases["numbers"].append({"text": number, "read": read})
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "cases.json").write_text(json.dumps(cases, indent=0, ensure_ascii=True))


if __name__ == "__main__":
    main()
