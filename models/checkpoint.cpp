// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <cmath>
#include <utility>

#include "engine/context.h"
#include "engine/error.h"
#include "models/checkpoint_metadata.h"
#include "models/file_format.h"

namespace unmask {
namespace {

// Prefixes of the tensors that are not the detector's.
constexpr std::string_view objective_prefix = "objective.";
constexpr std::string_view extra_prefix = "extra.";
// Behind the name of int8 weights, of their scales.
constexpr std::string_view scale_suffix = ".scale";

// A network with such values would still answer, as a relu may turn what is not a number into 0.
void check_tensor(const std::string& name, const Tensor& tensor) {
    const bool is_variance = name.ends_with("running_var");
    const Tensor values = tensor.to(DType::f32);
    const float* value = values.data<float>();
    for (int64_t i = 0; i < values.numel(); ++i)
        if (!std::isfinite(value[i]) || (is_variance && value[i] < 0.f))
            fail("tensor '{}': expected {}, found {} at place {}", name,
                 is_variance ? "variances of at least 0" : "finite numbers", value[i], i);
}

// Filters of a convolution with one group, or of a fully connected layer.
bool is_compactable(const std::string& name, const Tensor& tensor) {
    return name.ends_with("weight") && (tensor.rank() == 2 || (tensor.rank() == 4 && tensor.dim(3) > 1));
}

std::map<std::string, Tensor> compacted(const std::map<std::string, Tensor>& state, WeightFormat format) {
    if (format == WeightFormat::f32) return state;
    std::map<std::string, Tensor> result;
    for (const auto& [name, tensor] : state) {
        if (!is_compactable(name, tensor)) {
            result[name] = tensor;
            continue;
        }
        const CompactWeight weight = compact_weight(tensor.to(cpu_device).to(DType::f32), format);
        result[name] = weight.values;
        if (weight.scale.defined()) result[name + std::string(scale_suffix)] = weight.scale;
    }
    return result;
}

// Weights in fewer bits become float32, int8 ones with their scales, one after the other: what each was made
// from is given back to the system at once, where nobody else holds it, so that both are never there as a
// whole.
void expand(std::map<std::string, Tensor>& state) {
    for (auto& [name, tensor] : state) {
        if (tensor.dtype() != DType::i8 && tensor.dtype() != DType::bf16) continue;
        CompactWeight weight{tensor, {}};
        if (tensor.dtype() == DType::i8) {
            const auto scale = state.find(name + std::string(scale_suffix));
            if (scale == state.end()) fail("tensor '{}': expected its scales beside it, found none", name);
            if (tensor.rank() < 1)
                fail("tensor '{}': expected int8 weights of rank 1 or more, found a scalar", name);
            weight.scale = std::exchange(scale->second, Tensor());
        }
        tensor = expanded(weight);
        weight = {};
        context_of(cpu_device)->release_cached();
    }
    std::erase_if(state, [](const auto& entry) { return !entry.second.defined(); });
}

void put_extra(std::map<std::string, Tensor>& tensors, const std::map<std::string, Tensor>& extra) {
    for (const auto& [name, tensor] : extra) tensors[std::string(extra_prefix) + name] = tensor;
}

// Models as other programs keep them, which are converted first.
void refuse_foreign(FileFormat format, std::string_view name) {
    if (format == FileFormat::onnx)
        fail(
            "{}: expected a model file of unmask, found an ONNX file, which is written only: take the model "
            "that it was made from",
            name);
    if (format != FileFormat::zip && format != FileFormat::pickle) return;
    std::filesystem::path converted = std::filesystem::path(name).replace_extension(".safetensors");
    if (converted == name) converted.replace_filename("converted.safetensors");
    fail(
        "{}: expected a model file of unmask, found a {} as of PyTorch; to convert it: unmask convert '{}' "
        "'{}'",
        name, format == FileFormat::zip ? "zip file" : "pickle", name, converted.string());
}

LoadedDetector parse_file(TensorFile file) {
    check_checkpoint_format(file.metadata);
    LoadedDetector loaded;
    loaded.info = parse_checkpoint_info(file.metadata);
    const DetectorOptions options = parse_detector_options(file.metadata);
    std::map<std::string, Tensor> state;
    for (auto& [name, tensor] : file.tensors) {
        if (name.starts_with(objective_prefix))
            loaded.objective[name.substr(objective_prefix.size())] = std::move(tensor);
        else if (name.starts_with(extra_prefix))
            loaded.extra[name.substr(extra_prefix.size())] = std::move(tensor);
        else
            state[name] = std::move(tensor);
    }
    loaded.info.quantization = take_quantization(file.metadata, state);
    expand(state);
    check_values(state);
    const ShapesOnly until_the_tensors_fit;
    loaded.detector = std::make_unique<Detector>(options);
    loaded.detector->adopt_state(state);
    if (loaded.info.quantization) {
        set_activation_scales(*loaded.detector, loaded.info.quantization->scales);
        loaded.detector->set_training(false);
    }
    return loaded;
}

}  // namespace

void check_values(const std::map<std::string, Tensor>& state) {
    for (const auto& [name, tensor] : state)
        if (is_floating(tensor.dtype())) check_tensor(name, tensor);
}

TensorFile detector_content(const Detector& detector, const Objective* objective, const CheckpointInfo& info,
                            const std::map<std::string, Tensor>& extra) {
    TensorFile file;
    file.metadata = checkpoint_metadata(detector.options(), info);
    file.tensors = compacted(detector.state(), info.weights);
    if (objective != nullptr)
        for (const auto& [name, tensor] : objective->state())
            file.tensors[std::string(objective_prefix) + name] = tensor;
    put_extra(file.tensors, extra);
    if (info.quantization) put_quantization(file, *info.quantization);
    return file;
}

void save_detector(const std::filesystem::path& path, const Detector& detector, const Objective* objective,
                   const CheckpointInfo& info, const std::map<std::string, Tensor>& extra) {
    write_safetensors(path, detector_content(detector, objective, info, extra));
}

LoadedDetector load_detector(const std::filesystem::path& path) {
    refuse_foreign(file_format_of(path), path.string());
    return parse_detector(read_safetensors(path), path.string());
}

LoadedDetector load_detector(std::span<const std::byte> bytes, std::string_view name,
                             const std::shared_ptr<const void>& owner) {
    refuse_foreign(file_format_of(bytes), name);
    return parse_detector(read_safetensors(bytes, name, owner), name);
}

LoadedDetector parse_detector(TensorFile file, std::string_view name) {
    try {
        return parse_file(std::move(file));
    } catch (const OutOfMemory&) {
        throw;
    } catch (const Error& error) {
        fail("{}: {}", name, error.what());
    }
}

void save_calibration(const std::filesystem::path& path, const std::filesystem::path& output,
                      const Calibration& calibration, const std::map<std::string, Tensor>& extra) {
    refuse_foreign(file_format_of(path), path.string());
    TensorFile file = read_safetensors(path);
    static_cast<void>(parse_detector(file, path.string()));
    put_calibration(file.metadata, calibration);
    put_extra(file.tensors, extra);
    write_safetensors(output, file);
}

}  // namespace unmask
