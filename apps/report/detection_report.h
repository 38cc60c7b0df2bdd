// SPDX-License-Identifier: Apache-2.0
// The page about files that a detector was asked about.
#pragma once

#include <string>
#include <vector>

#include "apps/detection/model_options.h"
#include "apps/detection/scores.h"
#include "apps/explanation/grad_cam.h"
#include "models/checkpoint.h"

namespace unmask {

// How the answers came to be, for the page's last part.
struct DetectionProtocol {
    std::string model;  // the file
    DetectorOptions detector;
    CheckpointInfo info;
    VerdictThresholds thresholds;
    std::string faces;        // the face detector
    std::string aggregation;  // its name
    int frames = 0;           // asked for of each file; 0: all
};

// Of a model that was opened from the file `model`.
[[nodiscard]] DetectionProtocol protocol_of(const OpenModel& opened, const std::string& model);

struct ReportedFile {
    FileScore score;             // with its pictures
    std::vector<HeatMaps> maps;  // of score.pictures.faces
};

// For each file its verdict, its scores over time with thumbnails, the tracks, the most telling faces with
// the heat maps of the whole and of every branch, the model and the protocol, and what the score does and
// doesn't mean. One page, without scripts and network.
[[nodiscard]] std::string detection_report(const std::vector<ReportedFile>& files,
                                           const DetectionProtocol& protocol);

}  // namespace unmask
