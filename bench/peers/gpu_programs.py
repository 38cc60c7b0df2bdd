# SPDX-License-Identifier: Apache-2.0
"""Runs a program of a GPU sitting and reads the lines of JSON that it prints; gpu_speed.py calls this.

Whatever a program does, the others are measured: what it printed before it failed or was ended is kept, what is no JSON
is left out with a note, and everything that it started ends with it.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

import gpu_table


def first_object(output):
    """The first JSON object that begins a line; other text may be around it."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("{"):
            return json.JSONDecoder().raw_decode("\n".join(lines[number:]))[0]
    raise ValueError("no JSON object")


def lines_of(program, output):
    """JSON lines of the peer, without what else it printed; the one object of unmask, marked as such."""
    if program == "unmask":
        return [{"program": "unmask", **first_object(output)}] if output.strip() else []
    return list(gpu_table.objects(output.splitlines(), "torch_detector.py", lambda note: print(note, flush=True)))


def usable(line):
    """Whether the table can be made of it."""
    try:
        if not line.get("ceilings") or "error" in line:
            gpu_table.case_of(line), gpu_table.variant_of(line)
            return "error" in line or line["seconds"] > 0 and line["peak_bytes"] >= 0
        return line["bytes_per_second"] > 0 and line["operations_per_second"] > 0
    except (KeyError, TypeError, AttributeError):
        return False


class Child:
    """The program at hand, with all that it starts, in a process group of its own."""

    group = None
    ended = False  # from outside

    @classmethod
    def kill(cls):
        if cls.group:
            try:
                os.killpg(cls.group, signal.SIGKILL)
            except ProcessLookupError:
                pass

    @classmethod
    def end(cls, *_):
        cls.ended = True
        cls.kill()

    @classmethod
    def run(cls, words, seconds, environment):
        """(stdout, stderr, exit code or None where it took too long); what it had printed till then is kept."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=environment,
                                  start_new_session=True) as process:
                cls.group = process.pid
                code = None
                try:
                    if cls.ended:
                        cls.kill()
                    code = process.wait(timeout=seconds)
                except subprocess.TimeoutExpired:
                    pass
                finally:
                    cls.kill()
                    cls.group = None
            texts = []
            for file in out, errors:
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
        return *texts, code


def environment_of(program, args):
    if program == "unmask":
        return {**os.environ, "LD_LIBRARY_PATH": args.libraries} if args.libraries else None
    if not args.cache:
        return None
    return {**os.environ, "TORCHINDUCTOR_CACHE_DIR": str(args.cache), "TORCHINDUCTOR_FX_GRAPH_CACHE": "1"}


def named(program, detail):
    return " ".join(["unmask", *detail]) if program == "unmask" else f"torch {detail}"


def about(program, detail, case, key, text):
    """A line that says what became of a program instead of its figures."""
    mode, backbone, branches, batch = case
    return {"mode": mode, "backbone": backbone, "branches": branches, "batch": batch, "variant": named(program, detail),
            key: text}


def run(program, detail, case, words, seconds, args):
    """The lines that the program printed, and one with "error" where it failed, "not_finished" where it was ended."""
    key, failure = "error", ""
    begin = time.monotonic()
    try:
        output, errors, code = Child.run(words, seconds, environment_of(program, args))
        if code is None or Child.ended:
            key, failure = "not_finished", f"the time was over after {time.monotonic() - begin:.0f} s"
        elif code:
            failure = f"exit code {code}"
    except OSError as error:
        output, errors, failure = "", "", str(error)
    sys.stderr.write(errors)
    try:
        lines = lines_of(program, "" if program == "unmask" and failure else output)
    except ValueError as error:
        lines, failure = [], failure or f"not JSON: {error}"
    for line in lines:
        if not usable(line):
            failure = failure or f"a line without figures: {json.dumps(line)[:80]}"
    lines = [line for line in lines if usable(line)]
    if not lines and not failure:
        failure = "printed nothing"
    if failure:
        last = errors.strip().splitlines()[-1:] if key == "error" else []
        lines.append(about(program, detail, case, key, " ".join([failure, *last])))
    return lines
