// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <charconv>
#include <cmath>
#include <utility>

#include "engine/context.h"
#include "engine/error.h"
#include "models/file_format.h"

namespace unmask {
namespace {

constexpr const char* format_name = "unmask detector";
constexpr int format_version = 1;
// Prefixes of the tensors and of the metadata that are not the detector's.
constexpr std::string_view objective_prefix = "objective.";
constexpr std::string_view extra_prefix = "extra.";
constexpr std::string_view training_prefix = "training.";
// Behind the name of int8 weights, of their scales.
constexpr std::string_view scale_suffix = ".scale";

using Metadata = std::map<std::string, std::string>;

const std::string& text_of(const Metadata& metadata, const std::string& key) {
    const auto place = metadata.find(key);
    if (place == metadata.end()) fail("expected metadata '{}', found none", key);
    return place->second;
}

template <class Number>
Number parse_number(const std::string& key, std::string_view text) {
    Number number{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        fail("metadata '{}': expected a number, found '{}'", key, text);
    return number;
}

template <class Number>
Number number_of(const Metadata& metadata, const std::string& key) {
    return parse_number<Number>(key, text_of(metadata, key));
}

std::string text_of_three(const std::array<double, 3>& values) {
    return fmt::format("{} {} {}", values[0], values[1], values[2]);
}

std::array<double, 3> three_of(const Metadata& metadata, const std::string& key) {
    const std::string& text = text_of(metadata, key);
    const size_t first = text.find(' '),
                 second = first == std::string::npos ? first : text.find(' ', first + 1);
    if (second == std::string::npos) fail("metadata '{}': expected three numbers, found '{}'", key, text);
    const std::string_view view = text;
    return {parse_number<double>(key, view.substr(0, first)),
            parse_number<double>(key, view.substr(first + 1, second - first - 1)),
            parse_number<double>(key, view.substr(second + 1))};
}

void check_preprocessing(const Preprocessing& preprocessing) {
    for (size_t i = 0; i < 3; ++i)
        if (!std::isfinite(preprocessing.mean[i]) || !std::isfinite(preprocessing.deviation[i]) ||
            preprocessing.deviation[i] <= 0.0)
            fail("preprocessing: expected finite means and positive deviations, found {} and {}",
                 preprocessing.mean[i], preprocessing.deviation[i]);
    if (!(preprocessing.face_margin > 0.0 && preprocessing.face_margin <= 100.0))
        fail("preprocessing: expected a face margin above 0 and at most 100, found {}",
             preprocessing.face_margin);
    if (preprocessing.crop_size < 1 || preprocessing.crop_size > 16384)
        fail("preprocessing: expected a crop size of 1 to 16384, found {}", preprocessing.crop_size);
}

void check_format(const Metadata& metadata) {
    const auto format = metadata.find("format");
    if (format == metadata.end() || format->second != format_name)
        fail("expected a file of format '{}', found '{}'; unmask convert takes models of other programs",
             format_name, format == metadata.end() ? "none" : format->second);
    if (const int version = number_of<int>(metadata, "format_version"); version != format_version)
        fail("expected format version {}, found {}", format_version, version);
    if (const std::string& layout = text_of(metadata, "layout"); layout != detector_layout)
        fail("expected convolution weights as {}, found '{}'", detector_layout, layout);
}

std::optional<Calibration> parse_calibration(const Metadata& metadata) {
    if (!metadata.contains("temperature")) return {};
    const Calibration calibration{
        .temperature = number_of<double>(metadata, "temperature"),
        .thresholds = {number_of<double>(metadata, "real_up_to"), number_of<double>(metadata, "fake_from")},
        .data = text_of(metadata, "calibrated_on"),
        .real = number_of<int64_t>(metadata, "calibrated_on_real"),
        .fake = number_of<int64_t>(metadata, "calibrated_on_fake")};
    check_calibration(calibration);
    return calibration;
}

void put_calibration(Metadata& metadata, const Calibration& calibration) {
    check_calibration(calibration);
    metadata["temperature"] = fmt::format("{}", calibration.temperature);
    metadata["real_up_to"] = fmt::format("{}", calibration.thresholds.real_up_to);
    metadata["fake_from"] = fmt::format("{}", calibration.thresholds.fake_from);
    metadata["calibrated_on"] = calibration.data;
    metadata["calibrated_on_real"] = std::to_string(calibration.real);
    metadata["calibrated_on_fake"] = std::to_string(calibration.fake);
}

DetectorOptions parse_options(const Metadata& metadata) {
    DetectorOptions options;
    options.backbone = text_of(metadata, "backbone");
    options.branches = number_of<int>(metadata, "branches");
    options.width = number_of<double>(metadata, "width");
    options.size = number_of<int>(metadata, "size");
    options.dropout = number_of<double>(metadata, "dropout");
    return options;
}

CheckpointInfo parse_info(const Metadata& metadata) {
    CheckpointInfo info;
    info.preprocessing.mean = three_of(metadata, "mean");
    info.preprocessing.deviation = three_of(metadata, "deviation");
    info.preprocessing.face_margin = number_of<double>(metadata, "face_margin");
    info.preprocessing.crop_size = number_of<int>(metadata, "crop_size");
    // Files of before there was alignment do not say it.
    if (metadata.contains("aligned")) info.preprocessing.aligned = number_of<int>(metadata, "aligned") != 0;
    check_preprocessing(info.preprocessing);
    if (metadata.contains("weights")) info.weights = parse_weight_format(text_of(metadata, "weights"));
    info.calibration = parse_calibration(metadata);
    for (const auto& [key, value] : metadata)
        if (key.starts_with(training_prefix)) info.training[key.substr(training_prefix.size())] = value;
    return info;
}

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
    check_format(file.metadata);
    LoadedDetector loaded;
    loaded.info = parse_info(file.metadata);
    const DetectorOptions options = parse_options(file.metadata);
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
    check_preprocessing(info.preprocessing);
    const DetectorOptions& options = detector.options();
    TensorFile file;
    file.tensors = compacted(detector.state(), info.weights);
    if (objective != nullptr)
        for (const auto& [name, tensor] : objective->state())
            file.tensors[std::string(objective_prefix) + name] = tensor;
    put_extra(file.tensors, extra);
    file.metadata = {{"format", format_name},
                     {"format_version", std::to_string(format_version)},
                     {"layout", detector_layout},
                     {"backbone", options.backbone},
                     {"branches", std::to_string(options.branches)},
                     {"width", fmt::format("{}", options.width)},
                     {"size", std::to_string(options.size)},
                     {"dropout", fmt::format("{}", options.dropout)},
                     {"mean", text_of_three(info.preprocessing.mean)},
                     {"deviation", text_of_three(info.preprocessing.deviation)},
                     {"face_margin", fmt::format("{}", info.preprocessing.face_margin)},
                     {"crop_size", std::to_string(info.preprocessing.crop_size)},
                     {"aligned", info.preprocessing.aligned ? "1" : "0"}};
    if (info.weights != WeightFormat::f32) file.metadata["weights"] = std::string(name_of(info.weights));
    if (info.calibration) put_calibration(file.metadata, *info.calibration);
    if (info.quantization) put_quantization(file, *info.quantization);
    for (const auto& [key, value] : info.training) file.metadata[std::string(training_prefix) + key] = value;
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
