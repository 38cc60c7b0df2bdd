// SPDX-License-Identifier: Apache-2.0
// Networks that were given their pictures as BGR, as the paper's code does, which normalises them with the
// statistics of RGB in that order.
#pragma once

#include <map>
#include <string>

#include "models/checkpoint.h"

namespace unmask {

// Exchanges the first and third input channel of every branch's first convolution (OHWI), in fresh memory:
// the network takes RGB where it took BGR, and back.
void exchange_red_and_blue(std::map<std::string, Tensor>& state);
// The statistics of the same channels.
void exchange_red_and_blue(Preprocessing& preprocessing);

}  // namespace unmask
