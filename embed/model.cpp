// SPDX-License-Identifier: Apache-2.0
#include "embed/model.h"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

namespace unmask::embed {

std::shared_ptr<Model> Model::open(const std::filesystem::path& path, WeightFormat weights) {
    errno = 0;
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
    // A folder opens, but has no first byte.
    if (file == nullptr || std::fgetc(file.get()) == EOF) {
        const int reason = errno;
        if (reason != 0) throw std::system_error(reason, std::generic_category(), path.string());
    }
    return std::make_shared<Model>(load_detector(path), weights);
}

std::shared_ptr<Model> Model::open(std::span<const std::byte> bytes, const std::string& name,
                                   WeightFormat weights) {
    return std::make_shared<Model>(load_detector(bytes, name, nullptr), weights);
}

Model::Model(LoadedDetector loaded, WeightFormat weights) : loaded_(std::move(loaded)) {
    parameters_ = detector().parameter_count();
    calibration_ = loaded_.info.calibration.value_or(Calibration{});
    loaded_.objective.clear();
    loaded_.extra.clear();
    detector().keep_inference_only(weights);
    context_of(cpu_device)->release_cached();  // what the weights were folded from
}

}  // namespace unmask::embed
