# SPDX-License-Identifier: Apache-2.0
# make demo | test | test-portable | minimal | build | bench | bench-peers | bench-growth | asan | fuzz | gpu-bundle: each installs what is missing (Debian packages), configures and builds first.
.POSIX:
.PHONY: demo build test test-portable minimal bench bench-peers bench-growth asan fuzz gpu-bundle configured dependencies test-dependencies clean

PRESET = release
DEMO_OUT = build/demo
BENCH_OPTIONS =

demo: configured
	cmake --build --preset $(PRESET) --target unmask
	build/$(PRESET)/bin/unmask demo --out $(DEMO_OUT)

# What `cmake --install` installs, without tests and benchmarks.
build: configured
	cmake --build --preset $(PRESET) --target unmask unmask_mini unmask_shared unmask_static

# Every test, on the build with every library; layers, losses and models a second time without oneDNN.
test: test-dependencies
	cmake/run_tests.sh release

# The tests of what kernels compute, on a build without oneDNN, MPI, libturbojpeg and the HTTP server.
test-portable: test-dependencies
	cmake/run_tests.sh portable

# libunmask for small machines (docs/embedding.md), its sizes and tests: by gcc, by clang, and for 64-bit ARM by qemu-user.
minimal:
	cmake/install_dependencies.sh tests minimal
	cmake/run_tests.sh minimal minimal-clang minimal-aarch64

# How fast ops, detector, loader and start-up are, three repetitions each: JSON in build/bench, which
# bench/compare_results.py compares with others, and a page. BENCH_OPTIONS=--out writes both to bench/results.
# UNMASK_BENCH_PICTURES=DIR takes pictures of your own.
bench: build
	cmake --build --preset $(PRESET) --target op_bench detector_bench loader_bench startup_bench
	bench/run_benchmarks.sh build/$(PRESET)/bin build/bench
	python3 bench/bench_page.py build/bench $(BENCH_OPTIONS)

# The same work in PyTorch (python3-torchvision) and ONNX Runtime (npm's onnxruntime-node, in the folder UNMASK_ONNXRUNTIME_NODE),
# alternating with ours, and the goals. BENCH_OPTIONS: --rounds 1, --only resnet34, --out (writes to bench/results).
bench-peers: build
	python3 bench/peers/alternate.py --unmask build/$(PRESET)/bin/unmask $(BENCH_OPTIONS)

# Time and memory against batch, image size, branches and threads: a table and a plot in build/growth.
bench-growth: build
	python3 bench/growth.py --unmask build/$(PRESET)/bin/unmask --out build/growth $(BENCH_OPTIONS)

# The tests under the address and undefined-behaviour sanitizers.
asan: test-dependencies
	cmake/run_tests.sh asan

# Every reader of files from elsewhere on inputs made to break it, a minute each (UNMASK_FUZZ_SECONDS). Needs clang.
fuzz:
	cmake/install_dependencies.sh fuzz
	cmake --preset fuzz
	cmake --build --preset fuzz
	tests/fuzz/run_fuzzers.sh build/fuzz

# Programs, cases and scripts for a machine with a GPU (docs/gpu-runs.md): build/gpu-bundle/unmask-gpu-bundle.tar.gz.
# Needs the CUDA toolkit and cuDNN here, no GPU.
gpu-bundle: dependencies
	cmake --preset gpu-bundle -DUNMASK_UNITY=$${UNMASK_UNITY:-OFF}
	cmake --build --preset gpu-bundle
	bench/gpu/make_bundle.sh build/gpu-bundle

configured: dependencies
	cmake --preset $(PRESET)

dependencies:
	cmake/install_dependencies.sh

# With what only tests use: a browser, PyTorch and ONNX, whose tests are skipped without them.
test-dependencies:
	cmake/install_dependencies.sh tests

clean:
	rm -rf build
