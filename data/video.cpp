// SPDX-License-Identifier: Apache-2.0
#include "data/video.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "data/container_end.h"
#include "data/video_stream.h"

namespace unmask {
namespace {

using namespace ffmpeg;

// Whether each packet of the container is one frame that will be shown. Elsewhere (AVI with packed B-frames,
// VP8 with hidden frames, MPEG streams) frames can only be counted by decoding.
bool packets_are_frames(const VideoStream& video) {
    const std::string_view container = video.container();
    const bool modern = container.find("mp4") != std::string_view::npos ||
                        container.find("matroska") != std::string_view::npos;
    const AVCodecID codec = video.stream().codecpar->codec_id;
    return modern && (codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_HEVC || codec == AV_CODEC_ID_AV1 ||
                      codec == AV_CODEC_ID_VP9 || codec == AV_CODEC_ID_MPEG4 || codec == AV_CODEC_ID_MJPEG);
}

// Frames that are there by their packets: their times in the order of display, and how many more the file
// announces.
struct FrameTable {
    std::vector<int64_t> times;  // sorted, unique; empty: frames are numbered as they come out of the decoder
    int64_t present = 0;         // frames whose data is there
    int64_t announced = 0;       // frames that the file says it has
    bool cut = false;            // the index names packets that are not there
    bool loses = false;          // packets or frames were left out while they were counted
    std::string problem;         // FFmpeg's words
    std::string missing_end;     // how much of the file is missing, where its container tells
};

FrameTable table_from_packets(VideoStream& video, std::string missing_end) {
    FrameTable table;
    table.missing_end = std::move(missing_end);
    Packet packet(check_pointer(av_packet_alloc(), "video", "reading"));
    int64_t packets = 0, hidden = 0, last_stored = AV_NOPTS_VALUE;
    bool timed = true;
    while (video.next_packet(*packet)) {
        ++packets;
        if (packet->dts != AV_NOPTS_VALUE) last_stored = packet->dts;
        if (packet->flags & AV_PKT_FLAG_DISCARD) {
            ++hidden;  // cut away by the file's edit list
            continue;
        }
        timed = timed && packet->pts != AV_NOPTS_VALUE;
        table.times.push_back(packet->pts);
    }
    std::sort(table.times.begin(), table.times.end());
    timed = timed && std::adjacent_find(table.times.begin(), table.times.end()) == table.times.end();
    // Frames are stored in another order than they are shown. Where the rest of the file is missing, only
    // those shown no later than the last one was stored are certain to have all their predecessors, and with
    // them their numbers.
    const bool cut = packets < video.stream().nb_frames || video.loses() || !table.missing_end.empty();
    if (cut && last_stored != AV_NOPTS_VALUE)
        std::erase_if(table.times, [&](int64_t time) { return time > last_stored; });
    table.present = int64_t(table.times.size());
    table.announced = std::max(packets, int64_t{video.stream().nb_frames}) - hidden;
    // A file that is whole may hold fewer frames than its header says (edit lists), but all that its index
    // names.
    table.cut = avformat_index_get_entries_count(&video.stream()) > packets;
    table.loses = video.loses();
    table.problem = video.problem();
    if (!timed) table.times.clear();
    return table;
}

FrameTable table_from_decoding(VideoStream& video, std::string missing_end) {
    FrameTable table;
    table.missing_end = std::move(missing_end);
    Frame frame(check_pointer(av_frame_alloc(), "video", "decoding"));
    while (video.next_frame(*frame)) ++table.present;
    // The header also counts packets that are never shown; a few less than it says are all there are.
    const int64_t said = video.stream().nb_frames;
    table.announced = table.present + std::max<int64_t>(2, said / 50) >= said ? table.present : said;
    table.loses = video.loses();
    table.problem = video.problem();
    return table;
}

void check_numbers(const FrameNumbers& wanted, int64_t count, const std::string& file) {
    // Of evenly spaced ones the last is the largest.
    for (int64_t i = wanted.is_list() ? 0 : wanted.size() - 1; i < wanted.size(); ++i) {
        if (wanted[i] < 0 || wanted[i] >= count)
            fail("{}: expected frame numbers from 0 to {}, found {}", file, count - 1, wanted[i]);
        if (i > 0 && wanted[i] <= wanted[i - 1])
            fail("{}: expected increasing frame numbers, found {} after {}", file, wanted[i], wanted[i - 1]);
    }
}

}  // namespace

struct VideoReader::State {
    std::string file;
    VideoOptions options;
    VideoInfo info;
    FrameTable table;

    // Number of the frame with this time that came out of the decoder as the `decoded`-th; -1 for a frame
    // that the packets did not show.
    [[nodiscard]] int64_t number(int64_t time, int64_t decoded) const {
        if (table.times.empty()) return decoded;
        const auto found = std::lower_bound(table.times.begin(), table.times.end(), time);
        return found != table.times.end() && *found == time ? found - table.times.begin() : -1;
    }

    [[noreturn]] void fail_incomplete(int64_t delivered, int64_t asked, const std::string& problem) const {
        std::string reason = table.present < table.announced
                                 ? fmt::format("the file is truncated, it holds {} of its {} frames",
                                               table.present, table.announced)
                             : !table.missing_end.empty()
                                 ? fmt::format("the file is truncated, {}", table.missing_end)
                                 : "the file is damaged";
        const std::string& words = problem.empty() ? table.problem : problem;
        if (!words.empty()) reason += ": " + words;
        if (delivered == asked) fail("{}: {}; all {} frames asked for could be decoded", file, reason, asked);
        fail("{}: only {} of {} frames could be decoded ({})", file, delivered, asked, reason);
    }
};

VideoReader::VideoReader(const std::filesystem::path& path, const VideoOptions& options)
    : state_(std::make_unique<State>(State{path.string(), options, {}, {}})) {
    VideoStream video(state_->file, options);
    state_->table = packets_are_frames(video) ? table_from_packets(video, missing_end(path))
                                              : table_from_decoding(video, missing_end(path));
    if (state_->table.present == 0)
        fail("{}: the video holds no frame that can be read (it announces {}){}{}", state_->file,
             state_->table.announced, state_->table.problem.empty() ? "" : ": ", state_->table.problem);
    VideoInfo& info = state_->info;
    info.width = video.stream().codecpar->width;
    info.height = video.stream().codecpar->height;
    if (video.orientation() >= 5) std::swap(info.width, info.height);
    info.frames_per_second = video.frames_per_second();
    info.frame_count = state_->table.announced;
    info.duration_seconds = video.duration_seconds();
    info.codec = avcodec_get_name(video.stream().codecpar->codec_id);
}

VideoReader::~VideoReader() = default;
VideoReader::VideoReader(VideoReader&&) noexcept = default;
VideoReader& VideoReader::operator=(VideoReader&&) noexcept = default;

const VideoInfo& VideoReader::info() const {
    return state_->info;
}

void VideoReader::read_frames(const FrameNumbers& wanted, const FrameCallback& callback) {
    const State& state = *state_;
    if (wanted.empty()) return;
    check_numbers(wanted, state.info.frame_count, state.file);
    VideoStream video(state.file, state.options);
    Frame frame(check_pointer(av_frame_alloc(), state.file, "decoding"));
    const double seconds = av_q2d(video.stream().time_base);
    int64_t decoded = 0, delivered = 0;
    int64_t next = 0;
    std::optional<int64_t> start;
    if (!state.table.times.empty()) start = state.table.times.front();
    while (next < wanted.size() && video.next_frame(*frame)) {
        const int64_t time = state.table.times.empty() ? frame->best_effort_timestamp : frame->pts;
        const int64_t number = state.number(time, decoded++);
        if (!start) start = time;
        while (next < wanted.size() && wanted[next] < number) ++next;  // lost
        if (next >= wanted.size() || wanted[next] != number) continue;
        const double at = time == AV_NOPTS_VALUE
                              ? double(number) / std::max(1e-9, state.info.frames_per_second)
                              : double(time - *start) * seconds;
        callback(number, at, video.picture(*frame));
        ++next;
        ++delivered;
    }
    const bool cut = (state.table.cut && state.table.present < state.table.announced) || state.table.loses ||
                     !state.table.missing_end.empty();
    if (delivered < wanted.size() || cut) state.fail_incomplete(delivered, wanted.size(), video.problem());
}

bool video_available() {
    return true;
}

}  // namespace unmask
