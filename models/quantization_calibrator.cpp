// SPDX-License-Identifier: Apache-2.0
#include "models/quantization_calibrator.h"

#include "engine/error.h"
#include "models/backbone.h"

namespace unmask {

QuantizationCalibrator::QuantizationCalibrator(Detector& detector)
    : detector_(detector), mode_(detector), schedule_(detector, BranchSchedule::separate) {
    detector.visit([&](Module& module, const std::string& prefix) {
        if (auto* backbone = dynamic_cast<Backbone*>(&module))
            firsts_.insert(&backbone->stem().block());
        else if (auto* block = dynamic_cast<ConvNormActivation*>(&module))
            blocks_.push_back(
                {prefix + block->conv_name(), block, std::make_shared<ConvNormActivation::Seen>()});
    });
    try {
        observe_all();
    } catch (...) {
        for (Observed& observed : blocks_) observed.block->set_scales(0.0f, 0.0f);
        stop();
        throw;
    }
}

// Scales that were set meanwhile, which may be those found, stay.
QuantizationCalibrator::~QuantizationCalibrator() {
    stop();
}

void QuantizationCalibrator::observe_all() {
    ActivationScales ones;
    for (const Observed& observed : blocks_) {
        ones[observed.name + output_scale_suffix] = 1.0f;
        if (firsts_.contains(observed.block)) ones[observed.name + input_scale_suffix] = 1.0f;
    }
    set_activation_scales(detector_, ones);  // Error for a backbone that has no form in integers
    for (Observed& observed : blocks_) {
        observed.block->set_scales(0.0f, 0.0f);
        observed.seen->with_input = firsts_.contains(observed.block);
        observed.block->observe(observed.seen);
    }
    detector_.prepare_inference();
}

void QuantizationCalibrator::stop() {
    for (Observed& observed : blocks_) observed.block->observe(nullptr);
}

void QuantizationCalibrator::add(const Tensor& images) {
    static_cast<void>(detector_.infer(images));
    images_ += images.dim(0);
}

ActivationScales QuantizationCalibrator::scales(RangeRule rule) const {
    if (images_ == 0) fail("calibration: expected at least one picture, found none");
    ActivationScales result;
    for (const Observed& observed : blocks_) {
        result[observed.name + output_scale_suffix] =
            observed.seen->output.scale(observed.block->quantized_result(), rule);
        if (observed.seen->with_input)
            result[observed.name + input_scale_suffix] = observed.seen->input.scale(DType::i8, rule);
    }
    return result;
}

}  // namespace unmask
