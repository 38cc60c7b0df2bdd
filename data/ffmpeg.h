// SPDX-License-Identifier: Apache-2.0
// FFmpeg's C objects as C++ ones, and the one check that every call to it goes through.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "data/ffmpeg_library.h"
#include "engine/error.h"

namespace unmask::ffmpeg {

template <class T, const auto& release>
struct Release {
    void operator()(T* object) const { release(&object); }
};
struct ReleaseScaler {
    void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};

using Input = std::unique_ptr<AVFormatContext, Release<AVFormatContext, avformat_close_input>>;
using Codec = std::unique_ptr<AVCodecContext, Release<AVCodecContext, avcodec_free_context>>;
using Packet = std::unique_ptr<AVPacket, Release<AVPacket, av_packet_free>>;
using Frame = std::unique_ptr<AVFrame, Release<AVFrame, av_frame_free>>;
using Scaler = std::unique_ptr<SwsContext, ReleaseScaler>;

// Options for a call that takes an AVDictionary**.
class Options {
  public:
    Options() = default;
    ~Options() { av_dict_free(&dictionary_); }
    Options(const Options&) = delete;
    Options& operator=(const Options&) = delete;
    void set(const char* key, const std::string& value) { av_dict_set(&dictionary_, key, value.c_str(), 0); }
    [[nodiscard]] AVDictionary** get() { return &dictionary_; }

  private:
    AVDictionary* dictionary_ = nullptr;
};

// Keeps FFmpeg from printing; each thread's last error message is kept for last_message instead.
void silence_log();
void clear_message();
[[nodiscard]] const std::string& last_message();

// FFmpeg's words for an error code, followed by its last logged message if there is one.
[[nodiscard]] std::string describe(int code);

// Throws Error "FILE: WHAT: reason" for a negative code, else gives it back.
int check(int code, std::string_view file, std::string_view what);

// Throws Error "FILE: WHAT: out of memory" for a null pointer.
template <class T>
T* check_pointer(T* pointer, std::string_view file, std::string_view what) {
    if (!pointer) fail("{}: {}: out of memory", file, what);
    return pointer;
}

}  // namespace unmask::ffmpeg
