// SPDX-License-Identifier: Apache-2.0
// Less memory for more time: a part of the forward pass that backward runs again, so that nothing in between
// is kept (Chen et al., "Training deep nets with sublinear memory cost", 2016).
#pragma once

#include <functional>

#include "engine/variable.h"

namespace unmask {

// body(x); for backward x alone is kept, and body is run again when its turn comes. From the same x it must
// compute the same, change nothing else where recomputing() says so, and share no parameter with what is
// outside of it.
[[nodiscard]] Variable recompute(const Variable& x, std::function<Variable(const Variable&)> body);

// Whether this thread runs a body again.
[[nodiscard]] bool recomputing();

}  // namespace unmask
