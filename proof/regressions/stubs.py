"""Stand-ins for the CUDA libraries of a PyTorch wheel, so that it runs on a CPU without them.

    python -m proof.regressions.stubs ENVIRONMENT

Each missing library gets a file of its name in ``torch/lib``. Its functions return ``cudaErrorNoDevice`` (100), so
PyTorch finds no GPU. Needs ``readelf`` and ``gcc``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

SYSTEM = re.compile(r"(lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so|ld-linux)")
SYSTEM_VERSIONS = re.compile(r"GLIBC|GCC|CXXABI|GOMP|OMP")
SYSTEM_NAMES = re.compile(r"_ITM|__gmon|_ZN?K?St|__cxa|_Unwind|_?Py")
"""Symbols without a version that the system or the interpreter has."""

TEXTS = ("cudaGetErrorString", "cudaGetErrorName", "cudnnGetErrorString")


def written(*command: str) -> str:
    """What a command writes."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def linked(libraries: Sequence[Path]) -> tuple[set[str], Mapping[str, str]]:
    """The libraries that ``libraries`` need, and the symbols that none of them defines, with their versions."""
    needed: set[str] = set()
    wanted: dict[str, str] = {}
    defined: set[str] = set()
    for path in libraries:
        needed |= set(re.findall(r"NEEDED.*\[(.*?)\]", written("readelf", "-d", str(path))))
        for line in written("readelf", "-W", "--dyn-syms", str(path)).splitlines():
            fields = line.split()
            if len(fields) < 8 or not fields[0].endswith(":") or fields[4] == "LOCAL":
                continue
            name, _, version = fields[7].partition("@")
            if fields[6] != "UND":
                defined.add(name)
            else:
                wanted[name] = version.lstrip("@") or wanted.get(name, "")
    return needed, {
        name: version for name, version in wanted.items() if name not in defined and not system(name, version)
    }


def system(name: str, version: str) -> bool:
    """Whether a symbol is the system's or the interpreter's."""
    return bool(SYSTEM_VERSIONS.match(version) if version else SYSTEM_NAMES.match(name))


def code(name: str, cudnn: Sequence[int]) -> str:
    """A function in C. cuDNN must report the version that PyTorch was built with."""
    if name in TEXTS:
        return f'const char *{name}(void) {{ return "stub"; }}'
    if name == "cudnnGetVersion":
        return f"unsigned long {name}(void) {{ return {cudnn[0] * 10000 + cudnn[1] * 100 + cudnn[2]}; }}"
    if name == "cudnnGetProperty":
        values = f"kind == 0 ? {cudnn[0]} : kind == 1 ? {cudnn[1]} : {cudnn[2]}"
        return f"int {name}(int kind, int *value) {{ *value = {values}; return 0; }}"
    return f"int {name}(void) {{ return 100; }}"


def compile_stub(path: Path, symbols: Mapping[str, str], cudnn: Sequence[int]) -> None:
    """Build the library ``path`` with the functions ``symbols``."""
    versions: dict[str, list[str]] = {}
    for name, version in symbols.items():
        if version:
            versions.setdefault(version, []).append(name)
    with tempfile.TemporaryDirectory() as folder:
        source, script = Path(folder) / "stub.c", Path(folder) / "stub.map"
        source.write_text("\n".join([*(code(name, cudnn) for name in symbols), "int stub;"]) + "\n", encoding="utf-8")
        script.write_text("".join(f"{v} {{ global: {'; '.join(names)}; }};\n" for v, names in versions.items()))
        options = [f"-Wl,--version-script={script}"] if versions else []
        build = ["gcc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,-soname,{path.name}", *options]
        written(*build, "-o", str(path), str(source))


def stub(environment: Path, cudnn: Sequence[int]) -> Sequence[str]:
    """Write the libraries that PyTorch lacks in ``environment``; their names."""
    folder = next(environment.glob("lib/python3*/site-packages/torch/lib"))
    marks = {mark.stem for mark in folder.glob("*.stub")}
    libraries = [path for path in (*folder.glob("*.so*"), *folder.parent.glob("_C*.so")) if path.suffix != ".stub"]
    libraries = [path for path in libraries if path.name not in marks]
    needed, symbols = linked(libraries)
    missing = sorted(name for name in needed - {path.name for path in libraries} if not SYSTEM.match(name))
    homes: dict[str, dict[str, str]] = {name: {} for name in missing}
    for name, version in symbols.items():
        homes[version if version in homes else missing[0]][name] = version
    for name, own in homes.items():
        compile_stub(folder / name, own, cudnn)
        (folder / f"{name}.stub").touch()
    return missing


def main() -> int:
    """Twice: only what is there can tell which cuDNN it was built with."""
    environment = Path(sys.argv[1])
    stub(environment, (0, 0, 0))
    ask = "import torch; print(*torch._C._cudnn.getCompileVersion())"
    version = [int(part) for part in written(str(environment / "bin" / "python"), "-c", ask).split()]
    print(f"{environment}: {', '.join(stub(environment, version))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
