// SPDX-License-Identifier: Apache-2.0
// A stand-in for the driver's library (libcuda.so.1), which cuDNN loads by that name: with it, and without a
// GPU, cuDNN makes plans of engines that it compiles when a plan is built, for devices that are described to
// it. What they compile is kept and never runs. Nothing else of the driver is there.
#pragma once

#include <string>
#include <vector>

namespace unmask::fake_driver {

struct Kernel {
    std::string name;
    bool adds_atomically = false;  // floats in global memory by RED or ATOMG: in an order that no run repeats
};

// Of all images that were loaded since the last call.
[[nodiscard]] std::vector<Kernel> take_loaded();

// The kernels of an image for compute capability 8.0 to 9.0: an ELF file as nvcc -cubin writes one.
// std::invalid_argument for anything else.
[[nodiscard]] std::vector<Kernel> kernels_of(const void* image);

}  // namespace unmask::fake_driver
