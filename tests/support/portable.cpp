// SPDX-License-Identifier: Apache-2.0
// UNMASK_PORTABLE=1 in the environment of a test program: oneDNN is left out, as in a build without it.
#include <cstdlib>

#include "engine/kernel.h"

namespace unmask {
namespace {

[[maybe_unused]] const bool left_out = [] {
    if (std::getenv("UNMASK_PORTABLE") != nullptr) set_onednn_enabled(false);
    return true;
}();

}  // namespace
}  // namespace unmask
