// SPDX-License-Identifier: Apache-2.0
// What the program answers on the emulated GPU beside what it answers on the CPU.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "data/image.h"
#include "tests/apps/run_program.h"

namespace unmask {

using Json = nlohmann::json;

// A precision to compute scores in, by how much they may then differ from the CPU's, and whether they do.
struct GpuPrecision {
    std::string name;
    double distance;
    bool rounds;
};
inline const GpuPrecision gpu_precisions[] = {{"f32", 1e-3, false}, {"bf16", 0.05, true}};

// What the program prints; it must succeed.
inline std::string outcome_of(const std::string& arguments) {
    const Outcome outcome = run_program(arguments);
    EXPECT_EQ(outcome.code, 0) << arguments << "\n" << outcome.errors;
    return outcome.output;
}

// Equal but for colours that are rounded otherwise.
inline void expect_alike(const Image& found, const Image& expected, const std::string& place) {
    ASSERT_EQ(found.width, expected.width) << place;
    ASSERT_EQ(found.height, expected.height) << place;
    for (size_t i = 0; i < found.pixels.size(); ++i)
        ASSERT_LE(std::abs(int(found.pixels[i]) - int(expected.pixels[i])), 2) << place;
}

// Equal but for numbers, which may be that far apart, and for what tells the computations apart.
inline void expect_alike(const Json& found, const Json& expected, double distance,
                         const std::string& place = "") {
    if (found.is_number() && expected.is_number()) {
        EXPECT_NEAR(found.get<double>(), expected.get<double>(), distance) << place;
        return;
    }
    ASSERT_EQ(found.type(), expected.type()) << place;
    if (!found.is_structured()) {
        EXPECT_EQ(found, expected) << place;
        return;
    }
    ASSERT_EQ(found.size(), expected.size()) << place;
    for (const auto& [key, value] : found.items()) {
        if (key == "device" || key == "precision" || key.find("seconds") != std::string::npos) continue;
        if (found.is_object()) {
            ASSERT_TRUE(expected.contains(key)) << place << "/" << key;
        }
        const Json& other = found.is_object() ? expected.at(key) : expected.at(std::stoul(key));
        expect_alike(value, other, distance, place + "/" + key);
    }
}

}  // namespace unmask
