// SPDX-License-Identifier: Apache-2.0
// Ranges for NVIDIA's profilers: see nvtx.h.
#include "cuda/nvtx.h"

#include <nvtx3/nvToolsExt.h>

#include "engine/range.h"

namespace unmask {
namespace {

constexpr RangeListener listener{[](const char* name) { nvtxRangePushA(name); }, [] { nvtxRangePop(); }};

}  // namespace

void install_nvtx_ranges() {
    set_range_listener(&listener);
}

}  // namespace unmask
