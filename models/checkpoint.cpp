// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint.h"

#include <charconv>
#include <cmath>

#include "engine/error.h"
#include "engine/safetensors.h"

namespace unmask {
namespace {

constexpr const char* format_name = "unmask detector";
constexpr int format_version = 1;
constexpr const char* layout_name = "OHWI";
// Prefixes of the tensors and of the metadata that are not the detector's.
constexpr std::string_view objective_prefix = "objective.";
constexpr std::string_view extra_prefix = "extra.";
constexpr std::string_view training_prefix = "training.";

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
        fail("expected a file of format '{}', found '{}'", format_name,
             format == metadata.end() ? "none" : format->second);
    if (const int version = number_of<int>(metadata, "format_version"); version != format_version)
        fail("expected format version {}, found {}", format_version, version);
    if (const std::string& layout = text_of(metadata, "layout"); layout != layout_name)
        fail("expected convolution weights as {}, found '{}'", layout_name, layout);
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
    for (const auto& [key, value] : metadata)
        if (key.starts_with(training_prefix)) info.training[key.substr(training_prefix.size())] = value;
    return info;
}

// A network with such values would still answer, as a relu may turn what is not a number into 0.
void check_values(const std::string& name, const Tensor& tensor) {
    const bool is_variance = name.ends_with("running_var");
    const Tensor values = tensor.to(DType::f32);
    const float* value = values.data<float>();
    for (int64_t i = 0; i < values.numel(); ++i)
        if (!std::isfinite(value[i]) || (is_variance && value[i] < 0.f))
            fail("tensor '{}': expected {}, found {} at place {}", name,
                 is_variance ? "variances of at least 0" : "finite numbers", value[i], i);
}

LoadedDetector parse_file(const TensorFile& file) {
    check_format(file.metadata);
    LoadedDetector loaded;
    loaded.info = parse_info(file.metadata);
    const DetectorOptions options = parse_options(file.metadata);
    std::map<std::string, Tensor> state;
    for (const auto& [name, tensor] : file.tensors) {
        if (name.starts_with(objective_prefix))
            loaded.objective[name.substr(objective_prefix.size())] = tensor;
        else if (name.starts_with(extra_prefix))
            loaded.extra[name.substr(extra_prefix.size())] = tensor;
        else
            state[name] = tensor;
    }
    for (const auto& [name, tensor] : state)
        if (is_floating(tensor.dtype())) check_values(name, tensor);
    const ShapesOnly until_the_tensors_fit;
    loaded.detector = std::make_unique<Detector>(options);
    loaded.detector->adopt_state(state);
    return loaded;
}

}  // namespace

void save_detector(const std::filesystem::path& path, const Detector& detector, const Objective* objective,
                   const CheckpointInfo& info, const std::map<std::string, Tensor>& extra) {
    check_preprocessing(info.preprocessing);
    const DetectorOptions& options = detector.options();
    TensorFile file;
    file.tensors = detector.state();
    if (objective != nullptr)
        for (const auto& [name, tensor] : objective->state())
            file.tensors[std::string(objective_prefix) + name] = tensor;
    for (const auto& [name, tensor] : extra) file.tensors[std::string(extra_prefix) + name] = tensor;
    file.metadata = {{"format", format_name},
                     {"format_version", std::to_string(format_version)},
                     {"layout", layout_name},
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
    for (const auto& [key, value] : info.training) file.metadata[std::string(training_prefix) + key] = value;
    write_safetensors(path, file);
}

LoadedDetector load_detector(const std::filesystem::path& path) {
    const TensorFile file = read_safetensors(path);
    try {
        return parse_file(file);
    } catch (const Error& error) {
        fail("{}: {}", path.string(), error.what());
    }
}

}  // namespace unmask
