// SPDX-License-Identifier: Apache-2.0
#include "data/video_writer.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <system_error>

#include "data/ffmpeg.h"

namespace unmask {

using namespace ffmpeg;

struct VideoWriter::State {
    std::filesystem::path path, temporary;
    std::string file;  // the final name, for messages
    AVFormatContext* output = nullptr;
    AVStream* stream = nullptr;
    Codec encoder;
    Frame yuv, rgb;
    Packet packet;
    Scaler scaler;
    int64_t frames = 0;
    bool finished = false;

    ~State() {
        if (output) {
            avio_closep(&output->pb);
            avformat_free_context(output);
        }
        std::error_code ignored;
        if (!finished) std::filesystem::remove(temporary, ignored);
    }

    void open_encoder(int width, int height, double fps, const VideoWriterOptions& options);
    void open_file(const VideoWriterOptions& options);
    void encode(const AVFrame* frame);
};

namespace {

const AVCodec* find_encoder(const std::string& file, const std::string& name) {
    if (name.empty()) {
        for (const char* candidate : {"libx264", "libopenh264", "mpeg4"})
            if (const AVCodec* codec = avcodec_find_encoder_by_name(candidate)) return codec;
        fail("{}: this build of FFmpeg can encode neither H.264 nor MPEG-4", file);
    }
    const AVCodec* codec = avcodec_find_encoder_by_name(name.c_str());
    if (!codec) fail("{}: this build of FFmpeg has no encoder {}", file, name);
    return codec;
}

Frame make_frame(const std::string& file, AVPixelFormat format, int width, int height) {
    Frame frame(check_pointer(av_frame_alloc(), file, "encoding"));
    frame->format = format;
    frame->width = width;
    frame->height = height;
    check(av_frame_get_buffer(frame.get(), 0), file, "encoding");
    return frame;
}

// The file is to say how its stored frames are to be turned when shown.
void store_rotation(AVStream& stream, int degrees_clockwise, const std::string& file) {
    constexpr size_t size = 9 * sizeof(int32_t);
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    AVPacketSideData* data =
        av_packet_side_data_new(&stream.codecpar->coded_side_data, &stream.codecpar->nb_coded_side_data,
                                AV_PKT_DATA_DISPLAYMATRIX, size, 0);
    check_pointer(data, file, "the rotation");
    auto* matrix = reinterpret_cast<int32_t*>(data->data);
#else
    auto* matrix = reinterpret_cast<int32_t*>(check_pointer(
        av_stream_new_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, size), file, "the rotation"));
#endif
    av_display_rotation_set(matrix, degrees_clockwise);  // clockwise, unlike av_display_rotation_get
}

}  // namespace

void VideoWriter::State::open_encoder(int width, int height, double fps, const VideoWriterOptions& options) {
    const AVCodec* codec = find_encoder(file, options.encoder);
    encoder.reset(check_pointer(avcodec_alloc_context3(codec), file, "encoding"));
    encoder->width = width;
    encoder->height = height;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->framerate = av_d2q(fps, 1'001'000);
    encoder->time_base = av_inv_q(encoder->framerate);
    encoder->gop_size = options.keyframe_interval;
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_BITEXACT | AV_CODEC_FLAG_GLOBAL_HEADER;
    encoder->colorspace = AVCOL_SPC_SMPTE170M;
    encoder->color_primaries = AVCOL_PRI_SMPTE170M;
    encoder->color_trc = AVCOL_TRC_SMPTE170M;
    encoder->color_range = AVCOL_RANGE_MPEG;
    Options settings;
    const std::string name = codec->name;
    if (name != "libopenh264") encoder->max_b_frames = options.b_frames;
    if (name == "libx264") {
        settings.set("crf", std::to_string(options.quality));
        settings.set("preset", "medium");
    } else {
        // Quantizers run from 1 to 31; a fourth of the rate factor looks about alike.
        encoder->flags |= AV_CODEC_FLAG_QSCALE;
        encoder->global_quality = FF_QP2LAMBDA * std::clamp(options.quality / 4, 1, 31);
    }
    check(avcodec_open2(encoder.get(), codec, settings.get()), file, "the encoder cannot be started");
}

void VideoWriter::State::open_file(const VideoWriterOptions& options) {
    check(avformat_alloc_output_context2(&output, nullptr, "mp4", ("file:" + temporary.string()).c_str()),
          file, "the MP4 writer cannot be started");
    output->flags |= AVFMT_FLAG_BITEXACT;
    stream = check_pointer(avformat_new_stream(output, nullptr), file, "writing");
    check(avcodec_parameters_from_context(stream->codecpar, encoder.get()), file, "the stream's parameters");
    stream->time_base = encoder->time_base;
    stream->avg_frame_rate = encoder->framerate;
    if (options.rotation != 0) store_rotation(*stream, options.rotation, file);
    check(avio_open(&output->pb, ("file:" + temporary.string()).c_str(), AVIO_FLAG_WRITE), file,
          "the video cannot be written");
    Options settings;
    settings.set("movflags", "+faststart");
    check(avformat_write_header(output, settings.get()), file, "writing the video's header");
}

void VideoWriter::State::encode(const AVFrame* frame) {
    check(avcodec_send_frame(encoder.get(), frame), file, "encoding a frame");
    while (true) {
        const int code = avcodec_receive_packet(encoder.get(), packet.get());
        if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return;
        check(code, file, "encoding a frame");
        packet->stream_index = stream->index;
        packet->duration = 1;
        av_packet_rescale_ts(packet.get(), encoder->time_base, stream->time_base);
        check(av_interleaved_write_frame(output, packet.get()), file, "writing a frame");
    }
}

VideoWriter::VideoWriter(const std::filesystem::path& path, int width, int height, double fps,
                         const VideoWriterOptions& options)
    : state_(std::make_unique<State>()) {
    load_libraries(path.string());
    silence_log();
    clear_message();
    State& state = *state_;
    state.path = path;
    state.file = path.string();
    state.temporary = path.string() + ".tmp" + std::to_string(::getpid());
    if (width <= 0 || height <= 0 || width % 2 != 0 || height % 2 != 0)
        fail("{}: expected an even, positive video size, found {} x {}", state.file, width, height);
    if (!(fps > 0) || fps > 1000)
        fail("{}: expected frames per second from above 0 to 1000, found {}", state.file, fps);
    if (options.rotation % 90 != 0)
        fail("{}: expected a rotation by 0, 90, 180 or 270, found {}", state.file, options.rotation);
    state.open_encoder(width, height, fps, options);
    state.yuv = make_frame(state.file, AV_PIX_FMT_YUV420P, width, height);
    state.rgb = make_frame(state.file, AV_PIX_FMT_RGB24, width, height);
    state.packet.reset(check_pointer(av_packet_alloc(), state.file, "encoding"));
    state.scaler.reset(
        check_pointer(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, AV_PIX_FMT_YUV420P,
                                     SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INP | SWS_BITEXACT,
                                     nullptr, nullptr, nullptr),
                      state.file, "encoding"));
    state.open_file(options);
}

VideoWriter::~VideoWriter() = default;

void VideoWriter::add(const Image& image) {
    State& state = *state_;
    UNMASK_ASSERT(!state.finished);
    if (image.width != state.yuv->width || image.height != state.yuv->height)
        fail("{}: expected a frame of {} x {} pixels, found {} x {}", state.file, state.yuv->width,
             state.yuv->height, image.width, image.height);
    clear_message();
    for (int y = 0; y < image.height; ++y)
        std::memcpy(state.rgb->data[0] + ptrdiff_t{state.rgb->linesize[0]} * y, image.at(0, y),
                    size_t(image.width) * 3);
    check(av_frame_make_writable(state.yuv.get()), state.file, "encoding");
    check(sws_scale(state.scaler.get(), state.rgb->data, state.rgb->linesize, 0, image.height,
                    state.yuv->data, state.yuv->linesize),
          state.file, "converting a frame");
    state.yuv->pts = state.frames++;
    state.yuv->quality = state.encoder->global_quality;
    state.encode(state.yuv.get());
}

void VideoWriter::finish() {
    State& state = *state_;
    UNMASK_ASSERT(!state.finished);
    if (state.frames == 0) fail("{}: expected at least one frame before the video is finished", state.file);
    clear_message();
    state.encode(nullptr);
    check(av_write_trailer(state.output), state.file, "finishing the video");
    check(avio_closep(&state.output->pb), state.file, "finishing the video");
    std::error_code error;
    std::filesystem::rename(state.temporary, state.path, error);
    if (error) fail("{}: cannot be written: {}", state.file, error.message());
    state.finished = true;
}

}  // namespace unmask
