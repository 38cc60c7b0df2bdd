// SPDX-License-Identifier: Apache-2.0
// Video files: which frames there are, and reading some of them by their number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "data/frame_numbers.h"
#include "data/image.h"

namespace unmask {

struct VideoInfo {
    int width = 0, height = 0;  // as displayed, after the file's rotation
    double frames_per_second = 0;
    int64_t frame_count = 0;  // frames that the file announces; a truncated file holds fewer
    double duration_seconds = 0;
    std::string codec;  // FFmpeg's short name, such as "h264"
};

struct VideoOptions {
    int threads = 0;                        // decoding threads, 0: one per core
    int64_t max_frame_pixels = 50'000'000;  // a video with larger frames is refused before any is decoded
    // Asked while the file is opened, its frames are counted and they are read; true ends that with an Error.
    // From another thread too, where FFmpeg reads ahead; must not throw.
    std::function<bool()> stop = {};
};

// One opened video file. Frames are numbered from 0 in the order of display. Not for several threads at once.
// Without FFmpeg in the build the constructor throws Error saying so.
class VideoReader {
  public:
    // Opens the file and counts its frames. Error names the file and what is wrong: no such file, no bytes,
    // not a video, no index (an unfinished MP4), no video stream, frames too large.
    explicit VideoReader(const std::filesystem::path& path, const VideoOptions& options = {});
    ~VideoReader();
    VideoReader(VideoReader&&) noexcept;
    VideoReader& operator=(VideoReader&&) noexcept;

    [[nodiscard]] const VideoInfo& info() const;

    // Gives each frame of `wanted` (sorted, unique, from 0 to frame_count - 1) to the callback, in order,
    // with its number, its time in the video in seconds, and its picture. Decodes from the start up to the
    // last one asked for. Frames that cannot be decoded are left out, and when everything else was delivered
    // Error says how many of the frames were missing and why; likewise when all were there but the file is
    // cut. May be called again.
    using FrameCallback = std::function<void(int64_t index, double time_seconds, Image&& image)>;
    void read_frames(const FrameNumbers& wanted, const FrameCallback& callback);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

// Whether this build can read and write videos.
[[nodiscard]] bool video_available();

// Whether the file's first bytes are those of a video container (MP4, MOV, Matroska, WebM, AVI, MPEG, FLV,
// ASF, OGG); false for a file that cannot be read. Works in every build.
[[nodiscard]] bool looks_like_video(const std::filesystem::path& path);

}  // namespace unmask
