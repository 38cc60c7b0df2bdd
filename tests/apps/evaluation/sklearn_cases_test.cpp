// SPDX-License-Identifier: Apache-2.0
// The metrics against scikit-learn's on stored random cases (sklearn_cases.py made them): ties, one class
// alone, scores at and next to the ends.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "apps/evaluation/metrics.h"

namespace unmask {
namespace {

void expect_same(const nlohmann::json& expected, const std::optional<double>& found,
                 const std::string& what) {
    ASSERT_EQ(expected.is_null(), !found.has_value()) << what;
    if (!found) return;
    EXPECT_NEAR(*found, expected.get<double>(), 1e-12) << what;
}

TEST(SklearnCases, EveryMetricAgrees) {
    std::ifstream file("tests/apps/evaluation/sklearn_cases.json");
    ASSERT_TRUE(file) << "the tests run in the project's root";
    const auto stored = nlohmann::json::parse(file);
    ASSERT_GE(stored["cases"].size(), 20u);
    for (const auto& one : stored["cases"]) {
        const std::string name = one["name"];
        const BinaryMetrics found = binary_metrics(one["scores"].get<std::vector<double>>(),
                                                   one["labels"].get<std::vector<int>>(), one["threshold"]);
        expect_same(one["accuracy"], found.accuracy, name + ": accuracy");
        expect_same(one["auc"], found.auc, name + ": AUC");
        expect_same(one["eer"], found.eer, name + ": EER");
        expect_same(one["average_precision"], found.average_precision, name + ": AP");
        expect_same(one["log_loss"], found.log_loss, name + ": log loss");
    }
}

}  // namespace
}  // namespace unmask
