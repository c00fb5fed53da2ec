"""check: what is probably wrong with a dataset, before anything is trained on it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from feedline.dataset.base import BaseDataset, true_or_false, whole_number
from feedline.errors import ArgumentError

if TYPE_CHECKING:
    from feedline.check.report import Report


class CheckingMethods(BaseDataset):
    """What is probably wrong with a dataset."""

    def check(
        self,
        model: Any = None,
        against: Any = None,
        sample: int = 512,
        ignore: Iterable[str] | str = (),
        *,
        use: str = "training",
        steps_per_epoch: int | None = None,
        show: bool = True,
    ) -> Report:
        """Looks for what makes training quietly go wrong; prints what it finds, and returns it.

        The steps of the pipeline are read, and some elements are looked at: of an indexed dataset from all over it, of
        a stream the first ones, for three seconds at the most. Nothing changes: no epoch is counted, no cache is
        filled, random generators stay where they were, and what can be gone through only once is not begun.

        Each finding has a code, such as FL301, with a page of its own in docs/rules. Rules are silenced by their codes
        here, or in pyproject.toml: `[tool.feedline.check]` with `ignore = ["FL301", "FL4"]`.

        Args:
            model: the Keras model that is to be trained on it; it is not trained.
            against: another dataset to compare it with, such as the validation data.
            sample: how many elements are looked at; 0 for none.
            ignore: codes of rules that are not run, and beginnings of codes, such as "FL4" for a whole family.
            use: "training", or "validation" for data that a model does not learn from.
            steps_per_epoch: how many batches `fit` will take for an epoch, of a dataset that has no end.
            show: whether to print it, and on a terminal how far it is.

        Returns:
            The report: `findings`, each with `code`, `severity`, `message`, `where` and `fix`; `ok` says that none of
            them is an error.

        Raises:
            ArgumentError: an argument cannot work, or `ignore` names no rule.

        Example:
            >>> import numpy as np
            >>> from feedline import Dataset
            >>> labels = np.repeat([0, 1, 2, 3], 250)
            >>> images = np.random.default_rng(0).random((1000, 8), np.float32)
            >>> report = Dataset.from_tensor_slices((images, labels)).batch(32).check(show=False)
            >>> report.findings[0].code, report.findings[0].message
            ('FL301', 'the elements come sorted by their labels, and nothing shuffles them.')
            >>> Dataset.from_tensor_slices((images, labels)).shuffle(1000).batch(32).check(show=False).codes
            ()
        """
        from feedline.check.checker import check

        if against is not None and not isinstance(against, BaseDataset):
            raise ArgumentError(f"against is {against!r:.60}, not a dataset.", fix="Give a feedline dataset.")
        if model is not None and not _is_model(model):
            called = (
                "Call it: check(model=make_model())." if callable(model) else "Give the model that fit is called on."
            )
            raise ArgumentError(f"model is {model!r:.60}, not a Keras model.", fix=called)
        steps = None if steps_per_epoch is None else whole_number(steps_per_epoch, "steps_per_epoch", least=1)
        shows = true_or_false(show, "show")
        report = check(
            self._node,
            model=model,
            against=None if against is None else against._node,
            sample=whole_number(sample, "sample", least=0),
            ignore=ignore,
            use=use,
            steps_per_epoch=steps,
            shows_progress=shows,
        )
        if shows:
            report.show()
        return report


def _is_model(value: Any) -> bool:
    """Says whether a value is a model of Keras, of whichever of its packages, without loading any of them."""
    return any(
        kind.__name__ == "Model" and kind.__module__.partition(".")[0] in ("keras", "tf_keras", "tensorflow")
        for kind in type(value).__mro__
    )
