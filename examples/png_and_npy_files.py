"""Images as PNG files, what belongs to each beside it as an `.npy` file: where in the picture is the ball?"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import random
import tempfile
from pathlib import Path

import keras
import numpy as np

import feedline as fl

SIZE = 32


def write_pictures(folder: Path, count: int) -> None:
    """Writes a bright ball on a dark ground to 0000.png, its place, (row, column) of 0 to 1, to 0000.npy, and so on."""
    draw = np.random.default_rng(0)
    rows, columns = np.mgrid[:SIZE, :SIZE]
    for number in range(count):
        place = draw.uniform(4, SIZE - 4, 2)
        distance = np.hypot(rows - place[0], columns - place[1])
        picture = draw.integers(0, 60, (SIZE, SIZE, 3)) + 180 * (distance < 4)[..., None]
        (folder / f"{number:04}.png").write_bytes(fl.io.encode_png(picture.astype(np.uint8)))
        np.save(folder / f"{number:04}.npy", (place / SIZE).astype(np.float32))


def load(png: bytes, npy: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Returns the picture, float32 of 0 to 1, and the place."""
    picture = fl.image.convert_image_dtype(fl.io.decode_png(fl.io.read_file(png), channels=3), fl.float32)
    # Not decode_raw, which in TensorFlow takes the header of the file for numbers.
    return picture, fl.io.decode_npy(fl.io.read_file(npy))


def dataset(pngs: list[Path]) -> fl.Dataset:
    """Returns batches of pictures and places."""
    npys = [png.with_suffix(".npy") for png in pngs]
    files = fl.Dataset.from_tensor_slices((pngs, npys)).shuffle(len(pngs))
    return files.map(load, num_parallel_calls=fl.AUTOTUNE).batch(32).prefetch(fl.AUTOTUNE)


def main() -> None:
    random.seed(1)  # Keras draws the seeds of its layers from here
    with tempfile.TemporaryDirectory() as folder:
        write_pictures(Path(folder), 1_200)
        pngs = sorted(Path(folder).glob("*.png"))
        training, test = dataset(pngs[:1_000]), dataset(pngs[1_000:])
        print(f"{len(pngs)} pictures and as many .npy files, {len(training)} batches to train on")

        model = keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                keras.layers.AveragePooling2D(2),
                keras.layers.Flatten(),
                keras.layers.Dense(32, activation="relu"),
                keras.layers.Dense(2),
            ]
        )
        model.compile(keras.optimizers.Adam(0.003), "mse", metrics=["mae"])
        model.fit(training.to_keras(), epochs=8, verbose=2)
        error = SIZE * model.evaluate(test.to_keras(), verbose=0, return_dict=True)["mae"]
        print(training.report())
    print(f"the ball is found to within {error:.1f} pixels, in pictures it has not seen")
    assert error < 2.5


if __name__ == "__main__":
    main()
