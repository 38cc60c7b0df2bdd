# SPDX-License-Identifier: Apache-2.0
"""Runs a program to its end: how long it took, the most memory it held, and what it said."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time


class Failed(Exception):
    """Why there is no result, in a line."""


def run(command, timeout=3600):
    """Wall-clock seconds, peak resident bytes and standard output. Failed where the program is missing, fails or takes longer.

    The resident set is this child's own, as the system counted it (wait4): the same measure for every program.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        begin = time.perf_counter()
        try:
            # Waited for below, by wait4.
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=err)  # pylint: disable=consider-using-with
        except OSError as problem:
            raise Failed(str(problem)) from None
        late = threading.Event()

        def stop():
            late.set()
            os.kill(child.pid, signal.SIGKILL)

        timer = threading.Timer(timeout, stop)
        timer.start()
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.kill()
            child.wait()
            raise
        finally:
            timer.cancel()
        seconds = time.perf_counter() - begin
        child.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (out, err):
            stream.seek(0)
            texts.append(stream.read().decode(errors="replace"))
    if late.is_set():
        raise Failed(f"took longer than {timeout} s")
    if child.returncode != 0:
        said = (texts[1].strip() or texts[0].strip()).splitlines()
        raise Failed(said[-1] if said else f"exit code {child.returncode}")
    return {"wall_seconds": seconds, "resident_bytes": usage.ru_maxrss * 1024, "output": texts[0]}


def run_json(command, **options):
    """What the program printed as JSON, with `resident_bytes`."""
    done = run(command, **options)
    try:
        result = json.loads(done["output"][done["output"].index("{"):])
    except ValueError:
        raise Failed(f"expected JSON, found {done['output'][:80]!r}") from None
    return {**result, "resident_bytes": done["resident_bytes"]}


def self_test():
    words = "import sys; held = b'x' * (%d * 10**6); print('said {\"seconds\": 2}')"
    small, large = (run_json([sys.executable, "-c", words % size]) for size in (1, 200))
    assert small["seconds"] == 2
    # Each child's own memory, whatever another one held before it.
    again = run_json([sys.executable, "-c", words % 1])
    assert large["resident_bytes"] > 200e6 > again["resident_bytes"] > 1e6, (small, large, again)
    for command, why in [(["/nowhere/program"], "No such file"), ([sys.executable, "-c", "import sys; sys.exit('broken')"], "broken"),
                         ([sys.executable, "-c", "print('nothing')"], "expected JSON"),
                         ([sys.executable, "-c", "import time; time.sleep(60)"], "took longer")]:
        try:
            run_json(command, timeout=1 if why == "took longer" else 60)
        except Failed as problem:
            assert why in str(problem), problem
        else:
            raise AssertionError(command)
