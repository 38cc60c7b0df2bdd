// SPDX-License-Identifier: Apache-2.0
#include "data/ffmpeg_library.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace unmask::ffmpeg {
namespace {

TEST(FfmpegLibrary, CallsTheLibrariesOfTheHeaders) {
    EXPECT_NO_THROW(load_libraries("v.mp4"));
    EXPECT_FALSE(version().empty());
    EXPECT_EQ(version().find("not found"), std::string::npos);
    const AVRational rate = av_d2q(29.97, 1'001'000);
    EXPECT_EQ(rate.num, 2997);
    EXPECT_EQ(rate.den, 100);
    EXPECT_STREQ(avcodec_get_name(AV_CODEC_ID_H264), "h264");
}

TEST(FfmpegLibrary, NamesWhatIsMissing) {
    expect_error([] { (void)find_function("libunmask_absent.so.9", "av_log"); },
                 {"videos need FFmpeg", "libunmask_absent.so.9 could not be loaded"});
    expect_error([] { (void)find_function(avutil, "av_absent"); }, {avutil, "it has no av_absent"});
}

}  // namespace
}  // namespace unmask::ffmpeg
