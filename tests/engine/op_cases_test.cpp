// SPDX-License-Identifier: Apache-2.0
// Every row of the op-case table: gradients against finite differences, backends against each other and
// against float64, the same bytes whatever the number of threads; and every refusal of the table.
#include "tests/support/op_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "engine/kernel.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"
#include "tests/support/expect_error.h"
#include "tests/support/gradcheck.h"
#include "tests/support/thread_scope.h"

namespace unmask {

// What GoogleTest prints of a parameter.
void PrintTo(const OpCase& op_case, std::ostream* stream) {
    *stream << op_case.name;
}
void PrintTo(const BadCall& call, std::ostream* stream) {
    *stream << call.name;
}

namespace {

const auto name_of_parameter = [](const auto& info) { return info.param.name; };

class OpCases : public testing::TestWithParam<OpCase> {};
class BadCalls : public testing::TestWithParam<BadCall> {};

INSTANTIATE_TEST_SUITE_P(Table, OpCases, testing::ValuesIn(op_cases()), name_of_parameter);
INSTANTIATE_TEST_SUITE_P(Table, BadCalls, testing::ValuesIn(bad_calls()), name_of_parameter);

void expect_close(const OpCase& op_case, const Evaluation& found, const Evaluation& expected,
                  const char* what) {
    const Difference forward = difference(found.y, expected.y);
    EXPECT_LE(forward.relative, op_case.bounds.forward) << what << ", largest " << forward.largest;
    for (size_t i = 0; i < op_case.inputs.size(); ++i) {
        ASSERT_EQ(found.gradients[i].defined(), expected.gradients[i].defined()) << op_case.inputs[i].name;
        if (!found.gradients[i].defined()) continue;
        const Difference gradient = difference(found.gradients[i], expected.gradients[i]);
        EXPECT_LE(gradient.relative, op_case.bounds.gradient)
            << what << ", gradient of " << op_case.inputs[i].name << ", largest " << gradient.largest;
    }
}

void expect_same_bytes(const OpCase& op_case, const Evaluation& found, const Evaluation& expected,
                       const char* what) {
    EXPECT_TRUE(same_bytes(found.y, expected.y)) << what;
    for (size_t i = 0; i < op_case.inputs.size(); ++i)
        if (expected.gradients[i].defined()) {
            EXPECT_TRUE(same_bytes(found.gradients[i], expected.gradients[i]))
                << what << ", gradient of " << op_case.inputs[i].name;
        }
}

TEST_P(OpCases, GradientsAgreeWithFiniteDifferences) {
    const ThreadScope one_thread(1);  // thousands of small calls
    const GradcheckResult result = gradcheck(GetParam());
    EXPECT_EQ(result.failure, "");
    int64_t wanted = 0;
    for (const OpInput& input : GetParam().inputs) wanted += input.differentiable ? input.shape.numel() : 0;
    EXPECT_EQ(result.checks > 0, wanted > 0);
}

TEST_P(OpCases, PortableFloat32AgreesWithFloat64) {
    const PortableScope portable;
    expect_close(GetParam(), evaluate(GetParam(), DType::f32), evaluate(GetParam(), DType::f64), "portable");
}

TEST_P(OpCases, OneDnnAgreesWithPortableAndFloat64) {
    if (!onednn_available()) GTEST_SKIP() << "this build has no oneDNN";
    const Evaluation library = evaluate(GetParam(), DType::f32);
    const PortableScope portable;
    expect_close(GetParam(), library, evaluate(GetParam(), DType::f64), "oneDNN against float64");
    expect_close(GetParam(), library, evaluate(GetParam(), DType::f32), "oneDNN against portable");
}

// Of the other ops nothing depends on it.
class ConvolutionCases : public testing::TestWithParam<OpCase> {};
std::vector<OpCase> convolution_cases() {
    std::vector<OpCase> result;
    std::ranges::copy_if(op_cases(), std::back_inserter(result),
                         [](const OpCase& op_case) { return op_case.op == "conv2d"; });
    return result;
}
INSTANTIATE_TEST_SUITE_P(Table, ConvolutionCases, testing::ValuesIn(convolution_cases()), name_of_parameter);

TEST_P(ConvolutionCases, ByWinogradsAlgorithmAgreeWithFloat64) {
    const ComputeModeScope mode({.winograd = Winograd::all});
    expect_close(GetParam(), evaluate(GetParam(), DType::f32), evaluate(GetParam(), DType::f64), "Winograd");
}

TEST_P(OpCases, SameBytesForAnyNumberOfThreads) {
    const PortableScope portable;
    const auto evaluate_with = [](int threads) {
        const ThreadScope scope(threads);
        return evaluate(GetParam(), DType::f32);
    };
    const Evaluation one = evaluate_with(1);
    expect_same_bytes(GetParam(), evaluate_with(2), one, "two threads");
    expect_same_bytes(GetParam(), evaluate_with(2), one, "two threads once more");
    expect_same_bytes(GetParam(), evaluate_with(3), one, "three threads");
}

TEST_P(BadCalls, AreRefused) {
    std::vector<std::string> texts = GetParam().found;
    texts.insert(texts.end(), {GetParam().op + ":", "expected ", "found "});
    expect_error(GetParam().call, texts);
}

TEST(OpTable, NamesAreUniqueAndStartWithTheOp) {
    std::set<std::string> names;
    for (const OpCase& op_case : op_cases()) {
        EXPECT_TRUE(names.insert(op_case.name).second) << op_case.name;
        EXPECT_EQ(op_case.name.rfind(op_case.op, 0), 0u) << op_case.name;
    }
}

// The public functions of the op headers, by their declarations.
TEST(OpTable, HasARowForEveryOp) {
    std::set<std::string> covered;
    for (const OpCase& op_case : op_cases()) covered.insert(op_case.op);
    const std::regex declaration(
        R"(^\[\[nodiscard\]\] (?:Variable|Tensor|std::vector<Variable>|InformationObjective) (\w+)\()");
    int found = 0;
    for (const auto& entry : std::filesystem::directory_iterator("engine/ops")) {
        if (entry.path().extension() != ".h") continue;
        std::ifstream header(entry.path());
        for (std::string line; std::getline(header, line);) {
            std::smatch match;
            if (!std::regex_search(line, match, declaration)) continue;
            ++found;
            if (match[1] == "gather_batch") continue;               // wants ranks: gradient_exchange_test.cpp
            if (entry.path().stem() == "compact_conv2d") continue;  // float32 alone: compact_conv2d_test.cpp
            // 8-bit integers: tests/cpu/quantize_test.cpp, quantized_conv2d_test.cpp
            if (entry.path().stem() == "quantize" || entry.path().stem() == "quantized_conv2d") continue;
            EXPECT_TRUE(covered.contains(match[1]))
                << match[1] << " of " << entry.path() << " has no op case";
        }
    }
    EXPECT_GE(found, 40);
}

}  // namespace
}  // namespace unmask
