// SPDX-License-Identifier: Apache-2.0
// FFmpeg's functions under their own names, from libraries that are loaded when the first video is opened:
// they bring a hundred others along, which take longer to load than a picture takes to score. Within
// namespace unmask, `using namespace ffmpeg` makes these hide those that FFmpeg's headers declare.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <atomic>
#include <string>
#include <string_view>

namespace unmask::ffmpeg {

// The libraries' file names, with the major version of the headers.
inline constexpr const char* avutil = "libavutil.so." AV_STRINGIFY(LIBAVUTIL_VERSION_MAJOR);
inline constexpr const char* swscale = "libswscale.so." AV_STRINGIFY(LIBSWSCALE_VERSION_MAJOR);
inline constexpr const char* avcodec = "libavcodec.so." AV_STRINGIFY(LIBAVCODEC_VERSION_MAJOR);
inline constexpr const char* avformat = "libavformat.so." AV_STRINGIFY(LIBAVFORMAT_VERSION_MAJOR);

// Loads them all. Error "FILE: …" says which one cannot be loaded and why.
void load(std::string_view file);
// FFmpeg's version, or that it cannot be loaded.
[[nodiscard]] std::string version();

// The function of that name. Error where the library cannot be loaded or lacks it.
[[nodiscard]] void* find_function(const char* library, const char* name);

template <class Result, class... Arguments>
class Function {
  public:
    constexpr Function(const char* library, const char* name) : library_(library), name_(name) {}
    Result operator()(Arguments... arguments) const {
        auto* function = found_.load(std::memory_order_acquire);
        if (function == nullptr) {
            function = reinterpret_cast<Result (*)(Arguments...)>(find_function(library_, name_));
            found_.store(function, std::memory_order_release);
        }
        return function(arguments...);
    }

  private:
    const char *library_, *name_;
    mutable std::atomic<Result (*)(Arguments...)> found_{nullptr};
};

// The type of its counterpart here; for unevaluated use.
template <class Result, class... Arguments>
Function<Result, Arguments...> loaded(Result (*declared)(Arguments...));

#define UNMASK_FUNCTION(library, name) inline constinit const decltype(loaded(&::name)) name{library, #name};
UNMASK_FUNCTION(avutil, av_d2q)
UNMASK_FUNCTION(avutil, av_dict_free)
UNMASK_FUNCTION(avutil, av_dict_set)
UNMASK_FUNCTION(avutil, av_display_rotation_set)
UNMASK_FUNCTION(avutil, av_frame_alloc)
UNMASK_FUNCTION(avutil, av_frame_free)
UNMASK_FUNCTION(avutil, av_frame_get_buffer)
UNMASK_FUNCTION(avutil, av_frame_make_writable)
UNMASK_FUNCTION(avutil, av_log_set_callback)
UNMASK_FUNCTION(avutil, av_strerror)
UNMASK_FUNCTION(avutil, av_version_info)
UNMASK_FUNCTION(swscale, sws_freeContext)
UNMASK_FUNCTION(swscale, sws_getCachedContext)
UNMASK_FUNCTION(swscale, sws_getCoefficients)
UNMASK_FUNCTION(swscale, sws_getContext)
UNMASK_FUNCTION(swscale, sws_scale)
UNMASK_FUNCTION(swscale, sws_setColorspaceDetails)
UNMASK_FUNCTION(avcodec, av_packet_alloc)
UNMASK_FUNCTION(avcodec, av_packet_free)
UNMASK_FUNCTION(avcodec, av_packet_rescale_ts)
UNMASK_FUNCTION(avcodec, av_packet_unref)
UNMASK_FUNCTION(avcodec, avcodec_alloc_context3)
UNMASK_FUNCTION(avcodec, avcodec_find_decoder)
UNMASK_FUNCTION(avcodec, avcodec_find_encoder_by_name)
UNMASK_FUNCTION(avcodec, avcodec_free_context)
UNMASK_FUNCTION(avcodec, avcodec_get_name)
UNMASK_FUNCTION(avcodec, avcodec_open2)
UNMASK_FUNCTION(avcodec, avcodec_parameters_copy)
UNMASK_FUNCTION(avcodec, avcodec_parameters_from_context)
UNMASK_FUNCTION(avcodec, avcodec_parameters_to_context)
UNMASK_FUNCTION(avcodec, avcodec_receive_frame)
UNMASK_FUNCTION(avcodec, avcodec_receive_packet)
UNMASK_FUNCTION(avcodec, avcodec_send_frame)
UNMASK_FUNCTION(avcodec, avcodec_send_packet)
UNMASK_FUNCTION(avformat, av_find_best_stream)
UNMASK_FUNCTION(avformat, av_interleaved_write_frame)
UNMASK_FUNCTION(avformat, av_read_frame)
UNMASK_FUNCTION(avformat, av_write_trailer)
UNMASK_FUNCTION(avformat, avformat_alloc_context)
UNMASK_FUNCTION(avformat, avformat_alloc_output_context2)
UNMASK_FUNCTION(avformat, avformat_close_input)
UNMASK_FUNCTION(avformat, avformat_find_stream_info)
UNMASK_FUNCTION(avformat, avformat_free_context)
UNMASK_FUNCTION(avformat, avformat_index_get_entries_count)
UNMASK_FUNCTION(avformat, avformat_new_stream)
UNMASK_FUNCTION(avformat, avformat_open_input)
UNMASK_FUNCTION(avformat, avformat_write_header)
UNMASK_FUNCTION(avformat, avio_closep)
UNMASK_FUNCTION(avformat, avio_open)
// What the display matrix is stored with has changed.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
UNMASK_FUNCTION(avcodec, av_packet_side_data_get)
UNMASK_FUNCTION(avcodec, av_packet_side_data_new)
#else
UNMASK_FUNCTION(avformat, av_stream_get_side_data)
UNMASK_FUNCTION(avformat, av_stream_new_side_data)
#endif
#undef UNMASK_FUNCTION

}  // namespace unmask::ffmpeg
