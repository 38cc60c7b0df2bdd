// SPDX-License-Identifier: Apache-2.0
// The machine that figures come from, in a line; bench/context.py says it in the same words.
#pragma once

#include <string>
#include <string_view>

namespace unmask {

// Of the text of a /proc/cpuinfo and a number of cores: "AMD EPYC, family 26, model 2, 2 cores, avx2
// avx512f". A virtual machine may hide the model's name, so family and model stand beside it, and the
// instructions that kernels choose by. What the text lacks is left out.
[[nodiscard]] std::string machine_text(std::string_view cpuinfo, int cores);

// Of this machine.
[[nodiscard]] std::string machine_text();

}  // namespace unmask
