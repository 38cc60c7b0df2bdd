// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace unmask {

// Whether this is the small build of libunmask, whose ops record nothing for gradients and have no kernels in
// float64: compilers leave out of it what only these need.
inline constexpr bool inference_only = UNMASK_INFERENCE_ONLY;

}  // namespace unmask
