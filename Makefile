# SPDX-License-Identifier: Apache-2.0
# make demo | test | build | bench | asan | gpu-bundle: each installs what is missing (Debian packages), configures and builds first.
.POSIX:
.PHONY: demo build test bench asan gpu-bundle dependencies clean

PRESET = release
DEMO_OUT = build/demo

demo: build
	build/$(PRESET)/bin/unmask demo --out $(DEMO_OUT)

build: dependencies
	cmake --preset $(PRESET)
	cmake --build --preset $(PRESET)

# Every test, on the build with every library and on the portable one.
test: dependencies
	cmake/run_tests.sh release portable

# How fast pictures are decoded, augmented and loaded, in CPU time. UNMASK_BENCH_PICTURES=DIR takes pictures of your own.
bench: build
	build/$(PRESET)/bin/loader_bench

# The tests under the address and undefined-behaviour sanitizers.
asan: dependencies
	cmake/run_tests.sh asan

# Programs, cases and scripts for a machine with a GPU (docs/gpu-runs.md): build/gpu-bundle/unmask-gpu-bundle.tar.gz.
# Needs the CUDA toolkit and cuDNN here, no GPU.
gpu-bundle: dependencies
	cmake --preset gpu-bundle
	cmake --build --preset gpu-bundle
	bench/gpu/make_bundle.sh build/gpu-bundle

dependencies:
	cmake/install_dependencies.sh

clean:
	rm -rf build
