// SPDX-License-Identifier: Apache-2.0
// Where a tensor lives.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace unmask {

enum class DeviceType : uint8_t { cpu, cuda };

struct Device {
    DeviceType type = DeviceType::cpu;
    int index = 0;
    bool operator==(const Device&) const = default;
};

inline constexpr Device cpu_device{};

// "cpu", "cuda", "cuda:1".
[[nodiscard]] std::string name_of(Device device);
// The reverse; Error lists the names when there is no such device name.
[[nodiscard]] Device parse_device(std::string_view name);

}  // namespace unmask
