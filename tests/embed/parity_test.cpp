// SPDX-License-Identifier: Apache-2.0
// The logits of the parity cases through the C interface, from a file and from memory, within the bound of
// tests/parity/README.md.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "embed/unmask.h"
#include "models/checkpoint.h"
#include "tests/parity/inputs.h"
#include "tests/parity/run_case.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

std::vector<std::filesystem::path> detector_cases() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(UNMASK_PARITY_CASES))
        if (parity::read_case(entry.path()).at("kind") == "detector") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

class EmbeddedParity : public testing::TestWithParam<std::filesystem::path> {
  protected:
    // Logits [batch, 2] by a session with this batch size.
    static std::vector<float> logits(const unmask_model* model, const Tensor& images, int batch) {
        unmask_session_options options = UNMASK_SESSION_OPTIONS_INIT;
        options.batch = batch;
        unmask_session* session = nullptr;
        unmask_error error;
        EXPECT_EQ(unmask_session_create(model, &options, &session, &error), UNMASK_OK) << error.text;
        std::vector<float> result(2 * size_t(images.dim(0)));
        // Twice: the second call is the recorded work.
        for (int run = 0; run < 2; ++run) {
            std::fill(result.begin(), result.end(), NAN);
            EXPECT_EQ(
                unmask_infer(session, images.data<float>(), size_t(images.dim(0)), result.data(), &error),
                UNMASK_OK)
                << error.text;
        }
        unmask_session_free(session);
        return result;
    }
};

TEST_P(EmbeddedParity, LogitsAreWithinTheBound) {
    const parity::Json expected = parity::read_case(GetParam());
    const TemporaryFolder folder;
    const std::filesystem::path path = folder / "model.safetensors";
    {
        Detector detector({.backbone = expected.at("backbone"),
                           .branches = expected.at("branches"),
                           .size = expected.at("size"),
                           .dropout = 0.0});
        parity::fill_parameters(detector);
        save_detector(path, detector);
    }
    const Tensor images = parity::images(expected.at("name").get<std::string>() + "/image/eval",
                                         expected.at("batch"), expected.at("size"));
    const parity::GroupError bound{"", 0, expected.at("float32_error").at("eval_before")};
    const auto error_of = [&](const std::vector<float>& found) {
        return parity::relative_error(parity::Json(found), expected.at("eval_before").at("global"));
    };

    unmask_error error;
    unmask_model* model = nullptr;
    ASSERT_EQ(unmask_model_open(path.c_str(), nullptr, &model, &error), UNMASK_OK) << error.text;
    const std::vector<float> one_by_one = logits(model, images, 1);
    EXPECT_LE(error_of(one_by_one), bound.bound());
    // Pairs, and what is left over alone.
    EXPECT_LE(error_of(logits(model, images, 2)), bound.bound());
    unmask_model_free(model);

    std::ifstream stream(path, std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(stream)), {});
    ASSERT_EQ(unmask_model_open_memory(bytes.data(), bytes.size(), nullptr, &model, &error), UNMASK_OK)
        << error.text;
    EXPECT_EQ(logits(model, images, 1), one_by_one);
    unmask_model_free(model);
}

INSTANTIATE_TEST_SUITE_P(Cases, EmbeddedParity, testing::ValuesIn(detector_cases()),
                         [](const auto& info) { return info.param.stem().string(); });

}  // namespace
}  // namespace unmask
