# SPDX-License-Identifier: Apache-2.0
"""What figures depend on: the machine in a line (as bench/program/machine_text.h says it), the commit, the date.

`python3 bench/context.py` prints the commit.
"""
import datetime
import os
import pathlib
import platform
import subprocess

TOLD_FLAGS = ["avx2", "fma", "avx_vnni", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16", "amx_tile",
              "amx_int8", "amx_bf16", "asimd", "asimddp", "sve", "i8mm", "bf16"]


def machine_text(cpuinfo, cores):
    """Of the text of a /proc/cpuinfo: a virtual machine may hide the model's name, so family, model and instructions stand beside it."""
    fields = {}
    for line in cpuinfo.splitlines():
        name, colon, value = line.partition(":")
        if not colon:
            break
        fields[name.strip()] = value.strip()
    flags = set((fields.get("flags") or fields.get("Features") or "").split())
    parts = [fields.get("model name"), *(f"{word} {fields[name]}" for word, name in (("family", "cpu family"), ("model", "model"))
                                         if fields.get(name)),
             f"{cores} core{'' if cores == 1 else 's'}", " ".join(flag for flag in TOLD_FLAGS if flag in flags)]
    return ", ".join(part for part in parts if part)


def machine():
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        text = ""
    return machine_text(text or f"model name: {platform.machine()}", os.cpu_count())


def commit():
    """Of the working tree, with +uncommitted where it was changed; 'unknown' outside of one."""
    def git(*words):
        return subprocess.run(["git", *words], capture_output=True, text=True, check=True,
                              cwd=pathlib.Path(__file__).resolve().parent).stdout.strip()

    try:
        return git("rev-parse", "--short", "HEAD") + ("+uncommitted" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def versions(said):
    """Of what `unmask --version` printed: itself, its compiler, and the libraries that it computes with."""
    lines = said.splitlines()
    return [lines[0], *(line for line in lines[1:] if line.startswith(("compiler:", "libraries:")))]


def today():
    return str(datetime.date.today())


def write(folder, texts):
    """Name -> text as files in the folder, each whole or not at all; their paths."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        part = folder / (name + ".part")
        part.write_text(text, encoding="utf-8")
        part.replace(folder / name)
    return [str(folder / name) for name in texts]


def self_test():
    cpuinfo = ("processor\t: 0\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: fpu avx2 avx512f avx512_vnni sse2\n\n"
               "processor\t: 1\nmodel name\t: another\nflags\t\t: amx_tile\n")
    assert machine_text(cpuinfo, 2) == "AMD EPYC, family 26, model 2, 2 cores, avx2 avx512f avx512_vnni", machine_text(cpuinfo, 2)
    assert machine_text("Features\t: fp asimd sve2 i8mm\n", 1) == "1 core, asimd i8mm"
    assert versions("unmask 1\ncompiler: c\ncuda: no\nlibraries: oneDNN 2") == ["unmask 1", "compiler: c", "libraries: oneDNN 2"]
    assert machine_text("", 4) == "4 cores"


if __name__ == "__main__":
    print(commit())
