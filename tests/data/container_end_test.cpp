// SPDX-License-Identifier: Apache-2.0
// Videos cut off somewhere, in every container: the frames before the cut have their numbers, and the cut
// does not go unnoticed.
#include "data/container_end.h"

#include <gtest/gtest.h>

#include <numeric>

#include "data/prepare/prepare.h"
#include "data/video.h"
#include "tests/data/numbered_frames.h"
#include "tests/data/remux.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

struct Kind {
    const char *ending, *container, *encoder;
    int b_frames = 2;
    bool fragmented = false, index_last = false;
};

constexpr int frames = 100;

class CutVideo : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        const Kind& kind = GetParam();
        write_numbered_video(folder / "source.mp4", frames,
                             {.encoder = kind.encoder, .b_frames = kind.b_frames});
        remux(folder / "source.mp4", file(), kind.container, kind.fragmented);
        whole = file_content(file());
    }
    [[nodiscard]] std::filesystem::path file() const {
        return folder / (std::string("v.") + GetParam().ending);
    }
    // A program stream names no length: its cuts show within the data of a packet alone.
    [[nodiscard]] static bool names_its_length() { return GetParam().container != std::string("mpeg"); }
    // MPEG streams number no frames: of a cut one the last frame that is there may have lost those shown
    // before it.
    [[nodiscard]] static bool numbers_its_frames() {
        return !std::string(GetParam().container).starts_with("mpeg");
    }
    // All frames of the file; the Error's words, or nothing.
    std::string read(std::vector<int>& numbers) const {
        numbers.clear();
        try {
            VideoReader video(file());
            std::vector<int64_t> all(size_t(video.info().frame_count));
            std::iota(all.begin(), all.end(), 0);
            video.read_frames(all, [&](int64_t index, double, Image&& image) {
                numbers.push_back(read_number(image));
                if (numbers_its_frames() || index + 1 < video.info().frame_count) {
                    EXPECT_EQ(numbers.back(), index);
                }
            });
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    }
    TemporaryFolder folder;
    std::string whole;
};

TEST_P(CutVideo, AWholeOneIsNotCalledCut) {
    std::vector<int> numbers;
    EXPECT_EQ(missing_end(file()), "");
    EXPECT_EQ(read(numbers), "");
    EXPECT_EQ(numbers.size(), size_t(frames));
}

TEST_P(CutVideo, ACutIsSaidWhereverItIs) {
    std::vector<int> numbers;
    for (const double part : {0.25, 0.4, 0.52, 0.6, 0.7, 0.8, 0.9, 0.97}) {
        SCOPED_TRACE(part);
        write_content(file(), whole.substr(0, size_t(double(whole.size()) * part)));
        const std::string error = read(numbers);
        if (!names_its_length() && numbers.size() == size_t(frames)) continue;  // cut within padding
        EXPECT_EQ(error.rfind(file().string() + ": ", 0), 0u) << error;
        EXPECT_EQ(error.find('\n'), std::string::npos);
        if (!names_its_length()) continue;
        EXPECT_NE(missing_end(file()), "");
        EXPECT_NE(error.find("truncated"), std::string::npos) << error;
        if (part >= 0.4) {
            EXPECT_EQ(numbers.empty(), GetParam().index_last);
        }
    }
}

// The report of prepare has it in the video's line, which keeps the faces before the cut.
TEST_P(CutVideo, PrepareReportsIt) {
    std::filesystem::create_directories(folder / "set" / "real");
    write_content(folder / "set" / "real" / file().filename(), whole.substr(0, whole.size() * 9 / 10));
    PrepareOptions options;
    options.input = folder / "set";
    options.output = folder / "out";
    options.frames = 4;
    options.size = 32;
    options.detector = "whole";
    const PrepareReport report = prepare_faces(options);
    ASSERT_EQ(report.failures().size(), 1u);
    const VideoReport failure = report.failures()[0];
    const std::string word = names_its_length() ? "truncated" : "damaged";
    EXPECT_NE(failure.problem.find(word), std::string::npos) << failure.problem;
    EXPECT_EQ(failure.faces > 0, !GetParam().index_last);
    if (failure.faces > 0) {
        EXPECT_NE(file_content(folder / "out" / "coverage.csv").find(word), std::string::npos);
    }
}

INSTANTIATE_TEST_SUITE_P(Containers, CutVideo,
                         testing::Values(Kind{"mp4", "mp4", "", 2, false, true},
                                         Kind{"fragmented.mp4", "mp4", "", 2, true},
                                         Kind{"mov", "mov", "mpeg4", 0, false, true},
                                         Kind{"mkv", "matroska", ""}, Kind{"webm", "webm", "libvpx-vp9", 0},
                                         Kind{"avi", "avi", "mpeg4", 0}, Kind{"mpg", "mpeg", "mpeg1video"},
                                         Kind{"ts", "mpegts", "mpeg2video"}),
                         [](const auto& kind) {
                             std::string name = kind.param.ending;
                             std::erase(name, '.');
                             return name;
                         });

// Sizes that a writer to a pipe leaves open, or that no file has.
TEST(MissingEnd, OpenAndHostileSizes) {
    using namespace std::string_literals;
    const TemporaryFolder folder;
    const auto end_of = [&](const std::string& bytes) {
        write_content(folder / "x", bytes);
        return missing_end(folder / "x");
    };
    EXPECT_EQ(missing_end(folder / "none"), "");
    EXPECT_EQ(end_of("RIF"), "");
    EXPECT_EQ(end_of("RIFF\0\0\0\0AVI LIST"s), "");
    EXPECT_EQ(end_of("RIFF\xFF\xFF\xFF\xFF"
                     "AVI LIST"s),
              "");
    EXPECT_EQ(end_of("RIFF\x20\0\0\0AVI LIST"s), "it should have 40 bytes, found 16");
    EXPECT_EQ(end_of("RIFF\x10\0\0\0AVI LIST"s), "") << "a writer that counted what lies before the list";
    EXPECT_EQ(end_of("RIFF\x06\0\0\0AVI 12RIFF\x20\0\0\0AVIX"s), "it should have 54 bytes, found 26");
    const std::string ebml = "\x1A\x45\xDF\xA3\x82??\x18\x53\x80\x67";
    EXPECT_EQ(end_of(ebml + "\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFF"), "") << "not known";
    EXPECT_EQ(end_of(ebml + "\xFF"), "") << "not known, in one byte";
    EXPECT_EQ(end_of(ebml + "\x84"
                            "abc"),
              "it should have 16 bytes, found 15");
    EXPECT_EQ(end_of(ebml + "\x83"
                            "abc"),
              "");
    EXPECT_EQ(end_of(ebml + "\0\x01"s), "") << "a number of nine bytes";
    EXPECT_EQ(end_of("\x1A\x45\xDF\xA3\x01\xFF\xFF\xFF\xFF\xFF\xFF\xFE"), "");
    EXPECT_EQ(end_of("\0\0\0\x08"
                     "ftyp\0\0\0\0mdat"s),
              "")
        << "to the end of the file";
    EXPECT_EQ(end_of("\0\0\0\x08"
                     "ftyp\0\0\0\x01mdat\0\0\0\0\0\0\0\x20"s),
              "it should have 40 bytes, found 24");
    EXPECT_EQ(end_of("\0\0\0\x08"
                     "ftyp\0\0\0\x01mdat\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s),
              "it should have 18446744073709551615 bytes, found 24");
    EXPECT_EQ(end_of("\0\0\0\x02"
                     "ftyp"s),
              "")
        << "smaller than itself";
    const std::string packet = "\x47" + std::string(187, 'x');
    EXPECT_EQ(end_of(packet + packet + packet), "");
    EXPECT_EQ(end_of(packet + packet + packet + "\x47"), "its last packet has 1 of 188 bytes");
}

// The header of an AVI file says how many frames there are; nothing is allocated for them.
TEST(AnnouncedFrames, ThatAreNotThereAreOnlyCounted) {
    const TemporaryFolder folder;
    write_numbered_video(folder / "source.mp4", 5, {.encoder = "mpeg4", .b_frames = 0});
    remux(folder / "source.mp4", folder / "v.avi", "avi");
    std::string bytes = file_content(folder / "v.avi");
    const size_t stream = bytes.find("strh");
    ASSERT_NE(stream, std::string::npos);
    bytes.replace(stream + 40, 4, "\xFF\xFF\xFF\x7F");
    write_content(folder / "v.avi", bytes);
    VideoReader video(folder / "v.avi");
    EXPECT_EQ(video.info().frame_count, 0x7FFFFFFF);
    int frames = 0;
    expect_error(
        [&] {
            video.read_frames(FrameNumbers::spread(video.info().frame_count, 0),
                              [&](int64_t, double, Image&&) { ++frames; });
        },
        {"only 5 of 2147483647 frames", "it holds 5 of its 2147483647 frames"});
    EXPECT_EQ(frames, 5);
}

}  // namespace
}  // namespace unmask
