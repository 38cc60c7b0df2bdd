// SPDX-License-Identifier: Apache-2.0
// FFmpeg's functions under their own names, from libraries that are loaded when the first is called: they
// bring a hundred others along, which take longer to load than a picture takes to score. Within namespace
// unmask, `using namespace ffmpeg` makes these hide those that FFmpeg's headers declare.
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

// Loads them all and looks all functions up. Error "FILE: …" says what cannot be loaded, or is not there, and
// why.
void load_libraries(std::string_view file);
// FFmpeg's version, or that it cannot be loaded.
[[nodiscard]] std::string version();

// The function of that name. Error where the library cannot be loaded or lacks it.
[[nodiscard]] void* find_function(const char* library, const char* name);

// One of them, looked up at the first call, by any thread; Error as of find_function.
template <class Result, class... Arguments>
class Function {
  public:
    constexpr Function(const char* library, const char* name) : library_(library), name_(name) {}
    Result operator()(Arguments... arguments) const { return get()(arguments...); }
    auto get() const -> Result (*)(Arguments...) {
        auto* function = found_.load(std::memory_order_acquire);
        if (function == nullptr) {
            function = reinterpret_cast<Result (*)(Arguments...)>(find_function(library_, name_));
            found_.store(function, std::memory_order_release);
        }
        return function;
    }

  private:
    const char *library_, *name_;
    mutable std::atomic<Result (*)(Arguments...)> found_{nullptr};
};

// The type of its counterpart here; for unevaluated use.
template <class Result, class... Arguments>
Function<Result, Arguments...> loaded(Result (*declared)(Arguments...));

// What the display matrix is stored with has changed.
#if LIBAVFORMAT_VERSION_MAJOR >= 61
#define UNMASK_FFMPEG_SIDE_DATA(X)      \
    X(avcodec, av_packet_side_data_get) \
    X(avcodec, av_packet_side_data_new)
#else
#define UNMASK_FFMPEG_SIDE_DATA(X)       \
    X(avformat, av_stream_get_side_data) \
    X(avformat, av_stream_new_side_data)
#endif
// X(library, function) for each.
#define UNMASK_FFMPEG_FUNCTIONS(X)                \
    UNMASK_FFMPEG_SIDE_DATA(X)                    \
    X(avutil, av_d2q)                             \
    X(avutil, av_dict_free)                       \
    X(avutil, av_dict_set)                        \
    X(avutil, av_display_rotation_set)            \
    X(avutil, av_frame_alloc)                     \
    X(avutil, av_frame_free)                      \
    X(avutil, av_frame_get_buffer)                \
    X(avutil, av_frame_make_writable)             \
    X(avutil, av_log_set_callback)                \
    X(avutil, av_strerror)                        \
    X(avutil, av_version_info)                    \
    X(swscale, sws_freeContext)                   \
    X(swscale, sws_getCachedContext)              \
    X(swscale, sws_getCoefficients)               \
    X(swscale, sws_getContext)                    \
    X(swscale, sws_scale)                         \
    X(swscale, sws_setColorspaceDetails)          \
    X(avcodec, av_packet_alloc)                   \
    X(avcodec, av_packet_free)                    \
    X(avcodec, av_packet_rescale_ts)              \
    X(avcodec, av_packet_unref)                   \
    X(avcodec, avcodec_alloc_context3)            \
    X(avcodec, avcodec_find_decoder)              \
    X(avcodec, avcodec_find_encoder_by_name)      \
    X(avcodec, avcodec_free_context)              \
    X(avcodec, avcodec_get_name)                  \
    X(avcodec, avcodec_open2)                     \
    X(avcodec, avcodec_parameters_copy)           \
    X(avcodec, avcodec_parameters_from_context)   \
    X(avcodec, avcodec_parameters_to_context)     \
    X(avcodec, avcodec_receive_frame)             \
    X(avcodec, avcodec_receive_packet)            \
    X(avcodec, avcodec_send_frame)                \
    X(avcodec, avcodec_send_packet)               \
    X(avformat, av_find_best_stream)              \
    X(avformat, av_interleaved_write_frame)       \
    X(avformat, av_read_frame)                    \
    X(avformat, av_write_trailer)                 \
    X(avformat, avformat_alloc_context)           \
    X(avformat, avformat_alloc_output_context2)   \
    X(avformat, avformat_close_input)             \
    X(avformat, avformat_find_stream_info)        \
    X(avformat, avformat_free_context)            \
    X(avformat, avformat_index_get_entries_count) \
    X(avformat, avformat_new_stream)              \
    X(avformat, avformat_open_input)              \
    X(avformat, avformat_write_header)            \
    X(avformat, avio_closep)                      \
    X(avformat, avio_open)

#define UNMASK_FFMPEG_DEFINE(library, name) \
    inline constinit const decltype(loaded(&::name)) name{library, #name};
UNMASK_FFMPEG_FUNCTIONS(UNMASK_FFMPEG_DEFINE)
#undef UNMASK_FFMPEG_DEFINE

}  // namespace unmask::ffmpeg
