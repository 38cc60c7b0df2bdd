// SPDX-License-Identifier: Apache-2.0
// That a program of tests runs every kernel of some files of cuda/, in every order of threads.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "tests/simt/order_scope.h"

namespace unmask {

// Looked at when all tests of the program have run.
class KernelCoverage final : public testing::Environment {
  public:
    // `responsible(file name)`: whether its kernels are this program's to run.
    explicit KernelCoverage(std::function<bool(const std::string&)> responsible)
        : responsible_(std::move(responsible)) {}

    void TearDown() override {
        if (testing::GTEST_FLAG(filter) != "*") return;  // not all of them ran
        std::map<std::string, std::set<simt::Order>> ran;
        const std::regex name("[A-Za-z0-9_]+_kernel");
        for (const auto& [launch, orders] : simt::kernels_run())
            if (std::smatch found; std::regex_search(launch, found, name))
                ran[found.str()].insert(orders.begin(), orders.end());
        int kernels = 0;
        for (const auto& entry : std::filesystem::directory_iterator("cuda")) {
            const std::string file = entry.path().filename().string();
            if (!file.ends_with(".cu") && !file.ends_with(".cuh")) continue;
            if (!responsible_(file)) continue;
            std::ifstream stream(entry.path());
            const std::string text{std::istreambuf_iterator<char>(stream), {}};
            const std::regex definition("__global__ void [^{;]*?([A-Za-z0-9_]+_kernel)\\(");
            for (std::sregex_iterator it(text.begin(), text.end(), definition), end; it != end;
                 ++it, ++kernels)
                for (const simt::Order order : simt::orders)
                    EXPECT_TRUE(ran[(*it)[1]].contains(order)) << file << ": no test runs " << (*it)[1]
                                                               << " in " << simt::name_of(order) << " order";
        }
        EXPECT_GT(kernels, 0);
    }

  private:
    std::function<bool(const std::string&)> responsible_;
};

}  // namespace unmask
