// SPDX-License-Identifier: Apache-2.0
// What the C interface refuses, and how it says so.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "tests/embed/session_fixture.h"

namespace unmask {
namespace {

class EmbeddedErrors : public SessionFixture {
  protected:
    // The status must be this one, and one line hold every text; nothing else may have changed.
    void expect(unmask_status status, unmask_status found, const std::vector<std::string>& texts) const {
        EXPECT_EQ(found, status) << error_.text;
        EXPECT_EQ(error_.status, status);
        const std::string text = error_.text;
        EXPECT_EQ(text.find('\n'), std::string::npos) << text;
        for (const std::string& part : texts) EXPECT_NE(text.find(part), std::string::npos) << text;
    }
    std::string bytes_of_model() const {
        std::ifstream stream(path_, std::ios::binary);
        return {std::istreambuf_iterator<char>(stream), {}};
    }
    Image picture_ = drawn_picture(80, 60, 0);
};

TEST_F(EmbeddedErrors, Versions) {
    EXPECT_STREQ(unmask_version(), UNMASK_PROJECT_VERSION);
    EXPECT_EQ(unmask_version_number(), UNMASK_VERSION_NUMBER);
    for (int status = UNMASK_OK; status <= UNMASK_INTERNAL; ++status)
        EXPECT_STRNE(unmask_status_text(status), "unknown") << status;
    EXPECT_STREQ(unmask_status_text(UNMASK_INTERNAL + 1), "unknown");
    EXPECT_STREQ(unmask_status_text(-1), "unknown");
}

TEST_F(EmbeddedErrors, FilesThatAreNoModel) {
    unmask_model* model = nullptr;
    const std::string missing = (folder_ / "missing").string();
    expect(UNMASK_CANNOT_READ, unmask_model_open(missing.c_str(), nullptr, &model, &error_),
           {"missing", "No such file"});
    expect(UNMASK_CANNOT_READ, unmask_model_open(folder_.path().c_str(), nullptr, &model, &error_),
           {folder_.path().string(), "directory"});
    for (const char* text : {"", "hello", "0123456789abcdef"}) {
        std::ofstream(folder_ / "bad", std::ios::binary) << text;
        expect(UNMASK_BAD_MODEL, unmask_model_open((folder_ / "bad").c_str(), nullptr, &model, &error_),
               {"bad: "});
    }
    EXPECT_EQ(model, nullptr);
}

TEST_F(EmbeddedErrors, MemoryThatIsNoModel) {
    const std::string whole = bytes_of_model();
    unmask_model_options options = UNMASK_MODEL_OPTIONS_INIT;
    options.name = "firmware";
    unmask_model* model = nullptr;
    for (size_t length = 0; length < whole.size(); length += length < 32 ? 1 : whole.size() / 23) {
        // Its own memory, so that a byte too far is seen by a sanitizer.
        const std::vector<char> cut(whole.begin(), whole.begin() + std::ptrdiff_t(length));
        const void* bytes = length == 0 ? static_cast<const void*>("") : cut.data();
        expect(UNMASK_BAD_MODEL, unmask_model_open_memory(bytes, length, &options, &model, &error_),
               {"firmware: "});
    }
    // Flipped bytes of the header: refused or not, never more than that.
    for (size_t at = 0; at < 4000; at += 7) {
        std::string changed = whole;
        changed[at] = char(changed[at] ^ 0x15);
        const unmask_status status =
            unmask_model_open_memory(changed.data(), changed.size(), nullptr, &model, &error_);
        if (status == UNMASK_OK)
            unmask_model_free(model);
        else
            expect(UNMASK_BAD_MODEL, status, {"model: "});
    }
}

TEST_F(EmbeddedErrors, NullPointers) {
    unmask_model* model = nullptr;
    unmask_session* session = nullptr;
    unmask_model_info info = UNMASK_MODEL_INFO_INIT;
    double score = 0;
    float logits[2];
    const unmask_picture view = view_of(picture_);
    const auto bad = [&](unmask_status found, const char* name) {
        expect(UNMASK_BAD_ARGUMENT, found, {name, "NULL"});
    };
    bad(unmask_model_open(nullptr, nullptr, &model, &error_), "path");
    bad(unmask_model_open("x", nullptr, nullptr, &error_), "model");
    bad(unmask_model_open_memory(nullptr, 9, nullptr, &model, &error_), "bytes");
    bad(unmask_model_describe(nullptr, &info, &error_), "model");
    bad(unmask_model_describe(model_, nullptr, &error_), "info");
    bad(unmask_session_create(nullptr, nullptr, &session, &error_), "model");
    bad(unmask_session_create(model_, nullptr, nullptr, &error_), "session");
    bad(unmask_score_crops(nullptr, &view, 1, &score, &error_), "session");
    bad(unmask_score_crops(session_, nullptr, 1, &score, &error_), "crops");
    bad(unmask_score_crops(session_, &view, 1, nullptr, &error_), "scores");
    bad(unmask_score_faces(session_, &view, nullptr, 1, &score, &error_), "faces");
    bad(unmask_score_frames(session_, nullptr, 1, &score, nullptr, &error_), "frames");
    bad(unmask_score_frames(session_, nullptr, 0, nullptr, nullptr, &error_), "score");
    bad(unmask_infer(session_, nullptr, 1, logits, &error_), "images");
    EXPECT_EQ(unmask_score_crops(session_, nullptr, 0, nullptr, &error_), UNMASK_OK);
    EXPECT_STREQ(error_.text, "");
    EXPECT_EQ(unmask_model_open("x", nullptr, nullptr, nullptr), UNMASK_BAD_ARGUMENT);  // no place for a text
    unmask_model_free(nullptr);
    unmask_session_free(nullptr);
}

TEST_F(EmbeddedErrors, PicturesAndBoxesOutOfRange) {
    double score = -5;
    const auto refused = [&](unmask_picture view, const std::vector<std::string>& texts) {
        expect(UNMASK_BAD_ARGUMENT, unmask_score_crops(session_, &view, 1, &score, &error_), texts);
    };
    const uint8_t* pixels = picture_.pixels.data();
    refused({nullptr, 80, 60, 0}, {"crop 0", "NULL"});
    refused({pixels, 0, 60, 0}, {"0 x 60"});
    refused({pixels, 80, -1, 0}, {"80 x -1"});
    refused({pixels, 65537, 1, 0}, {"65537 x 1"});
    refused({pixels, 65536, 65536, 0}, {"65536 x 65536"});
    refused({pixels, 80, 60, 239}, {"stride of at least 240", "239"});

    const unmask_picture view = view_of(picture_);
    const int largest = std::numeric_limits<int>::max(), least = std::numeric_limits<int>::min();
    for (const unmask_face& face :
         {unmask_face{0, 0, 0, 9, 0, nullptr}, unmask_face{0, 0, 9, -9, 0, nullptr},
          unmask_face{0, 0, 161, 9, 0, nullptr}, unmask_face{0, 0, largest, largest, 0, nullptr},
          unmask_face{largest, 0, 9, 9, 0, nullptr}, unmask_face{0, least, 9, 9, 0, nullptr}})
        expect(UNMASK_BAD_ARGUMENT, unmask_score_faces(session_, &view, &face, 1, &score, &error_),
               {"face 0", "80 x 60"});
    const unmask_face outside{-500, 700, 20, 20, 0, nullptr};  // its nearest pixels repeat
    EXPECT_EQ(unmask_score_faces(session_, &view, &outside, 1, &score, &error_), UNMASK_OK) << error_.text;

    score = -5;
    const unmask_face negative{0, 0, 9, 9, -1, nullptr};
    const unmask_frame frame{view, &negative, 1};
    expect(UNMASK_BAD_ARGUMENT, unmask_score_frames(session_, &frame, 1, &score, nullptr, &error_),
           {"track", "-1"});
    const double nan = std::nan("");
    const int track = 0;
    expect(UNMASK_BAD_ARGUMENT, unmask_aggregate_scores(&nan, &track, 1, &score, &error_),
           {"score 0", "nan"});
    EXPECT_EQ(score, -5);
}

TEST_F(EmbeddedErrors, OptionsOutOfRange) {
    unmask_session* session = nullptr;
    const auto with = [&](size_t size, int threads, int batch) {
        unmask_session_options options = UNMASK_SESSION_OPTIONS_INIT;
        if (size != 0) options.size = size;
        options.threads = threads;
        options.batch = batch;
        return unmask_session_create(model_, &options, &session, &error_);
    };
    expect(UNMASK_BAD_ARGUMENT, with(0, -1, 1), {"threads", "-1"});
    expect(UNMASK_BAD_ARGUMENT, with(0, 1, 0), {"batch", "1 to 256"});
    expect(UNMASK_BAD_ARGUMENT, with(0, 1, 257), {"batch", "257"});
    expect(UNMASK_BAD_ARGUMENT, with(sizeof(unmask_session_options) + 8, 1, 1), {"newer libunmask"});
    expect(UNMASK_BAD_ARGUMENT, with(3, 1, 1), {"UNMASK_..._INIT"});
    EXPECT_EQ(session, nullptr);
    unmask_model_options weights = UNMASK_MODEL_OPTIONS_INIT;
    weights.weights = 3;
    unmask_model* model = nullptr;
    expect(UNMASK_BAD_ARGUMENT, unmask_model_open(path_.c_str(), &weights, &model, &error_),
           {"weights", "0 to 2"});
    // A program of a version without the members behind the size.
    EXPECT_EQ(with(sizeof(size_t), -1, -1), UNMASK_OK) << error_.text;
    unmask_session_free(session);
}

TEST_F(EmbeddedErrors, InfoIsFilledAsFarAsTheCallerKnowsIt) {
    unmask_model_info info = UNMASK_MODEL_INFO_INIT;
    ASSERT_EQ(unmask_model_describe(model_, &info, &error_), UNMASK_OK) << error_.text;
    EXPECT_STREQ(info.backbone, "resnet18");
    EXPECT_EQ(info.branches, 2);
    EXPECT_EQ(info.input_size, 64);
    EXPECT_EQ(info.crop_size, 256);
    EXPECT_EQ(info.aligned, 0);
    EXPECT_EQ(info.face_margin, 1.3);
    EXPECT_EQ(info.parameters, load_detector(path_).detector->parameter_count());
    unmask_model_info small = UNMASK_MODEL_INFO_INIT;
    small.size = offsetof(unmask_model_info, branches);
    small.branches = -7;
    ASSERT_EQ(unmask_model_describe(model_, &small, &error_), UNMASK_OK) << error_.text;
    EXPECT_STREQ(small.backbone, "resnet18");
    EXPECT_EQ(small.branches, -7);
}

TEST_F(EmbeddedErrors, LongMessagesAreCutBetweenCharacters) {
    for (size_t length = 480; length < 520; ++length) {
        std::string path = "/" + std::string(length, 'x');
        for (int i = 0; i < 20; ++i) path += "\xc3\xa4";
        unmask_model* model = nullptr;
        EXPECT_EQ(unmask_model_open(path.c_str(), nullptr, &model, &error_), UNMASK_CANNOT_READ);
        ASSERT_LT(std::strlen(error_.text), size_t{UNMASK_ERROR_TEXT});
        // Each first byte of a two-byte character is followed by its second.
        for (const char* c = error_.text; *c != 0; ++c) {
            if (*c == '\xc3') {
                EXPECT_EQ(c[1], '\xa4') << length;
            }
        }
    }
}

}  // namespace
}  // namespace unmask
