"""What goes wrong with files that nobody writes: bits that turn, disks that refuse."""

import os
from pathlib import Path


def flip(file: Path, at: int, mask: int = 0x10) -> None:
    """Turn bits of one byte in place, as a disk does: size and times stay as they were."""
    status = file.stat()
    with file.open("r+b") as content:
        content.seek(at)
        byte = content.read(1)[0]
        content.seek(at)
        content.write(bytes([byte ^ mask]))
        content.flush()
        os.fsync(content.fileno())
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def refuse(file: Path) -> None:
    """Make a file one that can be opened, and gives EIO when it is read."""
    file.unlink(missing_ok=True)
    file.symlink_to("/proc/self/mem")  # nothing is mapped at address 0: the kernel says EIO
