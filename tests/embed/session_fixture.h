// SPDX-License-Identifier: Apache-2.0
// A test with a small model open and a session of it.
#pragma once

#include <gtest/gtest.h>

#include "embed/unmask.h"
#include "tests/embed/fixture.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

class SessionFixture : public testing::Test {
  protected:
    void SetUp() override { open({}); }
    void TearDown() override { close(); }

    void open(const CheckpointInfo& info) {
        close();
        write_small_model(path_, info);
        ASSERT_EQ(unmask_model_open(path_.c_str(), nullptr, &model_, &error_), UNMASK_OK) << error_.text;
        ASSERT_EQ(unmask_session_create(model_, nullptr, &session_, &error_), UNMASK_OK) << error_.text;
    }
    void close() {
        unmask_session_free(session_);
        unmask_model_free(model_);
        session_ = nullptr;
        model_ = nullptr;
    }

    static unmask_picture view_of(const Image& image) {
        return {image.pixels.data(), image.width, image.height, 0};
    }
    double crop_score(const Image& image) {
        const unmask_picture view = view_of(image);
        double score = -2;
        EXPECT_EQ(unmask_score_crops(session_, &view, 1, &score, &error_), UNMASK_OK) << error_.text;
        return score;
    }

    TemporaryFolder folder_;
    std::filesystem::path path_ = folder_ / "model.safetensors";
    unmask_model* model_ = nullptr;
    unmask_session* session_ = nullptr;
    unmask_error error_{};
};

}  // namespace unmask
