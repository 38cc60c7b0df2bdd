// SPDX-License-Identifier: Apache-2.0
#include "tests/data/remux.h"

#include "data/ffmpeg.h"

namespace unmask {

using namespace ffmpeg;

void remux(const std::filesystem::path& from, const std::filesystem::path& to, const char* container,
           bool fragmented) {
    const std::string file = to.string();
    AVFormatContext* opened = nullptr;
    check(avformat_open_input(&opened, from.c_str(), nullptr, nullptr), from.string(), "opening");
    const Input input(opened);
    check(avformat_find_stream_info(input.get(), nullptr), from.string(), "its streams");
    const auto close = [](AVFormatContext* output) {
        avio_closep(&output->pb);
        avformat_free_context(output);
    };
    AVFormatContext* created = nullptr;
    check(avformat_alloc_output_context2(&created, nullptr, container, file.c_str()), file, "the container");
    const std::unique_ptr<AVFormatContext, decltype(close)> output(created, close);
    output->flags |= AVFMT_FLAG_BITEXACT;
    const AVStream& source = *input->streams[0];
    AVStream& stream = *check_pointer(avformat_new_stream(output.get(), nullptr), file, "the stream");
    check(avcodec_parameters_copy(stream.codecpar, source.codecpar), file, "the stream");
    stream.codecpar->codec_tag = 0;
    stream.avg_frame_rate = source.avg_frame_rate;
    stream.time_base = av_inv_q(source.avg_frame_rate);  // AVI counts frames in it
    check(avio_open(&output->pb, file.c_str(), AVIO_FLAG_WRITE), file, "writing");
    Options options;
    if (fragmented) options.set("movflags", "frag_keyframe+empty_moov");
    check(avformat_write_header(output.get(), options.get()), file, "the header");
    const Packet packet(check_pointer(av_packet_alloc(), file, "a packet"));
    while (av_read_frame(input.get(), packet.get()) >= 0) {
        av_packet_rescale_ts(packet.get(), source.time_base, stream.time_base);
        packet->stream_index = 0;
        packet->pos = -1;
        check(av_interleaved_write_frame(output.get(), packet.get()), file, "a packet");
    }
    check(av_write_trailer(output.get()), file, "the end");
}

}  // namespace unmask
