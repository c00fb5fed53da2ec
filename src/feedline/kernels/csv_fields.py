"""CSV: finding records and fields in a buffer of text.

The grammar is RFC 4180's, as `tf.data.experimental.CsvDataset` reads it: records end with a line feed, a carriage
return, or both; a field that begins with a quote ends with one, and a quote inside it is doubled.
"""

from __future__ import annotations

import numpy as np

from feedline.kernels.compile import BOOL, BOOLS, BYTES, CONSTANT_BYTES, INT64, INTS, array, kernel

_ROWS, _BOOL_ROWS = array(INT64, 2), array(BOOL, 2)

GOOD, UNCLOSED, BARE_QUOTE, QUOTE_IN_FIELD, TOO_MANY, TOO_FEW, MISSING, INVALID = 0, 1, 2, 3, 4, 5, 6, 7

_QUOTE = 34
_LINE_FEED = 10
_RETURN = 13


@kernel((BYTES, INT64, INT64, BOOL, INT64, BOOL, BOOLS, BOOL, INT64, _ROWS, _ROWS, _BOOL_ROWS, INTS, INTS, INTS, INTS))
def split_records(
    buffer, filled, position, ended, delimiter, quotes, included, rest, line,
    starts, lengths, doubled, begins, lines, codes, columns,
):  # fmt: skip
    """Finds the records that lie whole in a buffer, and the fields of the columns that are wanted.

    Args:
        buffer: uint8 `(n,)`.
        filled: how many bytes of it are valid.
        position: where the first record begins.
        ended: whether nothing comes after these bytes.
        delimiter: the byte between fields.
        quotes: whether fields may be in quotes.
        included: bool `(m,)`: which columns are wanted.
        rest: whether the columns after those are wanted.
        line: the number of the line at `position`.
        starts: int64 `(outputs, records)`: gets where each wanted field begins, without its quote.
        lengths: int64 `(outputs, records)`: gets how long it is.
        doubled: bool `(outputs, records)`: gets whether it has doubled quotes in it.
        begins: int64 `(records,)`: gets where each record begins.
        lines: int64 `(records,)`: gets the line that each record begins on.
        codes: int64 `(records,)`: gets GOOD, or what is wrong with the record.
        columns: int64 `(records,)`: gets the column that is wrong, or how many wanted columns there are.

    Returns:
        `(records, position, line)`: how many were found, and where the next begins.
    """
    outputs = starts.shape[0]
    filled = min(np.int64(filled), np.int64(buffer.size))
    position = max(np.int64(position), np.int64(0))
    line = np.int64(line)
    count = 0
    while position < filled and count < codes.size:
        at = position
        breaks = np.int64(0)
        column = 0
        output = 0
        code = GOOD
        wrong = 0
        whole = True
        over = False
        while not over:
            begin = at
            end = at
            twice = False
            found = GOOD
            if at >= filled:
                if not ended:
                    whole = False
                    break
                over = True
            elif quotes and buffer[at] == _QUOTE:
                begin = at + 1
                at += 1
                while True:
                    if at >= filled:
                        whole = ended
                        over = True
                        found = UNCLOSED
                        break
                    byte = buffer[at]
                    at += 1
                    if byte != _QUOTE:
                        if byte == _LINE_FEED:
                            breaks += 1
                        continue
                    end = at - 1
                    if at >= filled:
                        whole = ended
                        over = True
                        break
                    after = buffer[at]
                    at += 1
                    if after == delimiter:
                        break
                    if after == _LINE_FEED or after == _RETURN:  # noqa: SIM109 - Numba would compile a loop for `in`
                        over = True
                        break
                    if after == _QUOTE:
                        twice = True
                    elif found == GOOD:
                        found = BARE_QUOTE
            else:
                while True:
                    if at >= filled:
                        whole = ended
                        over = True
                        end = at
                        break
                    byte = buffer[at]
                    if byte == delimiter:
                        end = at
                        at += 1
                        break
                    if byte == _LINE_FEED or byte == _RETURN:  # noqa: SIM109 - Numba would compile a loop for `in`
                        end = at
                        at += 1
                        over = True
                        break
                    if quotes and byte == _QUOTE:
                        found = QUOTE_IN_FIELD
                    at += 1
            if not whole:
                break
            if found != GOOD and code == GOOD:
                code = found
                wrong = column
            if included[column] if column < included.size else rest:
                if output < outputs:
                    starts[output, count] = begin
                    lengths[output, count] = end - begin
                    doubled[output, count] = twice
                elif code == GOOD:
                    code = TOO_MANY
                output += 1
            column += 1
        if not whole:
            break
        if at > position and buffer[at - 1] == _RETURN:  # a line feed after it belongs to it
            if at >= filled and not ended:
                break
            if at < filled and buffer[at] == _LINE_FEED:
                at += 1
        if output != outputs and code == GOOD:
            code = TOO_FEW
        if code == TOO_FEW or code == TOO_MANY:  # noqa: SIM109 - Numba would compile a loop for `in`
            wrong = output
        begins[count] = position
        lines[count] = line
        codes[count] = code
        columns[count] = wrong
        count += 1
        position = at
        line += breaks + 1
    return count, position, line


@kernel((BYTES, INTS, INTS, BOOLS))
def undouble_quotes(buffer, starts, lengths, doubled):
    """Makes one quote of two, in place.

    Args:
        buffer: uint8 `(n,)`.
        starts: int64 `(m,)`: where fields begin, without their quote.
        lengths: int64 `(m,)`: how long they are; becomes shorter.
        doubled: bool `(m,)`: which fields have doubled quotes.
    """
    for number in range(min(starts.size, lengths.size, doubled.size)):
        start, length = starts[number], lengths[number]
        if not doubled[number] or start < 0 or length < 0 or start > buffer.size or length > buffer.size - start:
            continue
        source = start
        target = start
        end = start + length
        while source < end:
            byte = buffer[source]
            buffer[target] = byte
            source += 1
            target += 1
            if byte == _QUOTE and source < end and buffer[source] == _QUOTE:
                source += 1
        lengths[number] = target - start


@kernel((BYTES, INTS, INTS, CONSTANT_BYTES), allocates=True)
def find_missing(buffer, starts, lengths, na_value):
    """Returns which fields are empty, or the text that stands for a missing value: bool `(m,)`.

    Args:
        buffer: uint8 `(n,)`.
        starts: int64 `(m,)`: where fields begin.
        lengths: int64 `(m,)`: how long they are.
        na_value: uint8 `(k,)`: that text.
    """
    missing = np.empty(starts.size, np.bool_)
    for number in range(starts.size):
        missing[number] = False
        if number >= lengths.size:
            continue
        start, length = starts[number], lengths[number]
        if length == 0:
            missing[number] = True
        elif length == na_value.size and start >= 0 and length <= buffer.size - start:
            same = True
            for byte in range(length):
                if buffer[start + byte] != na_value[byte]:
                    same = False
                    break
            missing[number] = same
    return missing
