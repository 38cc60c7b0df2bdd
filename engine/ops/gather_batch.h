// SPDX-License-Identifier: Apache-2.0
// The whole batch on every rank, from the part that each holds.
#pragma once

#include "engine/communicator.h"
#include "engine/variable.h"

namespace unmask {

// x [n, …] of every rank -> [n · size, …], the same on all. What follows is computed on every rank from the
// whole batch, so that its gradient is complete: backward takes the rows of this rank and adds nothing up.
[[nodiscard]] Variable gather_batch(const Variable& x, Communicator& communicator);

}  // namespace unmask
