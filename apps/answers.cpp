// SPDX-License-Identifier: Apache-2.0
#include "apps/answers.h"

#include "apps/json_text.h"

namespace unmask {
namespace {
using Json = nlohmann::ordered_json;
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
                          {"problem", text_or_null(video.problem)}});
    return json_text({{"manifest", report.manifest.string()},
                      {"coverage", report.coverage.string()},
                      {"rows", report.rows},
                      {"reused", report.reused},
                      {"seconds", report.seconds},
                      {"notices", report.notices},
                      {"videos", std::move(videos)}});
}

std::string bench_answer(const BenchResult& result) {
    return json_text({{"mode", result.mode},
                      {"backbone", result.backbone},
                      {"branches", result.branches},
                      {"width", result.width},
                      {"size", result.size},
                      {"batch", result.batch},
                      {"threads", result.threads},
                      {"device", result.device},
                      {"precision", result.precision},
                      {"schedule", result.schedule},
                      {"winograd", result.winograd},
                      {"recompute", result.recompute},
                      {"input", result.input},
                      {"graph", result.graph},
                      {"schedule_taken", result.schedule_taken},
                      {"deterministic", result.deterministic},
                      {"runs", result.runs},
                      {"steps", result.steps},
                      {"parameters", result.parameters},
                      {"seconds", result.seconds},
                      {"images_per_second", result.images_per_second},
                      {"peak_bytes", result.peak_bytes},
                      {"reserved_bytes", result.reserved_bytes},
                      {"needed_bytes", result.needed_bytes > 0 ? Json(result.needed_bytes) : Json(nullptr)}});
}

}  // namespace unmask
