// SPDX-License-Identifier: Apache-2.0
// Whether a training run's best model still gives the figures that the run recorded.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "apps/compute.h"

namespace unmask {

struct VerifyOptions {
    std::filesystem::path run;   // its folder
    std::filesystem::path data;  // where the manifest is now; empty: where the run had it
    int threads = 0;             // 0: as many as the run computed with
    Compute compute;
};

struct VerifiedFigure {
    std::string name;  // "frame AUC"
    std::optional<double> recorded, found;
    bool equal = false;
};

struct Verification {
    std::vector<VerifiedFigure> figures;
    std::vector<std::string> differences;  // what differs, one line each: data, model, figures
    std::vector<std::string> notes;        // what could not be compared
    std::string circumstances;             // why figures may differ by the tolerance; empty: not at all
    double tolerance = 0;
};

// Measures best.safetensors on the run's validation rows, with its batch size, and compares. Figures have to
// be equal to the last bit where build, device, precision and threads are the run's; elsewhere they may
// differ by 0.002 in float32 and by 0.02 where bf16 or tf32 takes part. Sets the number of threads. Error
// when the run or its data cannot be read, or when it recorded no validation.
[[nodiscard]] Verification verify_run(const VerifyOptions& options);

// A line a figure, then what differs.
[[nodiscard]] std::string verification_text(const Verification& verification);

}  // namespace unmask
