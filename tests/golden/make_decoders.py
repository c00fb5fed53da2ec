"""Writes tests/golden/data/decoders/: encoded images, raw numbers, and what TensorFlow decodes them to.

Run with TensorFlow, Pillow and scikit-learn installed: `python tests/golden/make_decoders.py`.

decoders.npz holds `blob`, all bytes one after another, and `index`, JSON: a list of cases with the public function's
name, its arguments, where its input lies in the blob, and where the result lies with its shape and dtype; or no result
where TensorFlow refuses the input.
"""

from __future__ import annotations

import io
import json
import os
import struct
import sys
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))

import numpy as np
import tensorflow as tf
from jpeg_writer import write_flat_jpeg
from PIL import Image
from png_writer import CHANNELS, DEPTHS, chunk, write_png
from sklearn.datasets import load_sample_images

OUT = Path(__file__).parent / "data" / "decoders"
rng = np.random.default_rng(20)


class Golden:
    """Collects cases."""

    def __init__(self) -> None:
        self.blob = bytearray()
        self.places: dict[bytes, tuple[int, int]] = {}
        self.cases: list[dict[str, Any]] = []

    def place(self, content: bytes) -> tuple[int, int]:
        if content not in self.places:
            self.places[content] = (len(self.blob), len(content))
            self.blob += content
        return self.places[content]

    def add(self, name: str, function: str, content: bytes, **arguments: Any) -> None:
        case: dict[str, Any] = {"name": name, "function": function, "arguments": arguments}
        case["input"] = self.place(content)
        converted = {
            key: tf.as_dtype(value) if key in ("dtype", "out_type", "output_type") else value
            for key, value in arguments.items()
        }
        try:
            result = getattr(tf.io, function)(content, **converted).numpy()
        except (tf.errors.InvalidArgumentError, ValueError):
            result = None
        if result is not None:
            case["shape"], case["dtype"] = result.shape, result.dtype.name
            case["output"] = self.place(np.ascontiguousarray(result).tobytes())
        self.cases.append(case)

    def write(self) -> None:
        OUT.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            OUT / "decoders.npz",
            blob=np.frombuffer(bytes(self.blob), np.uint8),
            index=np.frombuffer(json.dumps(self.cases).encode(), np.uint8),
        )


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def add_pngs(golden: Golden, profile: bytes) -> None:
    def every(name: str, content: bytes) -> None:
        for channels in (0, 1, 3, 4):
            for dtype in ("uint8", "uint16"):
                golden.add(name, "decode_png", content, channels=channels, dtype=dtype)

    for colour, depths in DEPTHS.items():
        for depth in depths:
            for interlace in (0, 1):
                samples = rng.integers(0, 2**depth, (9, 11, CHANNELS[colour]))
                palette = rng.bytes(3 << depth) if colour == 3 else None
                name = f"png colour {colour} depth {depth} interlace {interlace}"
                every(name, write_png(samples, depth, colour, interlace=interlace, palette=palette))
                if colour in (0, 2, 3):
                    one = struct.pack(f">{CHANNELS[colour]}H", *samples[4, 5].tolist())
                    clear = one if colour != 3 else bytes([0, 128])
                    content = write_png(
                        samples, depth, colour, interlace=interlace, palette=palette, transparency=clear, split=7
                    )
                    every(name + " transparent", content)
    gray = np.repeat(rng.integers(0, 65536, (2, 11, 1)), 3, axis=2)
    for depth in (8, 16):
        samples = np.concatenate([gray % 2**depth, rng.integers(0, 2**depth, (8, 11, 3))])
        chunks = {
            "gamma .45": chunk(b"gAMA", struct.pack(">I", 45455)),
            "gamma 2.2": chunk(b"gAMA", struct.pack(">I", 220000)),
            "gamma 1": chunk(b"gAMA", struct.pack(">I", 100000)),
            "sRGB": chunk(b"sRGB", b"\0"),
            "sRGB and another gamma": chunk(b"sRGB", b"\0") + chunk(b"gAMA", struct.pack(">I", 60000)),
            "sBIT": chunk(b"sBIT", b"\5\6\5") + chunk(b"gAMA", struct.pack(">I", 45455)),
            "sRGB profile": chunk(b"iCCP", b"sRGB\0\0" + __import__("zlib").compress(profile)),
        }
        for name, before in chunks.items():
            content = write_png(samples, depth, 2, before_palette=before)
            for dtype in ("uint8", "uint16"):
                golden.add(f"png {name} depth {depth}", "decode_png", content, channels=1, dtype=dtype)


def add_jpegs(golden: Golden, photo: np.ndarray) -> dict[str, bytes]:
    image = Image.fromarray(photo)
    ink = Image.fromarray(np.dstack([255 - photo, photo[:, :, 0] // 3]), "CMYK")
    adobe = saved(ink, "JPEG", quality=90)
    at = adobe.index(b"Adobe")
    start = at - 4
    files = {
        "4:4:4": saved(image, "JPEG", quality=90, subsampling=0),
        "4:2:2": saved(image, "JPEG", quality=90, subsampling=1),
        "4:2:0": saved(image, "JPEG", quality=90, subsampling=2),
        "4:4:0": write_flat_jpeg(37, 45, [(1, 2), (1, 1), (1, 1)], rng),
        "4:1:1": write_flat_jpeg(37, 45, [(4, 1), (1, 1), (1, 1)], rng),
        "grey": saved(image.convert("L"), "JPEG", quality=80),
        "progressive": saved(image, "JPEG", quality=85, progressive=True),
        "restart markers": saved(image, "JPEG", quality=75, restart_marker_blocks=2),
        "quality 5": saved(image, "JPEG", quality=5),
        "RGB": saved(image, "JPEG", quality=90, keep_rgb=True),
        "CMYK": adobe,
        "YCCK": adobe[: at + 11] + b"\2" + adobe[at + 12 :],
        "CMYK without Adobe": adobe[:start] + adobe[start + 16 :],
        "YCCK 4:2:0": write_flat_jpeg(20, 18, [(2, 2), (1, 1), (1, 1), (2, 2)], rng, adobe=2),
        "one pixel": saved(image.crop((0, 0, 1, 1)), "JPEG"),
        "3 x 5": saved(image.crop((0, 0, 3, 5)), "JPEG"),
        "EXIF orientation": saved(
            image.crop((0, 0, 20, 9)), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
        ),
    }
    for name, content in files.items():
        for channels in (0, 1, 3):
            golden.add(f"jpeg {name}", "decode_jpeg", content, channels=channels)
        for ratio in (2, 4, 8):
            golden.add(f"jpeg {name}", "decode_jpeg", content, ratio=ratio)
        golden.add(f"jpeg {name}", "extract_jpeg_shape", content, output_type="int64")
    for name in ("4:2:2", "4:2:0", "progressive", "YCCK 4:2:0"):
        golden.add(f"jpeg {name}", "decode_jpeg", files[name], fancy_upscaling=False)
        golden.add(f"jpeg {name}", "decode_jpeg", files[name], dct_method="INTEGER_ACCURATE")
    golden.add("jpeg crop", "decode_and_crop_jpeg", files["4:2:0"], crop_window=[3, 5, 20, 30])
    golden.add("jpeg crop", "decode_and_crop_jpeg", files["4:2:0"], crop_window=[3, 5, 60, 30])
    golden.add("jpeg cut off", "decode_jpeg", files["4:2:0"][:-40])
    return files


def add_gifs_and_bmps(golden: Golden, photo: np.ndarray) -> dict[str, bytes]:
    image = Image.fromarray(photo)
    frames = [Image.new("RGB", (30, 20), (10, 20, 30)) for _ in range(4)]
    for number, frame in enumerate(frames):
        frame.paste((255, number * 40, 0), (number * 5, number * 3, number * 5 + 10, number * 3 + 8))
    holes = [frame.convert("RGBA") for frame in frames]
    for number, frame in enumerate(holes):
        frame.paste((0, 0, 0, 0), (number, 2, number + 12, 9))
    top_down = bytearray(saved(image, "BMP"))
    struct.pack_into("<i", top_down, 22, -photo.shape[0])
    files = {
        "gif": saved(image, "GIF"),
        "gif noise": saved(Image.fromarray(rng.integers(0, 256, (60, 70), dtype=np.uint8)), "GIF"),
        "gif two colours": saved(image.convert("1"), "GIF"),
        "gif interlaced": saved(image, "GIF", interlace=1),
        "gif frames": saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=1),
        "gif frames disposed of": saved(frames[0], "GIF", save_all=True, append_images=frames[1:], disposal=2),
        "gif transparent": saved(holes[0], "GIF", save_all=True, append_images=holes[1:]),
        "bmp 24": saved(image, "BMP"),
        "bmp 32": saved(image.convert("RGBA"), "BMP"),
        "bmp grey": saved(image.convert("L"), "BMP"),
        "bmp top down": bytes(top_down),
    }
    for name, content in files.items():
        golden.add(name, "decode_gif" if name.startswith("gif") else "decode_bmp", content)
        if name.startswith("bmp"):
            for channels in (1, 3, 4):
                golden.add(name, "decode_bmp", content, channels=channels)
    return files


def add_any(golden: Golden, files: dict[str, bytes]) -> None:
    """Adds files decoded by functions of another format's name, and to every dtype."""
    for name, content in files.items():
        for function in ("decode_png", "decode_jpeg", "decode_bmp", "decode_gif", "decode_image"):
            golden.add(name, function, content)
        golden.add(name, "decode_image", content, expand_animations=False)
        for channels in (1, 3, 4):
            golden.add(name, "decode_image", content, channels=channels)
        for dtype in ("uint16", "float32", "float64", "float16", "int32", "int16", "uint32", "int8"):
            golden.add(name, "decode_image", content, dtype=dtype)
    for content in (b"", b"hello world, this is no image", b"\x89PNG\r\n\x1a\n", b"BM", b"GIF89a", b"\xff\xd8\xff"):
        golden.add(f"not an image: {content!r}", "decode_image", content)


def add_numbers(golden: Golden) -> None:
    content = rng.bytes(48)
    for dtype in ("float16", "float32", "float64", "int32", "uint16", "uint8", "int16", "int8", "int64", "bool"):
        for little_endian in (True, False):
            golden.add("raw", "decode_raw", content, out_type=dtype, little_endian=little_endian)
    for dtype in ("complex64", "complex128", "bfloat16"):
        golden.add("raw", "decode_raw", content, out_type=dtype)
    golden.add("raw", "decode_raw", content, out_type="complex64", little_endian=False)
    for length in (4, 8, 64, 3, 0):
        golden.add("raw padded", "decode_raw", content[:6], out_type="int16", fixed_length=length)
    golden.add("raw of odd length", "decode_raw", content[:5], out_type="int16")
    golden.add("raw of nothing", "decode_raw", b"", out_type="int16")


def main() -> None:
    golden = Golden()
    photo = np.ascontiguousarray(load_sample_images().images[1][180:225, 300:337])
    import sklearn

    flower = Path(sklearn.__file__).parent / "datasets" / "images" / "flower.jpg"
    add_pngs(golden, Image.open(flower).info["icc_profile"])
    jpegs = add_jpegs(golden, photo)
    others = add_gifs_and_bmps(golden, photo)
    small = Image.fromarray(photo[:12, :10])
    add_any(
        golden,
        {
            "any png": saved(small, "PNG"),
            "any 16-bit png": saved(Image.fromarray(rng.integers(0, 65536, (5, 4)).astype(np.uint16)), "PNG"),
            "any jpeg": jpegs["3 x 5"],
            "any bmp": saved(small, "BMP"),
            "any gif": saved(small, "GIF"),
            "any gif of frames": others["gif frames"],
        },
    )
    add_numbers(golden)
    golden.write()
    print(len(golden.cases), "cases,", (OUT / "decoders.npz").stat().st_size, "bytes")


if __name__ == "__main__":
    main()
