"""Writing to memory past the caches.

A processor that writes to memory which is in no cache reads it first, and drops something else from its caches. Memory
that will have left them anyway before it is read, such as a large batch that waits behind others, is written without.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core.extending import intrinsic

from feedline.kernels.compile import part
from feedline.kernels.wire import copy_bytes

_LINE = 64
_VECTOR = 32


@intrinsic
def _write_line(typing_context, target, source):
    """Copies 64 bytes to an address that is a multiple of 64."""

    def generate(context, builder, signature, arguments):
        vector = ir.VectorType(ir.IntType(8), _VECTOR).as_pointer()
        mark = builder.module.add_metadata([ir.Constant(ir.IntType(32), 1)])
        for offset in range(0, _LINE, _VECTOR):
            to, of = (
                builder.inttoptr(builder.add(argument, ir.Constant(ir.IntType(64), offset)), vector)
                for argument in arguments
            )
            builder.store(builder.load(of, align=1), to, align=_VECTOR).set_metadata("nontemporal", mark)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), generate


@intrinsic
def finish_writing(typing_context):
    """Has other threads see what was written before whatever is written from here on."""

    def generate(context, builder, signature, arguments):
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), generate


@part
def copy_past_caches(target, source, count):
    """Copies bytes from one address to another, to be followed by `finish_writing`. The caller has checked both."""
    before = min(count, -target & (_LINE - 1))
    copy_bytes(target, source, before)
    done = before
    while count - done >= _LINE:
        _write_line(target + done, source + done)
        done += _LINE
    copy_bytes(target + done, source + done, count - done)
