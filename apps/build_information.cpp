// SPDX-License-Identifier: Apache-2.0
#include "apps/build_information.h"

#include <fmt/format.h>

#include "data/face_detector.h"
#include "data/picture_decode.h"
#include "data/video.h"
#include "engine/kernel.h"
#include "engine/libraries.h"

namespace unmask {
namespace {

std::string compiler() {
#if defined(__clang__)
    return "clang " __clang_version__;
#elif defined(__GNUC__)
    return "gcc " __VERSION__;
#else
    return "unknown";
#endif
}

const char* presence(bool available) {
    return available ? "yes" : "no";
}

}  // namespace

std::string version() {
    return UNMASK_VERSION;
}

std::vector<std::pair<std::string, std::string>> build_information() {
    return {{"compiler", compiler()},
            {"build_type", UNMASK_BUILD_TYPE},
            {"onednn", presence(onednn_available())},
            {"cuda", presence(has_backend(DeviceType::cuda))},
            {"ffmpeg", presence(video_available())},
            {"jpeg", jpeg_decoder()},
            {"dlib", presence(face_detector_available("dlib"))}};
}

std::string version_text() {
    std::string text = fmt::format("unmask {}", version());
    std::vector<std::pair<std::string, std::string>> lines = build_information();
    // What decides no byte of a run, and so is not on its record.
    lines.insert(lines.end(), {{"openmp", presence(UNMASK_HAS_OPENMP)},
                               {"mpi", presence(UNMASK_HAS_MPI)},
                               {"onnx", presence(UNMASK_HAS_ONNX)},
                               {"http_server", presence(UNMASK_HAS_HTTPLIB)}});
    for (const auto& [name, value] : lines) text += fmt::format("\n{}: {}", name, value);
    std::string libraries;
    for (const auto& [name, value] : library_versions())
        libraries += fmt::format("{}{} {}", libraries.empty() ? "" : ", ", name, value);
    return text + fmt::format("\nlibraries: {}", libraries.empty() ? "none" : libraries);
}

}  // namespace unmask
