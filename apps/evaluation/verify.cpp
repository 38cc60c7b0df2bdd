// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/verify.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/evaluation/evaluate_model.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/json_text.h"
#include "apps/progress.h"
#include "apps/training/run_folder.h"
#include "apps/training/run_record.h"
#include "apps/training/run_session.h"
#include "cpu/parallel.h"
#include "data/data_hash.h"
#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

constexpr double float_tolerance = 0.002, reduced_tolerance = 0.02;

// What run.json says, as far as it matters here.
struct Recorded {
    std::filesystem::path manifest;
    std::string data_hash;
    int batch = 0;
    RunSession session;  // that computed the best epoch
    uint64_t seed = 0;
    Forge forge = Forge::none;
    EpochRecord best;
};

Recorded read_record(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    if (!stream) fail("{}: cannot be read: no run to verify", path.string());
    std::ostringstream text;
    text << stream.rdbuf();
    Recorded recorded;
    try {
        const RecordedRun run = recorded_run(text.str());
        const Json json = Json::parse(text.str());
        recorded.manifest = json.at("data").at("manifest").get<std::string>();
        recorded.data_hash = json.at("data").at("hash");
        recorded.batch = json.at("configuration").at("optimization").at("batch");
        recorded.seed = json.at("configuration").at("optimization").at("seed");
        recorded.forge = parse_forge(json.at("configuration").at("data").value("forge", "none"));
        const Json& best = json.at("results").at("best_epoch");
        if (!best.is_null()) {
            const auto found = std::ranges::find(run.epochs, best.get<int64_t>(), &EpochRecord::epoch);
            if (found != run.epochs.end()) recorded.best = *found;
        }
        for (const RunSession& session : run.sessions)
            if (session.from_step < std::max(recorded.best.steps, int64_t{1})) recorded.session = session;
    } catch (const Json::exception& error) {
        fail("{}: is not the record of a run: {}", path.string(), json_damage(error));
    } catch (const std::exception& error) {  // of recorded_run, which says that itself, or of a setting
        fail("{}: {}", path.string(), error.what());
    }
    if (recorded.best.epoch == 0) fail("{}: the run has no best epoch yet", path.string());
    if (!recorded.best.validation)
        fail("{}: the run recorded no validation figures to compare with", path.string());
    return recorded;
}

// Why the figures need not be the same to the last bit.
std::string circumstances_of(const Recorded& recorded, const VerifyOptions& options, int threads) {
    const RunSession now = current_session(threads, 1, options.compute, compute_mode().deterministic);
    const SessionDifferences found = differences(recorded.session, now);
    std::vector<std::string> reasons = found.program;
    for (const auto* more : {&found.libraries, &found.device, &found.processes})
        reasons.insert(reasons.end(), more->begin(), more->end());
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
    if (data_hash_kind(entry("data_hash")) == data_hash_kind(recorded.data_hash) &&
        entry("data_hash") != recorded.data_hash)
        verification.differences.push_back(fmt::format("best.safetensors: recorded data hash {}, found {}",
                                                       recorded.data_hash, entry("data_hash")));
}

void compare_data(Verification& verification, const Manifest& manifest, const Recorded& recorded) {
    const std::optional<DataHash> kind = data_hash_kind(recorded.data_hash);
    if (!kind) {
        verification.notes.push_back(
            fmt::format("the data were not compared with the run's, which recorded {}",
                        describe_data_hash(recorded.data_hash)));
        return;
    }
    check_files(manifest);
    Progress progress("data hash", std::ssize(manifest.rows), "pictures");
    const std::string hash =
        data_hash(manifest, {*kind, recorded.forge != Forge::none}, [&](int64_t done, int64_t total) {
            progress.set_total(total);
            progress.update(done);
        });
    if (hash != recorded.data_hash)
        verification.differences.push_back(fmt::format("{}: other data than the run's: recorded {}, found {}",
                                                       manifest.source.string(),
                                                       describe_data_hash(recorded.data_hash), hash));
}

}  // namespace

Verification verify_run(const VerifyOptions& options) {
    const Recorded recorded = read_record(options.run / "run.json");
    const int threads = options.threads > 0 ? options.threads : recorded.session.threads;
    const std::filesystem::path manifest_path = options.data.empty() ? recorded.manifest : options.data;
    if (!std::filesystem::exists(manifest_path))
        fail("{}: the run's manifest is not there; --data says where it is now", manifest_path.string());
    if (threads > 0) set_thread_count(threads);

    Verification verification;
    verification.circumstances = circumstances_of(recorded, options, threads);
    if (!verification.circumstances.empty())
        verification.tolerance =
            recorded.session.precision == "f32" && options.compute.precision == Precision::f32
                ? float_tolerance
                : reduced_tolerance;
    const LoadedDetector model = load_for_evaluation(
        {.model = options.run / "best.safetensors", .data = {}, .compute = options.compute});
    compare_model(verification, model, recorded);
    // What the run's libraries were found to be fastest with.
    if (const std::string tuning = RunFolder::follow(options.run).tuning();
        options.compute.device.type != DeviceType::cpu && !tuning.empty())
        (void)context_of(options.compute.device)->set_tuning(tuning);

    const Manifest manifest = rows_to_read(read_manifest(manifest_path), recorded.forge);
    compare_data(verification, manifest, recorded);
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
    for (const std::string& note : verification.notes) text += fmt::format("note: {}\n", note);
    for (const std::string& difference : verification.differences)
        text += fmt::format("differs: {}\n", difference);
    if (verification.differences.empty())
        text += "equal: the model gives the figures that the run recorded\n";
    return text;
}

}  // namespace unmask
