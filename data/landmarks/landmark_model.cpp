// SPDX-License-Identifier: Apache-2.0
#include "data/landmarks/landmark_model.h"

#include <fmt/ranges.h>

#include <system_error>

#include "data/landmarks/landmark_model_dlib.h"
#include "engine/error.h"

namespace unmask {

namespace fs = std::filesystem;

const std::vector<fs::path>& landmark_model_places() {
    static const std::vector<fs::path> places{
        "/usr/share/dlib/shape_predictor_68_face_landmarks.dat",
        "/usr/local/share/dlib/shape_predictor_68_face_landmarks.dat",
    };
    return places;
}

fs::path installed_landmark_model() {
    if (!landmarks_available()) return {};
    for (const fs::path& place : landmark_model_places()) {
        std::error_code ignored;
        if (fs::is_regular_file(place, ignored)) return place;
    }
    return {};
}

std::shared_ptr<const LandmarkModel> load_landmark_model(const fs::path& path) {
    if (!landmarks_available())
        fail(
            "this build of unmask finds no landmarks; install dlib (Debian: libdlib-dev, libdlib-data) and "
            "build "
            "again");
    const fs::path file = path.empty() ? installed_landmark_model() : path;
    if (file.empty()) {
        std::vector<std::string> places;
        for (const fs::path& place : landmark_model_places()) places.push_back(place.string());
        fail(
            "the model of 68 face landmarks is neither named nor installed; install it (Debian: "
            "libdlib-data) or "
            "name the file (looked for {})",
            fmt::join(places, ", "));
    }
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
        fail("{}: expected a model of 68 face landmarks, found no such file", file.string());
    return load_dlib_landmarks(file);
}

}  // namespace unmask
