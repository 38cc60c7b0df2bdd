// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/explain_faces.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/detection/face_scorer.h"
#include "apps/explanation/heat_map_picture.h"
#include "data/picture.h"

namespace unmask {
namespace {

constexpr int least_width = 224;  // pixels, of the written pictures

}  // namespace

std::vector<HeatMaps> explain_faces(const LoadedDetector& model, const FileScore& file,
                                    const DetectionOptions& options) {
    const Normalisation normalisation{options.preprocessing.mean, options.preprocessing.deviation};
    const GenuineMaps genuine = genuine_maps_of(model);
    Detector& detector = *model.detector;
    std::vector<HeatMaps> result;
    const std::vector<TellingFace>& faces = file.pictures.faces;
    for (size_t begin = 0; begin < faces.size(); begin += size_t(options.batch)) {
        std::vector<const Image*> crops;
        for (size_t i = begin; i < std::min(faces.size(), begin + size_t(options.batch)); ++i)
            crops.push_back(&faces[i].crop);
        const Tensor images = images_of(crops, detector.options().size, normalisation);
        for (HeatMaps& maps : grad_cam(detector, model_input(images, options.compute), genuine))
            result.push_back(std::move(maps));
    }
    return result;
}

std::vector<std::filesystem::path> write_heat_maps(const std::filesystem::path& folder,
                                                   const std::string& stem, const Image& face,
                                                   const HeatMaps& maps) {
    const int factor = (least_width + face.width - 1) / face.width;
    const Image large = factor > 1 ? resize(face, face.width * factor, face.height * factor) : face;
    const HeatScale scale = scale_of(maps);
    std::vector<std::filesystem::path> written;
    const auto write = [&](const std::string& what, const Image& image) {
        written.push_back(folder / fmt::format("{}-{}.png", stem, what));
        write_png(written.back(), image);
    };
    write("face", large);
    write("whole", heat_map_picture(large, maps.whole, scale.whole));
    for (size_t i = 0; i < maps.branches.size(); ++i)
        write(fmt::format("branch-{}", i + 1), heat_map_picture(large, maps.branches[i], scale.branches));
    return written;
}

}  // namespace unmask
