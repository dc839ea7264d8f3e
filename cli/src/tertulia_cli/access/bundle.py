"""The bundle for a remote machine: a tar with its login and certificates, to unpack in deploy/gpu-box.

Other users of that machine cannot open the folders, but the files are readable: containers run under another user id
and get each file as a mount.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from tertulia_cli.access.certificates import Pair
from tertulia_cli.access.folder import LOGIN

FOLDER_MODE, FILE_MODE = 0o700, 0o444


def bundle(url: str, namespace: str, authority: str, client: Pair, made_s: int) -> bytes:
    """Make the tar. `made_s` (seconds since 1970) is the modification time of its files."""
    files: Mapping[str, str] = {
        f"secrets/{LOGIN}": f"{url}\n",
        "secrets/TERTULIA_NAMESPACE": f"{namespace}\n",
        "tls/ca.crt": authority,
        "tls/client.crt": client.certificate,
        "tls/client.key": client.key,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for folder in sorted({name.partition("/")[0] for name in files}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, FOLDER_MODE, made_s
            tar.addfile(entry)
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(text.encode()), FILE_MODE, made_s
            tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()
