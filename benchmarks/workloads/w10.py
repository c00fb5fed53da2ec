"""W10: a folder of JPEG photos, random resized crop, flip and normalisation (the ImageNet recipe), batches of 32."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import image_folder, peers
from benchmarks.card_crops import read_crop
from benchmarks.compare import Batch, Rule
from benchmarks.data import JPEG_HEIGHT, JPEG_WIDTH, PHOTOS
from benchmarks.limits import decoding

TITLE = "a folder of 500x375 JPEG photos, shuffle, random resized crop to 224x224, flip, normalise, batch 32"
SHORT = "image folder, ImageNet recipe"
LIMIT = "decoding a drawn window of each JPEG file, already in memory, by libjpeg-turbo, on all cores"
ABSENT = {"torch-bulk": "the data is in files"}
SHUFFLES = True
WARM = 5.0

BATCH, SIDE = 32, 224
FILES = PHOTOS + image_folder.CARDS
AREAS, ASPECTS, ATTEMPTS = (0.08, 1.0), (3 / 4, 4 / 3), 10  # of the recipe
MEAN = np.array([0.485, 0.456, 0.406], np.float32) * np.float32(255)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32) * np.float32(255)
# As large as an image: NumPy and TensorFlow alike take a vector of three off an image more than five times as slowly.
MEANS, DEVIATIONS = np.tile(MEAN, (SIDE, SIDE, 1)), np.tile(DEVIATION, (SIDE, SIDE, 1))
WHOLE = np.array([[[0, 0, 1, 1]]], np.float32)
prepare = image_folder.make


def _verify(batch: Batch) -> str | None:
    """Says what is wrong with a batch that should be random crops of the cards, some flipped, all normalised."""
    if batch["1"].any():
        return "its labels are not those of the first class"
    crops = [read_crop(image * DEVIATION + MEAN) for image in batch["0"].astype(np.float64)]
    for number, crop in enumerate(crops):
        if crop.residue > 3 or abs(crop.blue - 8 * number) > 3:
            return f"its image {number} is no normalised crop of the file {number}"
        if min(crop.left, crop.top) < -3 or crop.left + crop.width > JPEG_WIDTH + 3:
            return f"the crop of its image {number} does not lie within the file's"
        area, aspect = crop.width * crop.height / (JPEG_WIDTH * JPEG_HEIGHT), crop.width / crop.height
        if not (AREAS[0] * 0.95 <= area <= 1.03 and ASPECTS[0] * 0.95 <= aspect <= ASPECTS[1] * 1.05):
            return f"the crop of its image {number} has {area:.2f} of the area and an aspect of {aspect:.2f}"
    if (
        len({crop.flipped for crop in crops}) != 2
        or len({round(crop.left + crop.width) for crop in crops}) < BATCH // 2
    ):
        return "it does not draw a crop and a flip for each image by itself"
    return None


COMPARE = Rule(check=_verify, order="1")


def random_window(random: Any) -> tuple[int, int, int, int]:
    """Returns the first row, the first column, the height and the width of a crop, drawn as the recipe says."""
    for _ in range(ATTEMPTS):
        area = random.uniform(*AREAS) * JPEG_HEIGHT * JPEG_WIDTH
        aspect = math.exp(random.uniform(math.log(ASPECTS[0]), math.log(ASPECTS[1])))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if width <= JPEG_WIDTH and height <= JPEG_HEIGHT:
            top = int(random.uniform(0, JPEG_HEIGHT - height + 1))
            left = int(random.uniform(0, JPEG_WIDTH - width + 1))
            return top, left, height, width
    return 0, 0, JPEG_HEIGHT, JPEG_WIDTH  # which has an allowed aspect


def augment(position: int, random: Any) -> peers.Element:
    paths, labels = image_folder.listing()
    cv2 = peers.opencv()
    pixels = cv2.imdecode(np.fromfile(paths[position], np.uint8), cv2.IMREAD_COLOR_RGB)
    top, left, height, width = random_window(random)
    image = cv2.resize(pixels[top : top + height, left : left + width].astype(np.float32), (SIDE, SIDE))
    if random.uniform(0, 1) < 0.5:
        image = image[:, ::-1]
    return (image - MEANS) / DEVIATIONS, labels[position]


def load(position: int) -> peers.Element:
    return augment(position, np.random)  # seeded for each worker by PyTorch


PEERS = peers.OfElements(load, FILES, BATCH, load_random=augment)


def pipeline(library: Any, data: Any, shuffle: bool) -> Any:
    def process(path: Any, label: Any) -> Any:
        content = library.io.read_file(path)
        begin, size, _ = library.image.sample_distorted_bounding_box(
            library.image.extract_jpeg_shape(content),
            bounding_boxes=WHOLE,
            min_object_covered=0.1,
            aspect_ratio_range=ASPECTS,
            area_range=AREAS,
            max_attempts=ATTEMPTS,
        )
        window = [begin[0], begin[1], size[0], size[1]]
        image = library.io.decode_and_crop_jpeg(content, window, channels=3)
        image = library.image.resize(image, [SIDE, SIDE])
        image = library.image.random_flip_left_right(image)
        return (image - MEANS) / DEVIATIONS, label

    dataset = data.Dataset.from_tensor_slices(image_folder.listing())
    if shuffle:
        dataset = dataset.shuffle(FILES)
    dataset = dataset.repeat().map(process, num_parallel_calls=data.AUTOTUNE)
    return dataset.batch(BATCH).prefetch(data.AUTOTUNE)


def limit() -> Iterator[int]:
    return decoding(image_folder.listing()[0], window_decoder())


def window_decoder() -> Callable[[bytes], Any]:
    """Returns what decodes a window of a photo, drawn as the recipe says, or the whole where no library does that."""
    from feedline.formats import turbojpeg

    if not turbojpeg.available():
        from simplejpeg import decode_jpeg

        return lambda photo: decode_jpeg(photo, "RGB")
    windows = threading.local()

    def decode(photo: bytes) -> None:
        if not hasattr(windows, "random"):
            windows.random = np.random.default_rng(0)
            windows.image = np.empty((JPEG_HEIGHT, JPEG_WIDTH, 3), np.uint8)
        window = random_window(windows.random)
        if not turbojpeg.decode_window(photo, windows.image, window, fast_dct=True, strict=True):
            raise ValueError("a photo of the benchmark is damaged: make the data anew")

    return decode
