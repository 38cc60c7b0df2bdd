// SPDX-License-Identifier: Apache-2.0
// One pass through a video file with FFmpeg: its packets, its frames in the order of display, their pictures.
#pragma once

#include <functional>
#include <string>

#include "data/ffmpeg.h"
#include "data/image.h"
#include "data/video.h"

namespace unmask {

class VideoStream {
  public:
    // Opens the file at its start. Error says what is wrong with it.
    VideoStream(const std::string& file, const VideoOptions& options);
    VideoStream(const VideoStream&) = delete;  // FFmpeg keeps a pointer to the options
    VideoStream& operator=(const VideoStream&) = delete;

    [[nodiscard]] const AVStream& stream() const { return *stream_; }
    [[nodiscard]] const std::string& container() const { return container_; }

    // Frames per second and seconds as the file says, 0 where it does not.
    [[nodiscard]] double frames_per_second() const;
    [[nodiscard]] double duration_seconds() const;

    // How the stored frames are to be turned and mirrored, as EXIF orientation (see orientation.h).
    [[nodiscard]] int orientation() const;

    // The next packet of the video that is whole; false at the end of what can be read.
    bool next_packet(AVPacket& packet);

    // The next frame in the order of display; false at the end. Damaged frames and those after them up to the
    // next key frame are left out, see problem().
    bool next_frame(AVFrame& frame);

    // FFmpeg's words for the last thing that went wrong while reading or decoding; empty when all went well.
    [[nodiscard]] const std::string& problem() const { return problem_; }

    // Whether packets or frames were left out so far: what came is not all that the file was made with.
    [[nodiscard]] bool loses() const { return loses_; }

    // The frame as RGB, upright.
    [[nodiscard]] Image picture(const AVFrame& frame);

  private:
    void open_decoder();
    void send_next_packet();
    void note_loss(const std::string& words);
    void note_damage(const std::string& words);

    std::string file_, container_, problem_;
    VideoOptions options_;
    ffmpeg::Input input_;
    AVStream* stream_ = nullptr;
    ffmpeg::Codec decoder_;
    ffmpeg::Packet packet_;
    ffmpeg::Frame rgb_;
    ffmpeg::Scaler scaler_;
    int orientation_ = 1;
    bool damaged_ = false;  // since the last key frame
    bool loses_ = false;
};

}  // namespace unmask
