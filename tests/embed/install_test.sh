#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs libunmask into a temporary folder, builds its examples against that by CMake and by pkg-config, shared and
# static, in C and C++, with a model compiled in, and compares what they print with unmask-mini. Moves the tree once, as
# packages are.
# install_test.sh BUILD SOURCE MAKE_FIXTURE WRITE_HEADER; from the environment: CC, CXX, CMAKE, the VERSION that is expected,
# the toolchain file TOOLCHAIN, the EMULATOR that runs programs, and LINKS (libraries that the compiler cannot find itself).
set -eu
build=$1 source=$2 make_fixture=$3 write_header=$4
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
fail() {
    echo "FAILED: $*" >&2
    exit 1
}
run() { ${EMULATOR:-} "$@"; }

DESTDIR= "$CMAKE" --install "$build" --prefix "$folder/first" >"$folder/log" || fail "install: $(cat "$folder/log")"
mv "$folder/first" "$folder/tree"
library=$(dirname "$(find "$folder/tree" -name libunmask.a)")
export LD_LIBRARY_PATH="$library${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
[ -n "${EMULATOR:-}" ] && EMULATOR="$EMULATOR -E LD_LIBRARY_PATH=$library"

run "$make_fixture" "$folder"
model=$folder/model.safetensors
run "$write_header" "$model" >"$folder/model.h"
expected=""
for k in 0 1; do
    score=$(run "$folder/tree/bin/unmask-mini" "$model" "$folder/picture_$k.bmp" | awk '{print $2}')
    [ -n "$score" ] || fail "unmask-mini gave no score"
    expected="$expected$score
"
done
mini=$folder/tree/bin/unmask-mini
[ "$(run "$mini" --version)" = "unmask-mini $VERSION" ] || fail "unmask-mini --version: found '$(run "$mini" --version)'"
run "$mini" --help | grep -q "^usage: unmask-mini" || fail "unmask-mini --help: no usage on standard output"
for asked in --version --help; do
    run "$mini" "$asked" >"$folder/log" || fail "unmask-mini $asked: exit status $?"
done
for wrong in "" "$model" "--threads 1"; do
    # shellcheck disable=SC2086  # none, one or two words
    if run "$mini" $wrong >"$folder/log" 2>&1; then fail "unmask-mini took '$wrong' for pictures"; fi
    grep -q "expected a model file first and at least one picture" "$folder/log" || fail "unmask-mini $wrong: found '$(cat "$folder/log")'"
done
for wrong in "--weights f64" "--box 1,2,3" "--threads many" "--wieghts f32"; do
    # shellcheck disable=SC2086  # an option and its value
    if run "$mini" "$model" $wrong "$folder/picture_0.bmp" >"$folder/log" 2>&1; then fail "unmask-mini took $wrong"; fi
    grep -q -e "found \"$wrong\"" "$folder/log" || fail "unmask-mini $wrong: found '$(cat "$folder/log")'"
done
first=$(echo "$expected" | head -1)
[ "$first" != "$(echo "$expected" | sed -n 2p)" ] || fail "both pictures have one score"

# expect NAME WANTED COMMAND…
expect() {
    name=$1 wanted=$2
    shift 2
    found=$(run "$@") || fail "$name: exit code $?"
    [ "$found" = "$wanted" ] || fail "$name: expected '$wanted', found '$found'"
    echo "ok: $name"
}
check_programs() {  # NAME C CPP
    expect "$1, C" "$first" "$2" "$model" 80 60 "$folder/picture_0.rgb"
    expect "$1, C++ with threads" "$(printf %s "$expected")" "$3" "$model" 80 60 "$folder/picture_0.rgb" "$folder/picture_1.rgb"
}

"$CMAKE" -S "$source/embed/examples" -B "$folder/by_cmake" -DCMAKE_PREFIX_PATH="$folder/tree" -DCMAKE_FIND_ROOT_PATH="$folder/tree" \
    -DCMAKE_C_COMPILER="$CC" -DCMAKE_CXX_COMPILER="$CXX" ${TOOLCHAIN:+-DCMAKE_TOOLCHAIN_FILE="$TOOLCHAIN"} \
    -DEXAMPLE_MODEL_HEADER="$folder/model.h" \
    -DCMAKE_C_FLAGS="-std=c11 -Wall -Wextra -Wpedantic -Werror" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Wpedantic -Werror" >"$folder/log" 2>&1 &&
    "$CMAKE" --build "$folder/by_cmake" >>"$folder/log" 2>&1 || fail "CMake: $(cat "$folder/log")"
for kind in shared static; do
    check_programs "CMake, $kind" "$folder/by_cmake/score_c_$kind" "$folder/by_cmake/score_cpp_$kind"
done
expect "a model compiled in" "$first" "$folder/by_cmake/score_embedded" 80 60 "$folder/picture_0.rgb"

command -v pkg-config >/dev/null || fail "pkg-config is missing"
export PKG_CONFIG_LIBDIR="$library/pkgconfig"
[ "$(pkg-config --modversion unmask)" = "$VERSION" ] || fail "pkg-config: expected version $VERSION"
[ "$(realpath "$(pkg-config --variable=prefix unmask)")" = "$(realpath "$folder/tree")" ] ||
    fail "pkg-config: the prefix is $(pkg-config --variable=prefix unmask)"
for kind in shared static; do
    flags=$(pkg-config --cflags unmask)
    # Of the two libraries with one name a linker takes the shared one.
    [ $kind = static ] && links="$library/libunmask.a $(pkg-config --static --libs-only-l unmask | sed 's/-lunmask //')" ||
        links=$(pkg-config --libs unmask)
    # shellcheck disable=SC2086  # flags are lists
    "$CC" -std=c11 $flags "$source/embed/examples/score.c" -o "$folder/c_$kind" $links ${LINKS:-} &&
        "$CXX" -std=c++17 $flags "$source/embed/examples/score.cpp" -o "$folder/cpp_$kind" $links -lpthread ${LINKS:-} ||
        fail "pkg-config, $kind"
    check_programs "pkg-config, $kind" "$folder/c_$kind" "$folder/cpp_$kind"
done

# Run without any other file: the model compiled in, the static library, an empty folder.
(cd "$(mktemp -d -p "$folder")" && expect "from an empty folder" "$first" "$folder/by_cmake/score_embedded" 80 60 "$folder/picture_0.rgb")
