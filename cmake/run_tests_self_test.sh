#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# run_tests_self_test.sh: run_tests.sh with programs that stand in for CMake and CTest.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/cmake" "$work/tools"
cp "$here/run_tests.sh" "$work/cmake"

program() { # NAME: a program of the lines on standard input
    { echo '#!/bin/sh'; cat; } >"$work/tools/$1"
    chmod 755 "$work/tools/$1"
}
program cmake <<'END'
echo "cmake $*"
END
# Says what a test program says of a test that was skipped, in its log; nothing at all where it is broken.
program ctest <<'END'
[ "$2" != broken ] || exit 3
folder="build/$2/Testing/Temporary"
mkdir -p "$folder"
cat >"$folder/LastTest.log" <<LOG
[ RUN      ] Suite.One
one_test.cpp:7: Skipped
no browser here
[  SKIPPED ] Suite.One (0 ms)
[       OK ] Suite.Two (1 ms)
LOG
[ "$2" != failing ] || exit 8
END
export PATH="$work/tools:$PATH"

suite() { # EXPECTED_CODE PRESET…
    expected=$1
    shift
    code=0
    said=$(sh "$work/cmake/run_tests.sh" "$@") || code=$?
    [ "$code" = "$expected" ] || { echo "run_tests.sh $*: expected exit code $expected, found $code: $said"; exit 1; }
}
says() { # TIMES LINE
    count=$(printf '%s\n' "$said" | grep -cFx "$2") || true
    [ "$count" = "$1" ] || { echo "expected $1 times '$2', found $count: $said"; exit 1; }
}

suite 0 passing another
says 2 "skipped: Suite.One: no browser here"
# One that fails names them too, still fails, and is the last.
suite 8 failing passing
says 1 "skipped: Suite.One: no browser here"
says 0 "== passing"
# A log of an earlier run is not this one's.
mkdir -p "$work/build/broken/Testing/Temporary"
cp "$work/build/passing/Testing/Temporary/LastTest.log" "$work/build/broken/Testing/Temporary"
suite 3 broken
says 0 "skipped: Suite.One: no browser here"
# The release preset alone takes switches from the environment; folders are no units where it says nothing.
unset UNMASK_CUDA UNMASK_UNITY
suite 0 release
says 1 "cmake --preset release -DUNMASK_UNITY=OFF"
export UNMASK_CUDA=OFF UNMASK_UNITY=ON
suite 0 release another
says 1 "cmake --preset release -DUNMASK_CUDA=OFF -DUNMASK_UNITY=ON"
says 1 "cmake --preset another"
