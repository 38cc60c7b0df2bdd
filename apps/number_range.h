// SPDX-License-Identifier: Apache-2.0
// What numbers of the command line are checked with.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

namespace unmask {

// A number from low to high; unlike CLI::Range it refuses one that is none (nan).
[[nodiscard]] inline CLI::Validator number_range(double low, double high) {
    const std::string expected = fmt::format("a number from {} to {}", low, high);
    return {[low, high, expected](std::string& text) -> std::string {
                double number = 0;
                if (CLI::detail::lexical_cast(text, number) && std::isfinite(number) && number >= low &&
                    number <= high)
                    return {};
                return fmt::format("expected {}, found \"{}\"", expected, text);
            },
            fmt::format("[{} - {}]", low, high)};
}

// Seeds that every command, recipe and run.json takes: 0 … 2^63 - 1.
[[nodiscard]] inline CLI::Validator seed_range() {
    return CLI::Range(uint64_t{0}, uint64_t(std::numeric_limits<int64_t>::max()), "SEED");
}

}  // namespace unmask
