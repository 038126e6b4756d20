"""Holds a wheel and its sdist to what they promise: `check_wheel.py FOLDER`."""

from __future__ import annotations

import pathlib
import re
import sys
import tarfile
import zipfile

folder = pathlib.Path(sys.argv[1])
[wheel] = folder.glob("*.whl")
[sdist] = folder.glob("*.tar.gz")

# One file for all versions of Python from 3.10 on, on every Linux since 2018.
assert "-cp310-abi3-manylinux_2_28_" in wheel.name or sys.platform != "linux", wheel.name
with zipfile.ZipFile(wheel) as archive:
    names = archive.namelist()
    for needed in ("approute/py.typed", "approute/models.pyi", "approute/_native.pyi", "approute/_resources.py"):
        assert needed in names, needed
    assert not any("tests" in name or name.endswith((".rs", ".toml")) for name in names), names
    [library] = [name for name in names if name.endswith((".so", ".pyd"))]
    content = archive.read(library)
    metadata = archive.read(next(name for name in names if name.endswith("METADATA"))).decode()
    licences = [name for name in names if "/licenses/" in name]
    assert licences, "the wheel has no licence"
if sys.platform == "linux":
    # The versions of glibc's symbols that the library asks for, from its table of versions.
    asked = {tuple(map(int, found)) for found in re.findall(rb"\0GLIBC_(\d+)\.(\d+)", content)}
    assert asked, "no versions found"
    assert max(asked) <= (2, 28), f"needs glibc {max(asked)}"
    print("needs glibc", ".".join(map(str, max(asked))))
required = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
assert not required, required
assert "Requires-Python: >=3.10" in metadata
with tarfile.open(sdist) as archive:
    names = archive.getnames()
    assert any(name.endswith("core/bridge/Cargo.toml") for name in names), "the sdist lacks the core"
print(wheel.name, f"{wheel.stat().st_size / 2**20:.1f} MiB;", sdist.name, f"{sdist.stat().st_size / 2**20:.1f} MiB")
