// SPDX-License-Identifier: Apache-2.0
// The program with a small model that it trained, for tests of what its users meet: exit codes, messages,
// files.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"

namespace unmask {

inline const std::string tiny_model =
    " --backbone resnet18 --branches 2 --width 0.125 --size 32 --epochs 1 --batch 16 --threads 1";

// One trained model for all tests of the program.
class Program : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        data_ = write_tiny_faces(folder_->path(), 32, 8, 8).string();
        trained_ = new Outcome(run_program("train --data " + data_ + " --out " + path("run") + tiny_model));
        model_ = path("run") + "/best.safetensors";
    }
    static void TearDownTestSuite() {
        delete trained_;
        delete folder_;
    }
    static std::string path(const std::string& name) { return (folder_->path() / name).string(); }

    // The program fails with this code and one line on stderr that holds the texts.
    static void expect_failure(const std::string& arguments, const std::vector<std::string>& texts,
                               int code = 2) {
        const Outcome outcome = run_program(arguments + " --quiet");
        EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.errors;
        EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
        EXPECT_EQ(outcome.errors.rfind("unmask: error: ", 0), 0u) << outcome.errors;
        for (const std::string& text : texts)
            EXPECT_NE(outcome.errors.find(text), std::string::npos)
                << "expected '" << text << "' in " << outcome.errors;
    }

    static inline TemporaryFolder* folder_ = nullptr;
    static inline Outcome* trained_ = nullptr;
    static inline std::string data_, model_;
};

}  // namespace unmask
