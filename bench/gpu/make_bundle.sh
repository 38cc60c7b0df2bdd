#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# make_bundle.sh BUILD: gathers what a GPU run needs from a build of the preset gpu-bundle in BUILD/bundle and packs it.
set -eu
build=$1
cd "$(dirname "$0")/../.."
bundle=$build/bundle
rm -rf "$bundle" "$build/unmask-gpu-bundle.tar.gz"
mkdir -p "$bundle"
for program in unmask gpu_suite; do
    strip -o "$bundle/$program" "$build/bin/$program"
done
cp -r tests/parity/cases "$bundle/cases"
cp bench/gpu/run_gpu_suite.sh bench/gpu/suite_steps.sh LICENSE "$bundle"
for script in gpu_speed gpu_programs gpu_table torch_cpu torch_cuda torch_detector; do
    cp "bench/peers/$script.py" "$bundle"
done
chmod 755 "$bundle/run_gpu_suite.sh"
tar -C "$build" --transform 's,^bundle,unmask-gpu-bundle,' --owner 0 --group 0 -czf "$build/unmask-gpu-bundle.tar.gz" bundle

bytes=$(wc -c <"$build/unmask-gpu-bundle.tar.gz")
most=$((30 << 20))
if [ "$bytes" -gt "$most" ]; then
    echo "error: the bundle has $bytes bytes, expected at most $most" >&2
    exit 2
fi
for program in unmask gpu_suite; do
    # Everything else must be inside.
    foreign=$(readelf -d "$bundle/$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
        grep -v -E '^(lib(c|m|dl|rt|pthread)\.so|ld-linux|libcudnn\.so|libcublasLt\.so)' || true)
    if [ -n "$foreign" ]; then
        echo "error: $program needs shared libraries that other machines may lack: $foreign" >&2
        exit 2
    fi
    glibc=$(objdump -T "$bundle/$program" | grep -o 'GLIBC_[0-9.]*' | sort -Vu | tail -1)
    echo "$program: $(wc -c <"$bundle/$program") bytes, needs $glibc"
done
echo "$build/unmask-gpu-bundle.tar.gz: $bytes bytes"
