// SPDX-License-Identifier: Apache-2.0
// The other programs of the exchange tests: PyTorch, ONNX's checker, ONNX Runtime. Where one is missing its
// tests are skipped and say why.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "engine/ops/layout.h"
#include "models/detector.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

// Runs the line and returns whether it succeeded; what it says goes to `log`.
inline bool runs(const std::string& line, const std::filesystem::path& log) {
    const int status = std::system((line + " >" + log.string() + " 2>&1 </dev/null").c_str());
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// python3 with a script beside this file.
inline std::string python_line(const std::string& script, const std::string& arguments) {
    return std::string("OMP_NUM_THREADS=2 ") + UNMASK_PYTHON + " " + UNMASK_EXCHANGE_TESTS + "/" + script +
           " " + arguments;
}

// The pictures that all sides compute with: NHWC here, NCHW in the file.
inline Tensor peer_pictures(int64_t size) {
    std::vector<float> values(static_cast<size_t>(2 * size * size * 3));
    uint32_t state = 1;
    for (size_t i = 0; i < values.size(); ++i) {
        state = state * 1664525u + 1013904223u;
        const float noise = float(state >> 8) / float(1 << 23) - 1.f;
        // The second is of large shapes.
        values[i] = i < values.size() / 2 ? noise : 0.3f * noise + (i / 9000 % 2 == 0 ? 1.f : -0.5f);
    }
    return Tensor::from<float>({2, size, size, 3}, values);
}
inline void write_nchw(const std::filesystem::path& path, const Tensor& pictures) {
    const Tensor planes = permute(pictures, {0, 3, 1, 2}).value();
    std::ofstream(path, std::ios::binary)
        .write(static_cast<const char*>(planes.raw()), std::streamsize(planes.bytes()));
}
// Numbers of a type in a file.
template <class Number>
std::vector<double> read_numbers(const std::filesystem::path& path) {
    const std::string bytes = bytes_of(path);
    std::vector<Number> values(bytes.size() / sizeof(Number));
    std::memcpy(values.data(), bytes.data(), values.size() * sizeof(Number));
    return {values.begin(), values.end()};
}

// Each number within `tolerance` of the other, for pictures that make a difference.
inline void expect_near(const std::vector<double>& found, const std::vector<double>& expected,
                        double tolerance) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], tolerance) << i;
    ASSERT_GE(expected.size(), 4u);
    EXPECT_GT(std::abs(expected[0] - expected[2]), 10 * tolerance) << "the pictures make no difference";
}

}  // namespace unmask
