"""Bodies that are small on the line and huge when they are unpacked."""

import zlib

MEBIBYTE = b" " * 2**20


def bomb(mebibytes: int) -> bytes:
    """Return a gzip body of so many MiB of blanks, made from one of them: it has no right sum at its end."""
    packer = zlib.compressobj(9, wbits=31)
    first = packer.compress(MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush nothing refers to what came before: the same bytes may follow as often as wanted.
    each = packer.compress(MEBIBYTE) + packer.flush(zlib.Z_FULL_FLUSH)
    return first + each * (mebibytes - 1) + packer.flush()
