// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/answers.h"

#include <fmt/format.h>

#include "apps/json_text.h"
#include "data/csv_file.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

Json track_json(const FileScore& file, size_t number) {
    const TrackScore& track = file.tracks[number];
    const FrameScore &first = file.frames[track.first_frame], &last = file.frames[track.last_frame];
    const auto time = [](const FrameScore& frame) {
        return frame.time_seconds < 0 ? Json(nullptr) : Json(frame.time_seconds);
    };
    return {{"track", number},
            {"score", track.score},
            {"counts", track.counts},
            {"faces", track.faces},
            {"first", {{"index", first.index}, {"time", time(first)}}},
            {"last", {{"index", last.index}, {"time", time(last)}}}};
}

Json frame_json(const FrameScore& frame) {
    Json faces = Json::array();
    for (const FaceScore& face : frame.faces)
        faces.push_back({{"box", {face.box.x, face.box.y, face.box.width, face.box.height}},
                         {"track", face.track},
                         {"score", face.score}});
    Json json{{"index", frame.index},
              {"time", frame.time_seconds < 0 ? Json(nullptr) : Json(frame.time_seconds)},
              {"score", json_of(frame.score())}};
    if (!frame.name.empty()) json["name"] = frame.name;
    json["width"] = frame.width;
    json["height"] = frame.height;
    json["faces"] = std::move(faces);
    return json;
}

}  // namespace

std::string detection_answer(const std::vector<FileScore>& files, const VerdictThresholds& thresholds) {
    Json answer = Json::array();
    for (const FileScore& file : files) {
        Json tracks = Json::array(), frames = Json::array();
        for (size_t i = 0; i < file.tracks.size(); ++i) tracks.push_back(track_json(file, i));
        for (const FrameScore& frame : file.frames) frames.push_back(frame_json(frame));
        answer.push_back({{"file", file.file.string()},
                          {"kind", file.kind ? Json(to_string(*file.kind)) : Json(nullptr)},
                          {"score", json_of(file.score)},
                          {"verdict", to_string(verdict_of(file, thresholds))},
                          {"tracks", std::move(tracks)},
                          {"frames", std::move(frames)},
                          {"error", text_or_null(file.error)}});
    }
    return json_text(answer);
}

std::string detection_csv(const std::vector<FileScore>& files, const VerdictThresholds& thresholds) {
    std::string text = "file,kind,verdict,score,real_up_to,fake_from,frames,frames_with_face,tracks,error";
    for (const FileScore& file : files)
        text += fmt::format("\n{},{},{},{},{},{},{},{},{},{}", csv_field(file.file.string()),
                            file.kind ? to_string(*file.kind) : "", to_string(verdict_of(file, thresholds)),
                            file.score ? fmt::format("{}", *file.score) : "", thresholds.real_up_to,
                            thresholds.fake_from, file.frames.size(), frames_with_face(file),
                            file.tracks.size(), csv_field(file.error));
    return text;
}

std::string detection_table_head() {
    return fmt::format("{:<9} {:>6}  {:>9}  {:>6}  {}", "verdict", "score", "frames", "tracks", "file");
}

std::string detection_table_line(const FileScore& file, const VerdictThresholds& thresholds) {
    const bool one = file.kind == SourceKind::picture;
    const std::string frames = file.frames.empty() ? "-"
                               : one               ? "1"
                                     : fmt::format("{} of {}", frames_with_face(file), file.frames.size());
    return fmt::format("{:<9} {:>6}  {:>9}  {:>6}  {}", to_string(verdict_of(file, thresholds)),
                       file.score ? fmt::format("{:.3f}", *file.score) : "-", frames, file.tracks.size(),
                       file.file.string());
}

}  // namespace unmask
