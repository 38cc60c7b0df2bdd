# SPDX-License-Identifier: Apache-2.0
# make demo | test | build | asan: each installs what is missing (Debian packages), configures and builds first.
.POSIX:
.PHONY: demo build test asan dependencies clean

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

# The tests under the address and undefined-behaviour sanitizers.
asan: dependencies
	cmake/run_tests.sh asan

dependencies:
	cmake/install_dependencies.sh

clean:
	rm -rf build
