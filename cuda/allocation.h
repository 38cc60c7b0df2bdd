// SPDX-License-Identifier: Apache-2.0
// Memory of a device straight from the driver, for what keeps it: the pools, and whatever must not come from
// them.
#pragma once

#include <cstddef>

namespace unmask {

// nullptr when the device has no more.
[[nodiscard]] void* take_device_memory(int device, size_t bytes);
// Waits for the device. Never throws: when it fails, the device is gone and nothing is left to free.
void give_device_memory(int device, void* memory) noexcept;

}  // namespace unmask
