// SPDX-License-Identifier: Apache-2.0
// Answers about drawn videos, as a detector would give them.
#pragma once

#include <cmath>

#include "apps/report/detection_report.h"
#include "data/picture.h"
#include "data/synthetic/face.h"

namespace unmask {

// 24 frames of a person whose score rises, and of a second one who is seen once.
inline ReportedFile example_detection(const std::string& name, double score) {
    ReportedFile file;
    FileScore& result = file.score;
    result.file = name;
    result.kind = SourceKind::video;
    const FaceIdentity person = make_identity(3);
    const FaceView view = make_view(5);
    for (int i = 0; i < 24; ++i) {
        const DrawnFace drawn = draw_face(person, animate(view, i * 0.5), 128);
        FrameScore& frame = result.frames.emplace_back();
        frame.index = 12 * i;
        frame.time_seconds = 0.5 * i;
        frame.width = frame.height = 128;
        if (i != 7)
            frame.faces.push_back({drawn.face, std::clamp(score + 0.1 * std::sin(i * 0.7), 0.001, 0.999), 0});
        if (i == 9) frame.faces.push_back({{4, 90, 30, 30}, 0.31, 1});
        result.pictures.thumbnails.push_back(encode_jpeg(drawn.image, 75));
        if (i == 3 || i == 12 || i == 20)
            result.pictures.faces.push_back(
                {size_t(i), 0, resize(crop(drawn.image, square_with_margin(drawn.face, 1.3)), 96, 96)});
        if (i == 9) result.pictures.faces.push_back({size_t(i), 1, Image(96, 96)});
    }
    result.score = score;
    result.tracks = {{.score = score, .faces = 23, .first_frame = 0, .last_frame = 23, .counts = true},
                     {.score = 0.31, .faces = 1, .first_frame = 9, .last_frame = 9, .counts = false}};
    for (size_t i = 0; i < result.pictures.faces.size(); ++i) {
        HeatMaps maps;
        maps.whole = {3, 3, {0, 0.2f, 0, 0.1f, float(score), 0.3f, 0, 0.4f, 0.1f}};
        maps.branches = {{3, 3, {0, 0, 0, 0, float(score), 0, 0, 0.2f, 0}},
                         {3, 3, {0, 0.2f, 0, 0.1f, 0.1f, 0.3f, 0, 0.1f, 0}}};
        file.maps.push_back(std::move(maps));
    }
    return file;
}

inline DetectionProtocol example_protocol() {
    DetectionProtocol protocol;
    protocol.model = "runs/<first>/best.safetensors";
    protocol.detector = {.backbone = "resnet18", .branches = 2, .width = 0.5, .size = 96};
    protocol.info.calibration = Calibration{.temperature = 1.4,
                                            .thresholds = {0.35, 0.65},
                                            .data = "validation pictures of its training",
                                            .real = 120,
                                            .fake = 130};
    protocol.info.training = {{"epoch", "9"}, {"data_hash", "0123456789abcdef"}};
    protocol.thresholds = {0.35, 0.65};
    protocol.faces = "dlib";
    protocol.aggregation = "log_odds_mean";
    protocol.frames = 24;
    return protocol;
}

}  // namespace unmask
