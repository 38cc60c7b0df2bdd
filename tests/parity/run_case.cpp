// SPDX-License-Identifier: Apache-2.0
#include "tests/parity/run_case.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include "engine/error.h"
#include "engine/ops/cast.h"
#include "engine/ops/elementwise.h"
#include "engine/optimizer.h"
#include "losses/objective.h"
#include "models/detector.h"
#include "tests/parity/inputs.h"

namespace unmask::parity {
namespace {

Json listed(const Tensor& tensor) {
    return tensor.to_doubles();
}

Json listed(const HeadLogits& heads, const Tensor& (Variable::*part)() const) {
    Json leave_one_out = Json::array();
    for (const Variable& logits : heads.leave_one_out) leave_one_out.push_back(listed((logits.*part)()));
    return {{"global", listed((heads.global.*part)())},
            {"joint", listed((heads.joint.*part)())},
            {"leave_one_out", leave_one_out}};
}

ObjectiveOptions objective_options(const Json& expected) {
    ObjectiveOptions options;
    options.temperature = expected.at("temperature");
    options.divergence = parse_divergence(expected.at("divergence").get<std::string>());
    options.weighting = expected.at("balance") == "auto" ? Weighting::automatic : Weighting::fixed;
    options.weights = expected.at("scales").get<std::array<double, 3>>();
    return options;
}

// The three terms, 1 for one that is off.
Json listed_terms(const ObjectiveResult& objective) {
    Json result = Json::array();
    const std::vector<double> terms = objective.terms.to_doubles();
    for (size_t k = 1; k < terms.size(); ++k) result.push_back(std::isnan(terms[k]) ? 1.0 : terms[k]);
    return result;
}

// Row i of the result is row i - 1 of the tensor, and row 0 its last.
Tensor rolled(const Tensor& tensor) {
    Tensor result = Tensor::empty_like(tensor);
    const int64_t rows = tensor.dim(0);
    for (int64_t i = 0; i < rows; ++i) {
        Tensor row = result.rows(i, i + 1);
        row.copy_from(tensor.rows((i + rows - 1) % rows, (i + rows - 1) % rows + 1));
    }
    return result;
}

class DetectorCase {
  public:
    DetectorCase(const Json& expected, DType dtype, Device device, int draw)
        : expected_(expected),
          dtype_(dtype),
          device_(device),
          name_(expected.at("name")),
          batch_(expected.at("batch")),
          draw_(draw),
          detector_({.backbone = expected.at("backbone"),
                     .branches = expected.at("branches"),
                     .size = expected.at("size"),
                     .dropout = 0.0}),
          objective_(objective_options(expected)) {
        fill_parameters(detector_);
        if (dtype == DType::f64) {
            detector_.to(dtype);
            objective_.to(dtype);
        }
        detector_.to(device);
        objective_.to(device);
    }

    Json run() {
        Json result = {{"parameters", detector_.parameter_count()}, {"eval_before", evaluated()}};
        result["folded_before"] = folded();
        FlatParameters parameters(optimized());
        const auto adam = make_adam(
            parameters, {.learning_rate = expected_.at("lr"), .weight_decay = expected_.at("weight_decay")});
        detector_.set_training(true);
        result["train"] = Json::array();
        for (int step = 0; step < expected_.at("steps").get<int>(); ++step) {
            parameters.clear_gradients();
            result["train"].push_back(trained(step));
            adam->step();
        }
        result["eval_after"] = evaluated();
        const auto state = objective_.state();
        result["sigma_after"] = state.contains("sigma") ? listed(state.at("sigma")) : Json{1.0, 1.0, 1.0};
        return result;
    }

  private:
    Tensor image(const std::string& tag) const {
        return nudged(images(name_ + "/image/" + tag, batch_, detector_.options().size), draw_);
    }
    // As the detector takes it.
    Tensor input(const Tensor& image) const {
        return cast(image.to(dtype_ == DType::f64 ? DType::f64 : DType::f32).to(device_), dtype_).value();
    }

    std::vector<FlatParameters::Entry> optimized() const {
        std::vector<FlatParameters::Entry> entries;
        for (const Module* module :
             {static_cast<const Module*>(&detector_), static_cast<const Module*>(&objective_)})
            for (const auto& [name, variable] : module->parameters()) entries.push_back({name, variable});
        return entries;
    }

    // Logits on running statistics.
    Json evaluated() {
        const NoGrad nothing_recorded;
        detector_.set_training(false);
        return listed(detector_.forward(input(image("eval"))), &Variable::value);
    }

    // The global head's logits with batch norm folded into the convolutions.
    Json folded() {
        detector_.set_training(false);
        detector_.prepare_inference();
        return listed(detector_.infer(input(image("eval"))));
    }

    Json trained(int step) {
        const Json& row = expected_.at("train").at(static_cast<size_t>(step));
        Tensor x = image(std::to_string(step));
        Targets targets;
        targets.labels = Tensor::from({batch_}, row.at("labels").get<std::vector<int64_t>>());
        if (!expected_.at("mixup").is_null()) {
            targets.lambda = expected_.at("mixup");
            targets.mixed_labels = rolled(targets.labels);
            x = add(affine(x, targets.lambda), affine(rolled(x), 1.0 - targets.lambda)).value();
        }
        targets.labels = targets.labels.to(device_);
        if (targets.mixed_labels.defined()) targets.mixed_labels = targets.mixed_labels.to(device_);
        const HeadLogits heads = detector_.forward(input(x));
        const ObjectiveResult loss = objective_.forward(heads, targets);
        loss.total.backward();
        Json result = {{"terms", listed_terms(loss)}, {"loss", loss.total.value().item()}};
        if (step == 0) {
            result["heads"] = listed(heads, &Variable::value);
            for (const auto& [name, variable] : detector_.parameters()) {
                const auto gradient = variable.gradient().to_doubles();
                double squares = 0.0;
                for (const double value : gradient) squares += value * value;
                result["gradient_norms"][name] = std::sqrt(squares);
                result["gradient_first"][name] = gradient.at(0);
            }
            for (const auto& [name, variable] : objective_.parameters())
                result[name + "_gradient"] = listed(variable.gradient());
        }
        return result;
    }

    const Json& expected_;
    DType dtype_;
    Device device_;
    std::string name_;
    int64_t batch_;
    int draw_;
    Detector detector_;
    Objective objective_;
};

Json run_losses(const Json& expected, DType dtype, Device device) {
    const std::string name = expected.at("name");
    const int64_t batch = expected.at("batch");
    const double spread = expected.at("spread");
    const auto logits = [&](const std::string& tag) {
        const auto values = filled(name + "/" + tag, batch * 2, -spread, spread);
        return Variable(Tensor::from({batch, 2}, values).to(dtype).to(device), true);
    };
    HeadLogits heads{logits("global"), logits("joint"), {}};
    for (int i = 0; i < expected.at("branches").get<int>(); ++i)
        heads.leave_one_out.push_back(logits("leave_one_out/" + std::to_string(i)));

    Objective objective(objective_options(expected));
    objective.to(dtype);
    objective.to(device);
    if (objective.state().contains("sigma"))
        objective.load_state({{"sigma", Tensor::from({3}, expected.at("sigma").get<std::vector<double>>())}});
    const Tensor labels = Tensor::from({batch}, expected.at("labels").get<std::vector<int64_t>>()).to(device);
    const ObjectiveResult loss = objective.forward(heads, {labels, Tensor(), 1.0, Tensor()});
    loss.total.backward();
    Json gradients = listed(heads, &Variable::gradient);
    for (const auto& [parameter, variable] : objective.parameters())
        gradients[parameter] = listed(variable.gradient());
    return {{"terms", listed_terms(loss)}, {"loss", loss.total.value().item()}, {"gradients", gradients}};
}

}  // namespace

Json run_case(const Json& expected, DType dtype, Device device, int draw) {
    const std::string kind = expected.at("kind");
    // Losses are computed in float32 where activations are bf16.
    if (kind == "losses") return run_losses(expected, dtype == DType::bf16 ? DType::f32 : dtype, device);
    if (kind == "detector") return DetectorCase(expected, dtype, device, draw).run();
    fail("parity case: expected kind losses or detector, found '{}'", kind);
}

std::vector<double> numbers(const Json& value) {
    if (value.is_number_float()) return {value.get<double>()};
    std::vector<double> result;
    if (!value.is_structured()) return result;
    for (const Json& item : value) {
        const auto below = numbers(item);
        result.insert(result.end(), below.begin(), below.end());
    }
    return result;
}

double relative_error(const Json& actual, const Json& expected) {
    const auto a = numbers(actual), e = numbers(expected);
    if (a.size() != e.size()) fail("expected {} numbers, found {}", e.size(), a.size());
    double difference = 0.0, norm = 0.0;
    for (size_t i = 0; i < a.size(); ++i) {
        if (!std::isfinite(a[i])) fail("expected {}, found {}", e[i], a[i]);
        difference += (a[i] - e[i]) * (a[i] - e[i]);
        norm += e[i] * e[i];
    }
    return std::sqrt(difference) / std::max(std::sqrt(norm), 1e-12);
}

std::vector<GroupError> compare_case(const Json& expected, DType dtype, Device device, int draw) {
    const Json actual = run_case(expected, dtype, device, draw);
    std::vector<GroupError> errors;
    const Json& floors = expected.at("float32_error");
    for (const auto& [group, floor] : floors.items()) {
        const Json::json_pointer place("/" + group);
        errors.push_back({group, relative_error(actual.at(place), expected.at(place)), floor});
    }
    if (!expected.contains("parameters")) return errors;
    if (actual.at("parameters") != expected.at("parameters"))
        fail("expected {} parameters, found {}", expected.at("parameters").dump(),
             actual.at("parameters").dump());
    errors.push_back({"eval_before (folded)",
                      relative_error(actual.at("folded_before"), expected.at("eval_before").at("global")),
                      floors.at("eval_before")});
    return errors;
}

std::vector<GroupError> winograd_errors(const Json& expected) {
    constexpr int draws = 15;
    std::vector<std::vector<GroupError>> found;
    for (int draw = 0; draw < draws; ++draw)
        found.push_back(compare_case(expected, DType::f32, cpu_device, draw));
    std::vector<GroupError> medians = found[0];
    for (size_t group = 0; group < medians.size(); ++group) {
        std::array<double, draws> errors{};
        for (size_t draw = 0; draw < draws; ++draw) errors[draw] = found[draw][group].error;
        std::nth_element(errors.begin(), errors.begin() + draws / 2, errors.end());
        medians[group].error = errors[draws / 2];
        medians[group].floor *= 2;
    }
    return medians;
}

Json read_case(const std::filesystem::path& path) {
    std::ifstream stream(path);
    if (!stream) fail("{}: cannot be read", path.string());
    Json expected = Json::parse(stream);
    for (const char* key : {"kind", "name", "float32_error"})
        if (!expected.contains(key)) fail("expected the key '{}', found none", key);
    if (expected["float32_error"].empty()) fail("expected groups in 'float32_error', found none");
    return expected;
}

}  // namespace unmask::parity
