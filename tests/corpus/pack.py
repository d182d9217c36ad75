"""Make ``corpus.tar.xz`` of a folder of captures: ``python tests/corpus/pack.py FOLDER``.

The same folder gives the same archive wherever and whenever it is packed: members in order, without
owners and times (how it is compressed is liblzma's affair). Metrics and the JSON copies of the
bodies stay out.
"""

import io
import lzma
import sys
import tarfile
from pathlib import Path

ARCHIVE = Path(__file__).with_name("corpus.tar.xz")
_KINDS = (".pb", ".expect.json")
_LEFT_OUT = ".metrics.pb"


def packed(folder: Path) -> bytes:
    """The archive, not yet compressed, of what a run of the mappers needs."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(folder.rglob("*")):
            if path.name.endswith(_KINDS) and not path.name.endswith(_LEFT_OUT):
                member = tarfile.TarInfo(path.relative_to(folder).as_posix())
                data = path.read_bytes()
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return raw.getvalue()


if __name__ == "__main__":
    best = 9 | lzma.PRESET_EXTREME
    ARCHIVE.write_bytes(lzma.compress(packed(Path(sys.argv[1])), preset=best))
