"""FL305, FL310 and FL311: an order that never changes, and one that changes where it must not."""

from __future__ import annotations

from collections.abc import Iterator

from feedline.check.context import Context
from feedline.check.families.order.steps import freezing, is_straight
from feedline.check.finding import Finding
from feedline.check.plan import Plan, written
from feedline.check.rule import Rule
from feedline.nodes.base import Node
from feedline.nodes.shuffle import Shuffle
from feedline.nodes.take import Skip, Take
from feedline.plan.fingerprint import fingerprint_of, steps_of


class SameOrderEveryEpoch(Rule):
    """The elements are shuffled, but in the same order in every epoch."""

    code = "FL305"
    name = "same-order-every-epoch"
    severity = "warning"
    why = "Every epoch has the same batches: the noise that shuffling is to bring comes only once."

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        shuffles = plan.of(Shuffle)
        if not context.trains or not shuffles or any(node.reshuffle_each_iteration for node in shuffles):
            return
        node = shuffles[-1]
        if plan.gives_batches(node) and not all(map(plan.gives_batches, shuffles)):
            return
        split = _part_behind(node, plan)
        fix = "Leave out reshuffle_each_iteration=False."
        if split is not None:
            fix = f"Write another .shuffle({_length(split, plan)}) behind {written(split)}."
        yield self.finding(
            "the elements are shuffled once, and come in the same order in every epoch.",
            seen=f"{node.label()} with reshuffle_each_iteration=False, and no other shuffle",
            at=node,
            fix=fix,
            severity="hint" if split is not None else "warning",
        )


class ShuffleFrozenByCache(Rule):
    """What was shuffled is cached: the order of the first epoch is that of all others."""

    code = "FL310"
    name = "shuffle-before-cache"
    severity = "warning"
    why = (
        "A cache keeps the elements as they came in the first epoch, their order included: no later epoch is shuffled."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        if not context.trains:
            return
        shuffles = [node for node in plan.of(Shuffle) if node.reshuffle_each_iteration]
        frozen = [(node, freezing(node, None, plan)) for node in shuffles]
        if not frozen or any(keeper is None for _, keeper in frozen):
            return
        node, keeper = frozen[-1]
        assert keeper is not None
        if keeper.name == "split_dataset":
            fix = f"Write .shuffle({_length(keeper, plan)}) behind the split, on the part that is trained on."
        else:
            fix = f"Move {written(node)} behind {written(keeper)}."
        yield self.finding(
            f"{keeper.label()} stands behind {node.label()}, so every epoch has the order of the first.",
            at=keeper,
            where=[f"{node.label()} at {node.origin}"],
            fix=fix,
            severity="hint" if keeper.name == "split_dataset" else "warning",
        )


class SplitAfterShuffle(Rule):
    """Training and validation data are parts of what is shuffled anew in every epoch."""

    code = "FL311"
    name = "split-after-shuffle"
    severity = "error"
    why = (
        "take and skip cut at a place of an order that is another one in each epoch: what is held out in one epoch is "
        "trained on in the next, and the validation shows what was learnt by heart."
    )

    def check(self, context: Context) -> Iterator[Finding]:
        plan = context.plan
        cuts = [cut for cut in plan.of(Take, Skip) if _cuts(cut, plan)]
        other = context.against.plan if context.against is not None else None
        for cut in cuts:
            for shuffle in plan.of(Shuffle):
                if not is_straight(shuffle, cut) or freezing(shuffle, cut, plan) is not None:
                    continue
                if other is not None:
                    found = self._with_other(cut, shuffle, plan, other)
                    if found is not None:
                        yield found
                        return
                elif shuffle.reshuffle_each_iteration and context.trains and _may_be_split(cut, plan):
                    yield self._alone(cut, shuffle)
                    return

    def _with_other(self, cut: Node, shuffle: Shuffle, plan: Plan, other: Plan) -> Finding | None:
        for their_cut in other.of(Take, Skip):
            for theirs in other.of(Shuffle):
                if not is_straight(theirs, their_cut) or not _cuts(their_cut, other):
                    continue
                if theirs is shuffle:
                    if not shuffle.reshuffle_each_iteration or freezing(theirs, their_cut, other) is not None:
                        continue
                    message = "the two datasets are parts of one shuffle, which is another one in each epoch: they mix."
                elif _same_data(shuffle, theirs):
                    same_order = shuffle.key(0) == theirs.key(0)
                    if same_order and not (shuffle.reshuffle_each_iteration or theirs.reshuffle_each_iteration):
                        continue
                    message = (
                        "the two datasets are parts of the same data, shuffled apart from each other: they overlap."
                    )
                else:
                    continue
                return self.finding(
                    message,
                    seen=f"{cut.label()} here and {their_cut.label()} there, each behind a shuffle",
                    at=cut,
                    where=[f"{shuffle.label()} at {shuffle.origin}", f"{their_cut.label()} at {their_cut.origin}"],
                    fix=_fix(shuffle),
                )
        return None

    def _alone(self, cut: Node, shuffle: Shuffle) -> Finding:
        which = "leaves out" if isinstance(cut, Skip) else "takes"
        return self.finding(
            f"{cut.label()} {which} other elements in each epoch, since {shuffle.label()} stands in front of it.",
            at=cut,
            where=[f"{shuffle.label()} at {shuffle.origin}"],
            fix=f"If this is one part of a split: {_fix(shuffle)[0].lower()}{_fix(shuffle)[1:]}",
            severity="warning" if isinstance(cut, Skip) else "hint",
        )


def _fix(shuffle: Shuffle) -> str:
    size = f"{shuffle.buffer_size:_}" if shuffle.buffer_size >= 0 else "feedline.UNKNOWN_CARDINALITY"
    return (
        f"Write one .shuffle({size}, seed=1, reshuffle_each_iteration=False) for both parts in front of the split, and "
        "shuffle the training part again behind it; or use feedline.keras.split_dataset."
    )


def _cuts(cut: Node, plan: Plan) -> bool:
    """Says whether a take or skip leaves anything out, of data that it does not take as endless."""
    assert isinstance(cut, Take | Skip)
    if cut.parents[0].cardinality() == -1:
        return False
    length = plan.length(cut.parents[0])
    if isinstance(cut, Skip):
        return cut.count > 0
    return cut.count >= 0 and (length is None or cut.count < length)


def _may_be_split(cut: Node, plan: Plan) -> bool:
    """Says whether a cut is more than a limit to the number of batches."""
    return isinstance(cut, Skip) or not plan.gives_batches(cut)


def _part_behind(shuffle: Shuffle, plan: Plan) -> Node | None:
    return next((node for node in plan.of(Take, Skip) if is_straight(shuffle, node) and _cuts(node, plan)), None)


def _length(node: Node, plan: Plan) -> str:
    length = plan.length(node)
    return "10_000" if length is None else f"{length:_}"


def _same_data(first: Node, second: Node) -> bool:
    return fingerprint_of(steps_of(first.parents[0])) == fingerprint_of(steps_of(second.parents[0]))
