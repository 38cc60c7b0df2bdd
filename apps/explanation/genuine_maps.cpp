// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/genuine_maps.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/detection/face_scorer.h"
#include "data/frame_source.h"
#include "engine/error.h"
#include "layers/evaluation_mode.h"

namespace unmask {
namespace {

std::string name_of_map(size_t branch) {
    return fmt::format("genuine_maps.{}", branch);
}

std::vector<size_t> chosen_pictures(const FaceDataset& pictures) {
    std::vector<size_t> real;
    for (size_t i = 0; i < pictures.size(); ++i)
        if (pictures.row(i).label == 0) real.push_back(i);
    std::vector<size_t> chosen;
    for (const int64_t place : evenly_spaced(int64_t(real.size()), most_genuine))
        chosen.push_back(real[size_t(place)]);
    return chosen;
}

}  // namespace

GenuineMaps measure_genuine_maps(Detector& detector, const FaceDataset& pictures,
                                 const Normalisation& normalisation, int batch, const Compute& compute) {
    const std::vector<size_t> chosen = chosen_pictures(pictures);
    const NoGrad nothing_recorded;
    const EvaluationMode mode(detector);
    detector.prepare_inference();
    std::vector<Shape> shapes;
    std::vector<std::vector<double>> sums;
    for (size_t begin = 0; begin < chosen.size(); begin += size_t(batch)) {
        std::vector<std::shared_ptr<const Image>> held;
        std::vector<const Image*> images;
        for (size_t i = begin; i < std::min(chosen.size(), begin + size_t(batch)); ++i) {
            held.push_back(pictures.image(chosen[i]));
            images.push_back(held.back().get());
        }
        const Tensor input = images_of(images, detector.options().size, normalisation);
        const std::vector<Variable> maps = detector.feature_maps(model_input(input, compute));
        sums.resize(maps.size());
        shapes.clear();
        for (size_t branch = 0; branch < maps.size(); ++branch) {
            const std::vector<float> values = maps[branch].value().to_floats();
            const size_t one = values.size() / images.size();
            sums[branch].resize(one);
            for (size_t i = 0; i < values.size(); ++i) sums[branch][i % one] += double(values[i]);
            shapes.push_back({maps[branch].dim(1), maps[branch].dim(2), maps[branch].dim(3)});
        }
    }
    GenuineMaps result;
    for (size_t branch = 0; branch < sums.size(); ++branch) {
        std::vector<float> means;
        for (const double sum : sums[branch]) means.push_back(float(sum / double(chosen.size())));
        result.branches.push_back(Tensor::from(shapes[branch], means));
    }
    return result;
}

std::map<std::string, Tensor> tensors_of(const GenuineMaps& maps) {
    std::map<std::string, Tensor> tensors;
    for (size_t i = 0; i < maps.branches.size(); ++i) tensors[name_of_map(i)] = maps.branches[i];
    return tensors;
}

GenuineMaps genuine_maps_of(const LoadedDetector& loaded) {
    GenuineMaps maps;
    const auto branches = size_t(loaded.detector->options().branches);
    for (size_t i = 0; i < branches; ++i) {
        const auto found = loaded.extra.find(name_of_map(i));
        if (found == loaded.extra.end()) continue;
        const Tensor map = found->second;
        if (map.rank() != 3 || map.dim(2) != loaded.detector->features() || map.dtype() != DType::f32)
            fail("model file: expected {} of f32 [h, w, {}], found {}", name_of_map(i),
                 loaded.detector->features(), map.shape().str());
        maps.branches.push_back(map);
    }
    if (!maps.branches.empty() && maps.branches.size() != branches)
        fail("model file: expected genuine_maps of {} branches, found {}", branches, maps.branches.size());
    return maps;
}

}  // namespace unmask
