// SPDX-License-Identifier: Apache-2.0
// Fitting the calibration of a model file that there is, and what else validation pictures give it.
#pragma once

#include "apps/evaluation/evaluate_model.h"
#include "apps/explanation/genuine_maps.h"

namespace unmask {

struct ModelCalibration {
    CalibrationFit fit;
    double ece_before = 0, ece_after = 0;            // of all the pictures
    double log_loss_before = 0, log_loss_after = 0;  // likewise
};

// Measures options.model on options.data[0] and fits; nothing is written. Error as evaluate_model, and when
// the rows lack a class.
[[nodiscard]] ModelCalibration calibrate_model(const EvaluateOptions& options);

// What heat maps of options.model are measured from, of the same rows' real pictures, where the model file
// lacks it; else, and where there are none, empty. Error as evaluate_model.
[[nodiscard]] GenuineMaps missing_genuine_maps(const EvaluateOptions& options);

}  // namespace unmask
