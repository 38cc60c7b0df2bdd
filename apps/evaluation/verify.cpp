// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/verify.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/build_information.h"
#include "apps/evaluation/evaluate_model.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/progress.h"
#include "apps/training/run_folder.h"
#include "apps/training/run_record.h"
#include "cpu/parallel.h"
#include "engine/error.h"
#include "engine/libraries.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

constexpr double float_tolerance = 0.002, reduced_tolerance = 0.02;

// What run.json says, as far as it matters here.
struct Recorded {
    std::filesystem::path manifest;
    std::string data_hash, version, device, precision;
    Json build, libraries;
    int threads = 0, batch = 0, processes = 1;
    std::string schedule;
    uint64_t seed = 0;
    Forge forge = Forge::none;
    EpochRecord best;
};

Recorded read_record(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) fail("{}: cannot be read: no run to verify", path.string());
    std::ostringstream text;
    text << stream.rdbuf();
    std::vector<EpochRecord> epochs;
    Recorded recorded;
    Json best;
    try {
        epochs = recorded_run(text.str()).epochs;
        const Json json = Json::parse(text.str());
        recorded.manifest = json.at("data").at("manifest").get<std::string>();
        recorded.data_hash = json.at("data").at("hash");
        recorded.version = json.at("version");
        recorded.build = json.at("build");
        recorded.libraries = json.value("libraries", Json::object());
        recorded.device = json.at("device");
        recorded.precision = json.value("precision", "f32");
        recorded.threads = json.at("threads");
        recorded.processes = json.value("processes", 1);
        recorded.schedule = json.value("schedule", "separate");
        recorded.batch = json.at("configuration").at("optimization").at("batch");
        recorded.seed = json.at("configuration").at("optimization").at("seed");
        recorded.forge = parse_forge(json.at("configuration").at("data").value("forge", "none"));
        best = json.at("results").at("best_epoch");
        if (!best.is_null()) {
            const auto found = std::ranges::find(epochs, best.get<int64_t>(), &EpochRecord::epoch);
            if (found != epochs.end()) recorded.best = *found;
        }
    } catch (const std::exception& error) {
        fail("{}: is not the record of a run: {}", path.string(), error.what());
    }
    if (recorded.best.epoch == 0) fail("{}: the run has no best epoch yet", path.string());
    if (!recorded.best.validation)
        fail("{}: the run recorded no validation figures to compare with", path.string());
    return recorded;
}

// Why the figures need not be the same to the last bit.
std::string circumstances_of(const Recorded& recorded, const VerifyOptions& options, int threads) {
    std::vector<std::string> reasons;
    const auto compare = [&](const std::string& name, const std::string& then, const std::string& now) {
        if (then != now) reasons.push_back(fmt::format("{} was {}, is {}", name, then, now));
    };
    compare("version", recorded.version, version());
    const auto compare_all = [&](const Json& then,
                                 const std::vector<std::pair<std::string, std::string>>& now) {
        for (const auto& [name, value] : now) compare(name, then.value(name, "unknown"), value);
    };
    compare_all(recorded.build, build_information());
    compare_all(recorded.libraries, library_versions());
    compare("device", recorded.device, name_of(options.compute.device));
    compare("precision", recorded.precision, std::string(name_of(options.compute.precision)));
    compare("schedule", recorded.schedule, std::string(name_of(options.compute.schedule)));
    compare("processes", fmt::format("{}", recorded.processes), "1");
    if (options.compute.device.type == DeviceType::cpu)
        compare("threads", fmt::format("{}", recorded.threads), fmt::format("{}", threads));
    return fmt::format("{}", fmt::join(reasons, "; "));
}

void compare_figures(Verification& verification, const std::string& level, const BinaryMetrics& recorded,
                     const BinaryMetrics& found) {
    for (const MetricColumn& column : metric_columns) {
        VerifiedFigure figure{fmt::format("{} {}", level, column.title), recorded.*column.value,
                              found.*column.value};
        figure.equal =
            figure.recorded.has_value() == figure.found.has_value() &&
            (!figure.found || (verification.tolerance == 0
                                   ? *figure.recorded == *figure.found
                                   : std::abs(*figure.recorded - *figure.found) <= verification.tolerance));
        const auto text = [](const std::optional<double>& value) {
            return value ? fmt::format("{}", *value) : "n/a";
        };
        if (!figure.equal)
            verification.differences.push_back(fmt::format("{}: recorded {}, found {}", figure.name,
                                                           text(figure.recorded), text(figure.found)));
        verification.figures.push_back(std::move(figure));
    }
    if (recorded.real != found.real || recorded.fake != found.fake)
        verification.differences.push_back(
            fmt::format("{} counts: recorded {} real and {} fake, found {} and {}", level, recorded.real,
                        recorded.fake, found.real, found.fake));
}

void compare_model(Verification& verification, const LoadedDetector& model, const Recorded& recorded) {
    const auto entry = [&](const std::string& key) {
        const auto found = model.info.training.find(key);
        return found == model.info.training.end() ? std::string("none") : found->second;
    };
    const std::string epoch = fmt::format("{}", recorded.best.epoch);
    if (entry("epoch") != epoch)
        verification.differences.push_back(
            fmt::format("best.safetensors: recorded epoch {}, found epoch {}", epoch, entry("epoch")));
    if (entry("data_hash") != recorded.data_hash)
        verification.differences.push_back(fmt::format("best.safetensors: recorded data hash {}, found {}",
                                                       recorded.data_hash, entry("data_hash")));
}

}  // namespace

Verification verify_run(const VerifyOptions& options) {
    const Recorded recorded = read_record(options.run / "run.json");
    const int threads = options.threads > 0 ? options.threads : recorded.threads;
    const std::filesystem::path manifest_path = options.data.empty() ? recorded.manifest : options.data;
    if (!std::filesystem::exists(manifest_path))
        fail("{}: the run's manifest is not there; --data says where it is now", manifest_path.string());
    if (threads > 0) set_thread_count(threads);

    Verification verification;
    verification.circumstances = circumstances_of(recorded, options, threads);
    if (!verification.circumstances.empty())
        verification.tolerance = recorded.precision == "f32" && options.compute.precision == Precision::f32
                                     ? float_tolerance
                                     : reduced_tolerance;
    const LoadedDetector model = load_for_evaluation(
        {.model = options.run / "best.safetensors", .data = {}, .compute = options.compute});
    compare_model(verification, model, recorded);
    // What the run's libraries were found to be fastest with.
    if (const std::string tuning = RunFolder::follow(options.run).tuning();
        options.compute.device.type != DeviceType::cpu && !tuning.empty())
        (void)context_of(options.compute.device)->set_tuning(tuning);

    const Manifest manifest = read_manifest(manifest_path);
    const std::string hash = hash_of(manifest);
    if (hash != recorded.data_hash)
        verification.differences.push_back(
            fmt::format("{}: other data than the run's: recorded hash {}, found {}", manifest_path.string(),
                        recorded.data_hash, hash));
    const Manifest rows = select_split(manifest, "val");
    if (rows.rows.empty()) {
        verification.differences.push_back(fmt::format("{}: has no val rows", manifest_path.string()));
        return verification;
    }
    check_files(rows);
    const FaceDataset dataset(rows, {.size = model.detector->options().size,
                                     .cache_bytes = 0,
                                     .forge = recorded.forge,
                                     .forge_seed = recorded.seed});
    Progress progress("verify", int64_t(dataset.size()), "images");
    const Preprocessing& preprocessing = model.info.preprocessing;
    const std::vector<double> scores =
        score_dataset(*model.detector, dataset,
                      {.batch = recorded.batch,
                       .threads = std::max(1, threads),
                       .compute = options.compute,
                       .normalisation = {preprocessing.mean, preprocessing.deviation}},
                      [&](int64_t done) { progress.update(done); });
    const EvaluationScores found = evaluate_scores(dataset.rows(), scores).all;
    compare_figures(verification, "frame", recorded.best.validation->frame, found.frame);
    compare_figures(verification, "video", recorded.best.validation->video, found.video);
    return verification;
}

std::string verification_text(const Verification& verification) {
    std::string text = fmt::format("{:<16}{:>24}{:>24}\n", "", "recorded", "found");
    const auto figure = [](const std::optional<double>& value) {
        return value ? fmt::format("{}", *value) : "n/a";
    };
    for (const VerifiedFigure& one : verification.figures)
        text += fmt::format("{:<16}{:>24}{:>24}{}\n", one.name, figure(one.recorded), figure(one.found),
                            one.equal ? "" : "  differs");
    text += verification.circumstances.empty()
                ? "compared to the last bit: build, device, precision and threads are the run's\n"
                : fmt::format("compared within {}: {}\n", verification.tolerance, verification.circumstances);
    for (const std::string& difference : verification.differences)
        text += fmt::format("differs: {}\n", difference);
    if (verification.differences.empty())
        text += "equal: the model gives the figures that the run recorded\n";
    return text;
}

}  // namespace unmask
