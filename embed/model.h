// SPDX-License-Identifier: Apache-2.0
// A detector that is ready for inference, used by any number of sessions at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include "models/checkpoint.h"

namespace unmask::embed {

class Model {
  public:
    // Error as load_detector; std::system_error when the file cannot be read at all.
    [[nodiscard]] static std::shared_ptr<Model> open(const std::filesystem::path& path, WeightFormat weights);
    // The bytes must outlive the model.
    [[nodiscard]] static std::shared_ptr<Model> open(std::span<const std::byte> bytes,
                                                     const std::string& name, WeightFormat weights);

    Model(LoadedDetector loaded, WeightFormat weights);

    [[nodiscard]] Detector& detector() const { return *loaded_.detector; }
    [[nodiscard]] const DetectorOptions& options() const { return detector().options(); }
    [[nodiscard]] const Preprocessing& preprocessing() const { return loaded_.info.preprocessing; }
    // Temperature 1 and thresholds of 1/2 where the file has none.
    [[nodiscard]] const Calibration& calibration() const { return calibration_; }
    [[nodiscard]] int64_t parameters() const { return parameters_; }
    // Held while a session runs the detector for the first time with a batch size: layers may derive weights
    // then.
    [[nodiscard]] std::mutex& first_run() const { return first_run_; }

  private:
    LoadedDetector loaded_;
    Calibration calibration_;
    int64_t parameters_ = 0;
    mutable std::mutex first_run_;
};

}  // namespace unmask::embed
