// SPDX-License-Identifier: Apache-2.0
#include "engine/device.h"

#include <fmt/format.h>

#include <charconv>

#include "engine/error.h"

namespace unmask {

std::string name_of(Device device) {
    if (device.type == DeviceType::cpu) return "cpu";
    return device.index == 0 ? "cuda" : fmt::format("cuda:{}", device.index);
}

Device parse_device(std::string_view name) {
    if (name == "cpu") return cpu_device;
    if (name == "cuda") return {DeviceType::cuda, 0};
    constexpr std::string_view prefix = "cuda:";
    if (name.starts_with(prefix)) {
        int index = 0;
        const char* end = name.data() + name.size();
        const auto [stop, error] = std::from_chars(name.data() + prefix.size(), end, index);
        if (error == std::errc() && stop == end && index >= 0) return {DeviceType::cuda, index};
    }
    fail("expected a device of cpu, cuda or cuda:N, found '{}'", name);
}

}  // namespace unmask
