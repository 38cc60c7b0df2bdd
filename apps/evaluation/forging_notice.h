// SPDX-License-Identifier: Apache-2.0
// What the user should know about forgeries that a dataset makes.
#pragma once

#include "data/dataset.h"

namespace unmask {

// Says how many real faces are forged, and how many of them have no landmarks; nothing where nothing is.
void tell_about_forging(const FaceDataset& dataset);

}  // namespace unmask
