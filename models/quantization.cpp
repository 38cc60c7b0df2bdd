// SPDX-License-Identifier: Apache-2.0
#include "models/quantization.h"

#include <charconv>
#include <cmath>
#include <set>

#include "engine/error.h"
#include "layers/conv_norm_activation.h"
#include "models/backbone.h"

namespace unmask {
namespace {

constexpr const char* arithmetic = "int8";

bool is_scale(std::string_view name) {
    return name.ends_with(output_scale_suffix) || name.ends_with(input_scale_suffix);
}

const std::string& metadata_text(const std::map<std::string, std::string>& metadata, const std::string& key) {
    const auto place = metadata.find(key);
    if (place == metadata.end()) fail("expected metadata '{}', found none", key);
    return place->second;
}

float checked_scale(const std::string& name, const Tensor& tensor) {
    if (tensor.dtype() != DType::f32 || tensor.shape() != Shape{1})
        fail("tensor '{}': expected one scale in f32, found {} {}", name, name_of(tensor.dtype()),
             tensor.shape().str());
    return tensor.data<float>()[0];
}

}  // namespace

void set_activation_scales(Detector& detector, const ActivationScales& scales) {
    for (const auto& [name, scale] : scales)
        if (!std::isfinite(scale) || scale <= 0.0f)
            fail("scale '{}': expected a positive, finite number, found {}", name, scale);
    std::set<std::string> used;
    const auto scale_of = [&](const std::string& name, bool needed) {
        const auto place = scales.find(name);
        if (place == scales.end()) {
            if (needed) fail("scale '{}': expected one for every convolution, found none", name);
            return 0.0f;
        }
        used.insert(name);
        return place->second;
    };
    detector.visit([&](Module& module, const std::string& prefix) {
        auto* block = dynamic_cast<ConvNormActivation*>(&module);
        if (block == nullptr) return;
        const std::string name = prefix + block->conv_name();
        block->set_scales(scale_of(name + output_scale_suffix, true),
                          scale_of(name + input_scale_suffix, false));
    });
    for (const auto& [name, scale] : scales)
        if (!used.contains(name)) fail("scale '{}': expected the name of a convolution of this model", name);
    detector.visit([&](Module& module, const std::string&) {
        auto* backbone = dynamic_cast<Backbone*>(&module);
        if (backbone == nullptr) return;
        try {
            static_cast<void>(backbone->link_scales(0.0f));
        } catch (const Error& error) {
            fail("{}: {}", detector.options().backbone, error.what());
        }
    });
}

bool has_activation_scales(Detector& detector) {
    bool found = false;
    detector.visit([&](Module& module, const std::string&) {
        if (const auto* block = dynamic_cast<ConvNormActivation*>(&module)) found |= block->has_scales();
    });
    return found;
}

void put_quantization(TensorFile& file, const Quantization& quantization) {
    for (const auto& [name, scale] : quantization.scales) file.tensors[name] = Tensor::full({1}, scale);
    file.metadata["arithmetic"] = arithmetic;
    file.metadata["quantized_on"] = quantization.data;
    file.metadata["quantized_on_pictures"] = std::to_string(quantization.pictures);
    file.metadata["quantized_range"] = quantization.range;
}

std::optional<Quantization> take_quantization(const std::map<std::string, std::string>& metadata,
                                              std::map<std::string, Tensor>& tensors) {
    const auto place = metadata.find("arithmetic");
    if (place == metadata.end()) return {};
    if (place->second != arithmetic)
        fail("metadata 'arithmetic': expected {}, found '{}'", arithmetic, place->second);
    Quantization result{
        {}, metadata_text(metadata, "quantized_range"), metadata_text(metadata, "quantized_on"), 0};
    const std::string& pictures = metadata_text(metadata, "quantized_on_pictures");
    const char* end = pictures.data() + pictures.size();
    if (const auto parsed = std::from_chars(pictures.data(), end, result.pictures);
        parsed.ec != std::errc() || parsed.ptr != end)
        fail("metadata 'quantized_on_pictures': expected a number, found '{}'", pictures);
    for (const auto& [name, tensor] : tensors)
        if (is_scale(name)) result.scales[name] = checked_scale(name, tensor);
    std::erase_if(tensors, [](const auto& entry) { return is_scale(entry.first); });
    return result;
}

}  // namespace unmask
