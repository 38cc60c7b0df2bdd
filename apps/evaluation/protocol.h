// SPDX-License-Identifier: Apache-2.0
// What figures were measured on and how. Figures of different protocols cannot be compared, so that every
// table and file that holds figures holds this too.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "apps/evaluation/bootstrap.h"
#include "data/manifest.h"

namespace unmask {

struct Protocol {
    std::string name;         // of the data in tables
    std::string model, data;  // the model file and the manifest
    std::string dataset;      // the rows' dataset names, comma-separated; empty when they have none
    std::string split;        // "train", "val", "test" or "all"
    int64_t videos = 0, least_frames = 0, most_frames = 0;  // pictures of a video
    std::string compression;                                // the rows', or "unknown"
    std::string forgeries = "the data's";                   // or how they were made of the real rows
    std::string crop;                                       // how the faces were cut, or "unknown"
    int input_size = 0;                                     // side of the model's input in pixels
    std::string corruption = "none";                        // what was done to the pictures (corruptions.h)
    double strength = 0;                                    // of the corruption, in its unit
    double threshold = 0.5;                                 // of accuracy
    BootstrapOptions bootstrap;
};

// Fills in what the rows and the manifest's neighbours say: dataset, videos and frames, compression, crop;
// and the name: that of the dataset, else the manifest's file name.
void describe_rows(Protocol& protocol, std::span<const ManifestRow> rows,
                   const std::filesystem::path& manifest);

// "16" or "3-16".
[[nodiscard]] std::string frames_text(const Protocol& protocol);

// "faces.csv, split test: 140 videos of 16 pictures, compression c23, crop …, input 224".
[[nodiscard]] std::string protocol_line(const Protocol& protocol);
// What all data of one call share: model, levels, threshold, intervals.
[[nodiscard]] std::string method_line(const Protocol& protocol);

}  // namespace unmask
