"""`encode_jpeg`."""

from __future__ import annotations

from typing import Any

import numpy as np

from feedline.errors import ArgumentError, DtypeError, ShapeError
from feedline.spec import dtype_name

_FORMATS = {"": 0, "grayscale": 1, "rgb": 3}


def encode_jpeg(
    image: Any,
    format: str = "",
    quality: int = 95,
    progressive: bool = False,
    optimize_size: bool = False,
    chroma_downsampling: bool = True,
    density_unit: str = "in",
    x_density: int = 300,
    y_density: int = 300,
    xmp_metadata: str = "",
    name: str | None = None,
) -> bytes:
    """Encodes an image as JPEG.

    Args:
        image: uint8 (height, width, 1 or 3).
        format: "", "grayscale" or "rgb"; what the channels say if "".
        quality: 0 (smallest) to 100 (best).
        progressive: whether to write several passes, from coarse to fine.
        optimize_size: whether to spend time on a smaller file.
        chroma_downsampling: whether to store colour at half the resolution.
        density_unit, x_density, y_density: pixels an inch ("in") or centimetre ("cm"), written into the header.
        xmp_metadata: must be empty.
        name: not used.

    Returns:
        The file's bytes. They need not be the bytes that TensorFlow writes.

    Raises:
        DtypeError: the image is not uint8.
        ShapeError: it has another shape, or no pixels.

    Example:
        >>> encode_jpeg(np.zeros((2, 2, 3), np.uint8))[:3]
        b'\\xff\\xd8\\xff'
    """
    array = np.asarray(image)
    if array.dtype != np.uint8:
        raise DtypeError(
            f"encode_jpeg takes uint8; the image is {dtype_name(array.dtype)}.",
            fix='Convert it first: fl.image.convert_image_dtype(image, "uint8").',
        )
    if array.ndim != 3 or array.shape[2] not in (1, 3) or 0 in array.shape or max(array.shape) > 65535:
        raise ShapeError(
            f"encode_jpeg takes (height, width, 1 or 3) of up to 65535 a side; the image has the shape {array.shape}.",
            fix="Add the channel to a grey image: image[:, :, None]; drop alpha: image[:, :, :3].",
        )
    if format not in _FORMATS or _FORMATS[format] not in (0, array.shape[2]):
        raise ArgumentError(f"format is {format!r} for an image of {array.shape[2]} channels.", fix='Use "".')
    if isinstance(quality, bool) or not 0 <= quality <= 100:
        raise ArgumentError(f"quality is {quality!r}; it must be 0 to 100.", fix="Use 95, or 75 for smaller files.")
    if density_unit not in ("in", "cm") or not 0 <= x_density < 65536 or not 0 <= y_density < 65536:
        raise ArgumentError(f"the density is {x_density} x {y_density} per {density_unit!r}.", fix='Use "in" or "cm".')
    if xmp_metadata:
        raise ArgumentError("xmp_metadata is not supported.", fix="Leave it empty.")
    return _encode(
        array, int(quality), progressive, optimize_size, chroma_downsampling, (density_unit, x_density, y_density)
    )


def _encode(
    array: np.ndarray,
    quality: int,
    progressive: bool,
    optimize_size: bool,
    chroma_downsampling: bool,
    density: tuple[str, int, int],
) -> bytes:
    import cv2

    gray = array.shape[2] == 1
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if chroma_downsampling else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    options += [cv2.IMWRITE_JPEG_PROGRESSIVE, int(bool(progressive))]
    options += [cv2.IMWRITE_JPEG_OPTIMIZE, int(bool(optimize_size))]
    if not gray:
        options += [cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    picture = np.ascontiguousarray(array[:, :, 0]) if gray else cv2.cvtColor(array, cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", picture, options)
    if not done:
        raise ArgumentError(f"the image of shape {array.shape} could not be encoded.", fix="Use encode_png.")
    contents = coded.tobytes()
    if contents[6:11] == b"JFIF\0":
        unit, across, down = density
        fields = bytes([1 if unit == "in" else 2]) + across.to_bytes(2, "big") + down.to_bytes(2, "big")
        contents = contents[:13] + fields + contents[18:]
    return contents
