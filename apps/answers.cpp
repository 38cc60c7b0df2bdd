// SPDX-License-Identifier: Apache-2.0
#include "apps/answers.h"

#include <nlohmann/json.hpp>

#include "apps/evaluation/metrics_json.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

// File names need not be UTF-8; what is not becomes the replacement character.
std::string dump(const Json& json) {
    return json.dump(2, ' ', false, Json::error_handler_t::replace);
}

Json optional_text(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

Json frame_json(const FrameScore& frame) {
    Json faces = Json::array();
    for (const FaceScore& face : frame.faces)
        faces.push_back(
            {{"box", {face.box.x, face.box.y, face.box.width, face.box.height}}, {"score", face.score}});
    Json json{{"index", frame.index},
              {"time", frame.time_seconds < 0 ? Json(nullptr) : Json(frame.time_seconds)},
              {"score", json_of(frame.score())}};
    if (!frame.name.empty()) json["name"] = frame.name;
    json["faces"] = std::move(faces);
    return json;
}

}  // namespace

std::string detection_answer(const std::vector<FileScore>& files, double threshold, double band) {
    Json answer = Json::array();
    for (const FileScore& file : files) {
        Json frames = Json::array();
        for (const FrameScore& frame : file.frames) frames.push_back(frame_json(frame));
        answer.push_back({{"file", file.file.string()},
                          {"kind", file.kind ? Json(to_string(*file.kind)) : Json(nullptr)},
                          {"score", json_of(file.score())},
                          {"verdict", to_string(verdict_of(file, threshold, band))},
                          {"frames", std::move(frames)},
                          {"error", optional_text(file.error)}});
    }
    return dump(answer);
}

std::string prepare_answer(const PrepareReport& report) {
    Json videos = Json::array();
    for (const VideoReport& video : report.videos)
        videos.push_back({{"dataset", video.dataset},
                          {"video", video.video},
                          {"path", video.path.string()},
                          {"asked", video.asked},
                          {"decoded", video.decoded},
                          {"unreadable", video.unreadable()},
                          {"no_face", video.no_face},
                          {"several_faces", video.several_faces},
                          {"faces", video.faces},
                          {"reused", video.reused},
                          {"problem", optional_text(video.problem)}});
    return dump({{"manifest", report.manifest.string()},
                 {"coverage", report.coverage.string()},
                 {"rows", report.rows},
                 {"reused", report.reused},
                 {"seconds", report.seconds},
                 {"notices", report.notices},
                 {"videos", std::move(videos)}});
}

std::string bench_answer(const BenchResult& result) {
    return dump({{"mode", result.mode},
                 {"backbone", result.backbone},
                 {"branches", result.branches},
                 {"width", result.width},
                 {"size", result.size},
                 {"batch", result.batch},
                 {"threads", result.threads},
                 {"device", result.device},
                 {"precision", result.precision},
                 {"schedule", result.schedule},
                 {"input", result.input},
                 {"graph", result.graph},
                 {"deterministic", result.deterministic},
                 {"runs", result.runs},
                 {"steps", result.steps},
                 {"parameters", result.parameters},
                 {"seconds", result.seconds},
                 {"images_per_second", result.images_per_second},
                 {"peak_bytes", result.peak_bytes},
                 {"reserved_bytes", result.reserved_bytes}});
}

}  // namespace unmask
