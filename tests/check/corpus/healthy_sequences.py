"""Healthy pipelines: texts, and numbers that stand for words."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

import feedline as fl

AUTOTUNE = fl.AUTOTUNE

GOOD, BAD = ["lovely", "funny", "moving", "clever"], ["dull", "tired", "silly", "loud"]
OTHERS = ["the", "a", "film", "plot", "actor", "scene", "story", "ending", "music", "was", "is", "and", "of", "it"]


def reviews(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Returns short texts with some words that please or do not, and whether they please."""
    draw = np.random.default_rng(seed)
    likes = draw.integers(0, 2, count)
    texts = []
    for like in likes:
        words = draw.choice(OTHERS, draw.integers(8, 25)).tolist() + draw.choice(GOOD if like else BAD, 2).tolist()
        texts.append(" ".join(draw.permutation(words).tolist()).capitalize() + ".")
    return texts, likes


def texts_into_numbers_of_words(folder: pathlib.Path) -> Any:
    """Files in a folder for each class, and a TextVectorization that is adapted to the training texts alone."""
    import keras

    import feedline.keras

    for part, count, seed in (("train", 240, 1), ("test", 80, 2)):
        for number, (text, like) in enumerate(zip(*reviews(count, seed), strict=True)):
            path = folder / part / ("neg", "pos")[like] / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    train, validation = feedline.keras.text_dataset_from_directory(
        str(folder / "train"), batch_size=16, validation_split=0.2, subset="both", seed=1
    )
    vectorise = fl.Preprocess(keras.layers.TextVectorization(max_tokens=500, output_sequence_length=30)).fit(train)
    model = keras.Sequential(
        [
            keras.Input((30,), dtype="int64"),
            keras.layers.Embedding(500, 8),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    vectorise.attach(model)
    train = train.map(vectorise, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation.map(vectorise).prefetch(AUTOTUNE), show=False)


def reviews_in_buckets(folder: pathlib.Path) -> Any:
    """Sequences of very unequal length, batched with others of about their length, into a masked LSTM of logits."""
    import keras

    def stream(count: int, seed: int) -> Any:
        draw = np.random.default_rng(seed)
        lengths = np.clip(draw.lognormal(3, 0.7, count), 4, 150).astype(int)
        likes = draw.integers(0, 2, count)
        words = [draw.integers(3 + 50 * like, 900, length) for length, like in zip(lengths, likes, strict=True)]

        def rows() -> Iterator[Any]:
            yield from zip(words, likes, strict=True)

        signature = (fl.TensorSpec((None,), fl.int64), fl.TensorSpec((), fl.int64))
        return fl.Dataset.from_generator(rows, output_signature=signature)

    def bucketed(ds: Any) -> Any:
        buckets = ds.bucket_by_sequence_length(lambda words, like: len(words), [16, 32, 64], [32, 32, 16, 8])
        return buckets.prefetch(AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(1000, 8, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(8)),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    train = bucketed(stream(500, seed=1).shuffle(500))
    return train.check(model=model, against=bucketed(stream(120, seed=2)), show=False)


def names_in_sentences(folder: pathlib.Path) -> Any:
    """A tag for each word: sentences padded with 0, their tags with -1, which the loss leaves out."""
    import keras

    draw = np.random.default_rng(3)
    lengths = draw.integers(12, 24, 400)
    sentences = [draw.integers(1, 300, length) for length in lengths]
    tags = [np.where(sentence < 40, sentence % 4 + 1, 0) for sentence in sentences]

    def tagged(first: int, last: int) -> Any:
        def rows() -> Iterator[Any]:
            yield from zip(sentences[first:last], tags[first:last], strict=True)

        signature = (fl.TensorSpec((None,), fl.int64), fl.TensorSpec((None,), fl.int64))
        return fl.Dataset.from_generator(rows, output_signature=signature)

    padding = (np.int64(0), np.int64(-1))
    train = tagged(0, 320).shuffle(320).padded_batch(32, padding_values=padding).prefetch(AUTOTUNE)
    validation = tagged(320, 400).padded_batch(32, padding_values=padding).prefetch(AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(300, 16, mask_zero=True),
            keras.layers.Bidirectional(keras.layers.LSTM(8, return_sequences=True)),
            keras.layers.Dense(5),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1))
    return train.check(model=model, against=validation, show=False)


def the_next_letter(folder: pathlib.Path) -> Any:
    """A language model: one long text is cut into pieces, whose letters but the last are to tell all but the first."""
    import keras

    draw = np.random.default_rng(4)
    text = ". ".join(" ".join(draw.choice(OTHERS + GOOD + BAD, 9)) for _ in range(500))
    letters = sorted(set(text))
    numbers = np.array([letters.index(letter) for letter in text])
    border = len(numbers) * 9 // 10

    def pieces(part: np.ndarray) -> Any:
        windows = fl.Dataset.from_tensor_slices(part).batch(41, drop_remainder=True)
        return windows.map(lambda piece: (piece[:-1], piece[1:]), num_parallel_calls=AUTOTUNE)

    model = keras.Sequential(
        [
            keras.Input((None,)),
            keras.layers.Embedding(len(letters), 16),
            keras.layers.GRU(16, return_sequences=True),
            keras.layers.Dense(len(letters)),
        ]
    )
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    train = pieces(numbers[:border]).shuffle(1000).batch(32, drop_remainder=True).prefetch(AUTOTUNE)
    return train.check(model=model, against=pieces(numbers[border:]).batch(8).prefetch(AUTOTUNE), show=False)


def sentences_in_another_language(folder: pathlib.Path) -> Any:
    """Translation: the decoder is given the sentence so far, and is to tell the next word; 0 fills up to 14 words."""
    import keras

    def sentences(count: int, seed: int) -> Any:
        draw = np.random.default_rng(seed)
        lengths = draw.integers(8, 13, (count, 1))
        source = np.where(np.arange(14) < lengths, draw.integers(3, 200, (count, 14)), 0)
        target = np.zeros((count, 15), np.int64)
        target[:, 0] = 1
        target[:, 1:] = np.where(source > 0, 202 - source, 0)
        target[np.arange(count), lengths[:, 0] + 1] = 2
        return fl.Dataset.from_tensor_slices((source, target))

    def prepared(source: Any, target: Any) -> Any:
        inputs = {"encoder_inputs": source, "decoder_inputs": target[:, :-1]}
        return inputs, target[:, 1:], fl.cast(target[:, 1:] > 0, fl.float32)

    encoder_inputs, decoder_inputs = (
        keras.Input((None,), name="encoder_inputs"),
        keras.Input((None,), name="decoder_inputs"),
    )
    _, state = keras.layers.GRU(16, return_state=True)(keras.layers.Embedding(210, 8, mask_zero=True)(encoder_inputs))
    x = keras.layers.Embedding(210, 8, mask_zero=True)(decoder_inputs)
    x = keras.layers.GRU(16, return_sequences=True)(x, initial_state=state)
    model = keras.Model([encoder_inputs, decoder_inputs], keras.layers.Dense(210, activation="softmax")(x))
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    train = sentences(500, seed=5).shuffle(500).batch(64).map(prepared, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    validation = sentences(100, seed=6).batch(64).map(prepared, num_parallel_calls=AUTOTUNE).prefetch(AUTOTUNE)
    return train.check(model=model, against=validation, show=False)


def words_that_are_hidden(folder: pathlib.Path) -> Any:
    """A masked language model: 15 words in a hundred are hidden anew each time, and only these weigh anything."""
    import keras

    tokens = np.random.default_rng(7).integers(5, 400, (500, 32))

    def hidden(words: Any) -> Any:
        chosen = fl.random.generator().random(words.shape) < 0.15
        return np.where(chosen, 4, words), words, fl.cast(chosen, fl.float32)

    model = keras.Sequential(
        [
            keras.Input((32,), dtype="int64"),
            keras.layers.Embedding(400, 16),
            keras.layers.Conv1D(16, 5, padding="same", activation="relu"),
            keras.layers.Dense(400, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    ds = fl.Dataset.from_tensor_slices(tokens).shuffle(500).map(hidden, num_parallel_calls=AUTOTUNE).batch(32)
    return ds.prefetch(AUTOTUNE).check(model=model, show=False)


HEALTHY = [
    texts_into_numbers_of_words,
    reviews_in_buckets,
    names_in_sentences,
    the_next_letter,
    sentences_in_another_language,
    words_that_are_hidden,
]
