#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# install_dependencies.sh [tests] [minimal] [fuzz]: installs the Debian packages that the build needs and that are missing,
# and those for the tests, the minimal builds or the fuzz targets. Does nothing, and needs no privileges, where all are
# there.
set -eu

packages="g++ make cmake ninja-build pkg-config ccache
libfmt-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libtomlplusplus-dev libcsv-dev libstb-dev libxxhash-dev
libdnnl-dev libdlib-dev libdlib-data liblapack-dev libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libturbojpeg0-dev
libopenmpi-dev openmpi-bin libonnx-dev libprotobuf-dev libcpp-httplib-dev
libgtest-dev libbenchmark-dev"
for group in "$@"; do
    case $group in
    # The browser that opens the pages that unmask writes, and a font for it; programs that read and write the same models.
    tests) packages="$packages chromium fonts-dejavu-core python3-torchvision python3-onnx" ;;
    # Other compilers, and what runs programs for ARM.
    minimal) packages="$packages clang g++-aarch64-linux-gnu qemu-user" ;;
    fuzz) packages="$packages clang-19 libclang-rt-19-dev" ;;
    *)
        echo "error: expected tests, minimal or fuzz, found $group" >&2
        exit 2
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "error: expected a system with dpkg and apt-get (Debian), found none. Install what these packages of Debian hold" >&2
    echo "(README.md says what for, and what is optional), then: cmake --preset release && cmake --build --preset release" >&2
    echo "$packages" >&2
    exit 2
fi

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$status" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing"
if [ "$(id -u)" -eq 0 ]; then
    as_root=""
elif command -v sudo >/dev/null; then
    as_root="sudo"
else
    echo "error: these packages are missing and installing them needs root or sudo:$missing" >&2
    exit 2
fi
$as_root apt-get update -q
# shellcheck disable=SC2086  # the list is meant to be split
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing
