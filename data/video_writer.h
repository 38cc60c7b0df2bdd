// SPDX-License-Identifier: Apache-2.0
// Writing a video: H.264 where FFmpeg has an encoder for it, else MPEG-4 part 2; yuv420p in MP4, index in
// front.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "data/image.h"

namespace unmask {

struct VideoWriterOptions {
    std::string encoder;  // FFmpeg's name, such as "libx264" or "mpeg4"; empty: the best there is
    int quality = 18;     // constant rate factor (H.264) or quantizer (MPEG-4): lower is better and larger
    int keyframe_interval = 12;  // frames from one key frame to the next
    int b_frames = 2;            // bidirectional frames between references
    int rotation = 0;            // display rotation stored in the file, degrees clockwise: 0, 90, 180, 270
};

// The same frames give the same bytes: one encoding thread, no dates or versions in the file. Without FFmpeg
// in the build the constructor throws Error saying so.
class VideoWriter {
  public:
    // Width and height must be even and positive, fps positive (Error).
    VideoWriter(const std::filesystem::path& path, int width, int height, double fps,
                const VideoWriterOptions& options = {});
    // Without finish() nothing remains of the file.
    ~VideoWriter();
    VideoWriter(const VideoWriter&) = delete;
    VideoWriter& operator=(const VideoWriter&) = delete;

    // The next frame, of exactly the video's size (Error).
    void add(const Image& image);

    // Writes what is left and gives the file its final name. At least one frame must have been added (Error).
    void finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace unmask
