// SPDX-License-Identifier: Apache-2.0
#include "data/video_stream.h"

#include <cstring>
#include <vector>

#include "data/container_end.h"
#include "data/file_magic.h"
#include "data/orientation.h"

namespace unmask {
namespace {

using namespace ffmpeg;

// Containers that videos come in. Play lists and the like, which name other files, are not among them.
constexpr const char* containers =
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,mpegvideo,flv,asf,ogg";

const int32_t* display_matrix(const AVStream& stream) {
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    const AVPacketSideData* data = av_packet_side_data_get(
        stream.codecpar->coded_side_data, stream.codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    return data ? reinterpret_cast<const int32_t*>(data->data) : nullptr;
#else
    return reinterpret_cast<const int32_t*>(
        av_stream_get_side_data(&stream, AV_PKT_DATA_DISPLAYMATRIX, nullptr));
#endif
}

bool is_key_frame(const AVFrame& frame) {
#ifdef AV_FRAME_FLAG_KEY
    return (frame.flags & AV_FRAME_FLAG_KEY) != 0;
#else
    return frame.key_frame != 0;
#endif
}

// "the file is truncated, …: " where its container tells, for messages about what follows from that.
std::string truncation(const std::string& file) {
    const std::string missing = missing_end(file);
    return missing.empty() ? missing : "the file is truncated, " + missing + ": ";
}

std::string open_failure(const std::string& file, int code) {
    // Names alone make FFmpeg take any file for a video: what it says then would mislead.
    if (!looks_like_video(file))
        return "neither a picture (PNG, JPEG, BMP) nor a video (" + describe(code) + ")";
    if (last_message().find("moov atom not found") != std::string::npos)
        return "the video is truncated or was never finished: it has no index (moov atom not found)";
    return truncation(file) + "the video cannot be opened: " + describe(code);
}

// Stops a frame size beyond the limit before anything is allocated for it.
void check_size(const std::string& file, const AVCodecParameters& parameters, int64_t limit) {
    if (int64_t{parameters.width} * parameters.height > limit)
        fail("{}: the video's frames are too large: {} x {} pixels, expected at most {} in all", file,
             parameters.width, parameters.height, limit);
}

int is_to_stop(void* options) {
    const auto& stop = static_cast<const VideoOptions*>(options)->stop;
    return stop && stop() ? 1 : 0;
}

void fail_if_stopped(const std::string& file, const VideoOptions& options) {
    if (options.stop && options.stop()) fail("{}: stopped before its end", file);
}

Input open_input(const std::string& file, VideoOptions& limits) {
    AVFormatContext* context = check_pointer(avformat_alloc_context(), file, "opening");
    context->interrupt_callback = {is_to_stop, &limits};
    Options options;
    options.set("format_whitelist", containers);
    options.set("protocol_whitelist", "file");
    // avformat_open_input frees the context when it fails.
    const int code = avformat_open_input(&context, ("file:" + file).c_str(), nullptr, options.get());
    if (code < 0) {
        fail_if_stopped(file, limits);
        fail("{}: {}", file, open_failure(file, code));
    }
    return Input(context);
}

void read_stream_info(AVFormatContext& input, const std::string& file, const VideoOptions& options) {
    std::vector<Options> limits(input.nb_streams);
    std::vector<AVDictionary*> dictionaries;
    for (unsigned i = 0; i < input.nb_streams; ++i) {
        check_size(file, *input.streams[i]->codecpar, options.max_frame_pixels);
        limits[i].set("max_pixels", std::to_string(options.max_frame_pixels));
        dictionaries.push_back(*limits[i].get());
    }
    const int code = avformat_find_stream_info(&input, dictionaries.empty() ? nullptr : dictionaries.data());
    for (unsigned i = 0; i < limits.size(); ++i) *limits[i].get() = dictionaries[i];
    fail_if_stopped(file, options);
    check(code, file, "the video's streams cannot be read");
}

}  // namespace

VideoStream::VideoStream(const std::string& file, const VideoOptions& options)
    : file_(file), options_(options) {
    load_libraries(file);
    silence_log();
    clear_message();
    check_readable_file(file);
    input_ = open_input(file, options_);
    container_ = input_->iformat->name;
    read_stream_info(*input_, file, options);
    const int index = av_find_best_stream(input_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, nullptr, 0);
    if (index == AVERROR_STREAM_NOT_FOUND) fail("{}: the file has no video stream", file);
    check(index, file, "choosing the video stream");
    stream_ = input_->streams[index];
    for (unsigned i = 0; i < input_->nb_streams; ++i)
        if (int(i) != index) input_->streams[i]->discard = AVDISCARD_ALL;
    check_size(file, *stream_->codecpar, options.max_frame_pixels);
    if (stream_->codecpar->width <= 0 || stream_->codecpar->height <= 0)
        fail("{}: {}the video's frame size cannot be found out: {}", file, truncation(file),
             describe(AVERROR_INVALIDDATA));
    packet_.reset(check_pointer(av_packet_alloc(), file, "reading"));
    if (const int32_t* matrix = display_matrix(*stream_))
        orientation_ = orientation_of_matrix(matrix[0], matrix[1], matrix[3], matrix[4]);
    clear_message();
}

double VideoStream::frames_per_second() const {
    for (const AVRational rate : {stream_->avg_frame_rate, stream_->r_frame_rate})
        if (rate.num > 0 && rate.den > 0) return av_q2d(rate);
    return 0;
}

double VideoStream::duration_seconds() const {
    if (stream_->duration > 0) return double(stream_->duration) * av_q2d(stream_->time_base);
    return input_->duration > 0 ? double(input_->duration) / AV_TIME_BASE : 0;
}

int VideoStream::orientation() const {
    return orientation_;
}

bool VideoStream::next_packet(AVPacket& packet) {
    while (true) {
        av_packet_unref(&packet);
        clear_message();
        fail_if_stopped(file_, options_);
        const int code = av_read_frame(input_.get(), &packet);
        if (code < 0) {
            fail_if_stopped(file_, options_);
            if (code != AVERROR_EOF || !last_message().empty()) note_loss(describe(code));
            return false;
        }
        if (packet.stream_index != stream_->index) continue;
        if ((packet.flags & AV_PKT_FLAG_CORRUPT) == 0) return true;
        note_loss(last_message().empty() ? "a packet is not whole"
                                         : "a packet is not whole (" + last_message() + ")");
    }
}

void VideoStream::note_loss(const std::string& words) {
    problem_ = words;
    loses_ = true;
}

void VideoStream::open_decoder() {
    const AVCodec* codec = avcodec_find_decoder(stream_->codecpar->codec_id);
    if (!codec)
        fail("{}: this build of FFmpeg has no decoder for {}", file_,
             avcodec_get_name(stream_->codecpar->codec_id));
    decoder_.reset(check_pointer(avcodec_alloc_context3(codec), file_, "decoding"));
    check(avcodec_parameters_to_context(decoder_.get(), stream_->codecpar), file_,
          "the decoder's parameters");
    decoder_->pkt_timebase = stream_->time_base;
    decoder_->thread_count = options_.threads;
    decoder_->max_pixels = options_.max_frame_pixels;
    check(avcodec_open2(decoder_.get(), codec, nullptr), file_, "the decoder cannot be started");
}

// At the end of the file the decoder is told to give out the frames that it holds back.
void VideoStream::send_next_packet() {
    const bool more = next_packet(*packet_);
    const int code = avcodec_send_packet(decoder_.get(), more ? packet_.get() : nullptr);
    if (code < 0 && code != AVERROR_EOF) note_damage(describe(code));
}

void VideoStream::note_damage(const std::string& words) {
    note_loss(words);
    damaged_ = true;
}

bool VideoStream::next_frame(AVFrame& frame) {
    if (!decoder_) open_decoder();
    constexpr int patience = 100;  // errors without a new packet: a decoder that is stuck
    int errors = 0;
    while (errors < patience) {
        const int code = avcodec_receive_frame(decoder_.get(), &frame);
        if (code == AVERROR_EOF) return false;
        if (code == AVERROR(EAGAIN)) {
            send_next_packet();
            errors = 0;
            continue;
        }
        if (code < 0) {
            ++errors;
            note_damage(describe(code));
            continue;
        }
        constexpr int damage = FF_DECODE_ERROR_INVALID_BITSTREAM | FF_DECODE_ERROR_CONCEALMENT_ACTIVE;
        if ((frame.flags & AV_FRAME_FLAG_CORRUPT) != 0 || (frame.decode_error_flags & damage) != 0) {
            note_damage(last_message().empty() ? "damaged frame" : "damaged frame (" + last_message() + ")");
            continue;
        }
        // Frames are differences to earlier ones; after damage only a key frame is right again.
        if (is_key_frame(frame)) damaged_ = false;
        if (!damaged_) return true;
    }
    return false;
}

Image VideoStream::picture(const AVFrame& frame) {
    // Exact chroma at full resolution, the same result on every machine.
    constexpr int flags =
        SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT | SWS_FULL_CHR_H_INP | SWS_BITEXACT;
    scaler_.reset(check_pointer(
        sws_getCachedContext(scaler_.release(), frame.width, frame.height, AVPixelFormat(frame.format),
                             frame.width, frame.height, AV_PIX_FMT_RGB24, flags, nullptr, nullptr, nullptr),
        file_, "converting a frame to RGB"));
    const bool full_range = frame.color_range == AVCOL_RANGE_JPEG;
    const int* matrix = sws_getCoefficients(
        frame.colorspace == AVCOL_SPC_UNSPECIFIED || frame.colorspace == AVCOL_SPC_RGB ? SWS_CS_DEFAULT
                                                                                       : frame.colorspace);
    sws_setColorspaceDetails(scaler_.get(), matrix, full_range, matrix, 1, 0, 1 << 16, 1 << 16);

    // FFmpeg may write beyond the end of a row, so that it gets a padded buffer of its own.
    if (!rgb_ || rgb_->width != frame.width || rgb_->height != frame.height) {
        rgb_.reset(check_pointer(av_frame_alloc(), file_, "converting a frame"));
        rgb_->format = AV_PIX_FMT_RGB24;
        rgb_->width = frame.width;
        rgb_->height = frame.height;
        check(av_frame_get_buffer(rgb_.get(), 0), file_, "converting a frame");
    }
    check(sws_scale(scaler_.get(), frame.data, frame.linesize, 0, frame.height, rgb_->data, rgb_->linesize),
          file_, "converting a frame to RGB");
    Image image(frame.width, frame.height);
    for (int y = 0; y < frame.height; ++y)
        std::memcpy(image.at(0, y), rgb_->data[0] + ptrdiff_t{rgb_->linesize[0]} * y,
                    size_t(frame.width) * 3);
    return oriented(std::move(image), orientation_);
}

}  // namespace unmask
