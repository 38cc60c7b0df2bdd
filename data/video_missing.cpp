// SPDX-License-Identifier: Apache-2.0
// video.h and video_writer.h in a build without FFmpeg: the same classes, which say so.
#include "data/video.h"
#include "data/video_writer.h"
#include "engine/error.h"

namespace unmask {
namespace {

[[noreturn]] void fail_without_ffmpeg(const std::filesystem::path& path) {
    fail(
        "{}: this build of unmask has no video support; install FFmpeg's libraries (Debian: libavformat-dev "
        "libavcodec-dev libavutil-dev libswscale-dev) and build again, or pass a folder of frames",
        path.string());
}

}  // namespace

struct VideoReader::State {};

VideoReader::VideoReader(const std::filesystem::path& path, const VideoOptions&) {
    fail_without_ffmpeg(path);
}
VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

const VideoInfo& VideoReader::info() const {
    static const VideoInfo none;
    return none;
}

void VideoReader::read_frames(const FrameNumbers&, const FrameCallback&) {}

struct VideoWriter::State {};

VideoWriter::VideoWriter(const std::filesystem::path& path, int, int, double, const VideoWriterOptions&) {
    fail_without_ffmpeg(path);
}
VideoWriter::~VideoWriter() = default;
void VideoWriter::add(const Image&) {}
void VideoWriter::finish() {}

bool video_available() {
    return false;
}

}  // namespace unmask
