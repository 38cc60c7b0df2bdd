// SPDX-License-Identifier: Apache-2.0
// A video, whatever its name says, and its first frames.
#include <algorithm>

#include "data/frame_source.h"
#include "data/video.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace unmask;
    const auto file = fuzz::as_file("video.mp4", data, size);
    fuzz::read_or_refuse([&] {
        VideoReader video(file, {.threads = 1, .max_frame_pixels = 200'000});
        const std::vector<int64_t> frames = evenly_spaced(video.info().frame_count, 4);
        video.read_frames(frames, [](int64_t, double, Image&& image) {
            UNMASK_ASSERT(image.pixels.size() == size_t(image.width) * size_t(image.height) * 3);
        });
    });
    return 0;
}
