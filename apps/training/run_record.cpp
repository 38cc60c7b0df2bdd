// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_record.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <variant>

#include "apps/build_information.h"
#include "apps/evaluation/metrics_json.h"
#include "data/manifest_pictures.h"
#include "engine/error.h"
#include "engine/libraries.h"
#include "engine/philox.h"

namespace unmask {
namespace {

using Json = nlohmann::ordered_json;

std::string cell(const std::optional<double>& value) {
    return value ? fmt::format("{:.9g}", *value) : "";
}

void add_metrics(std::vector<std::string>& cells, const BinaryMetrics& metrics) {
    for (const auto& value :
         {metrics.accuracy, metrics.auc, metrics.eer, metrics.average_precision, metrics.log_loss})
        cells.push_back(cell(value));
}

Json json_of(const SettingValue& value) {
    return std::visit([](const auto& held) { return Json(held); }, value);
}

Json json_of(const EpochRecord& epoch) {
    using unmask::json_of;
    Json json{{"epoch", epoch.epoch},
              {"steps", epoch.steps},
              {"loss", epoch.loss.total},
              {"classification", json_of(epoch.loss.classification)},
              {"global_information", json_of(epoch.loss.global_information)},
              {"local_information", json_of(epoch.loss.local_information)},
              {"learning_rate", epoch.learning_rate},
              {"seconds", epoch.seconds},
              {"images_per_second", epoch.images_per_second},
              {"best", epoch.best}};
    if (epoch.validation)
        json["validation"] = {{"frame", json_of(epoch.validation->frame)},
                              {"video", json_of(epoch.validation->video)}};
    else
        json["validation"] = nullptr;
    return json;
}

EpochRecord epoch_of(const Json& json) {
    EpochRecord epoch{.epoch = json.at("epoch"), .steps = json.at("steps")};
    epoch.loss = {.total = json.at("loss"),
                  .classification = optional_of(json.at("classification")),
                  .global_information = optional_of(json.at("global_information")),
                  .local_information = optional_of(json.at("local_information"))};
    epoch.learning_rate = json.at("learning_rate");
    epoch.seconds = json.at("seconds");
    epoch.images_per_second = json.at("images_per_second");
    epoch.best = json.at("best");
    const Json& validation = json.at("validation");
    if (!validation.is_null())
        epoch.validation = {metrics_of(validation.at("frame")), metrics_of(validation.at("video"))};
    return epoch;
}

// The kinds of JSON's values are those of settings.
SettingValue setting_value_of(const Json& json) {
    if (json.is_boolean()) return json.get<bool>();
    if (json.is_number_integer()) return json.get<int64_t>();
    if (json.is_number()) return json.get<double>();
    if (json.is_array()) return json.get<std::vector<double>>();
    return json.get<std::string>();
}

}  // namespace

std::string metrics_csv(const std::vector<EpochRecord>& epochs) {
    std::string text =
        "epoch,steps,loss,classification,global_information,local_information,learning_rate,seconds,images_"
        "per_second";
    for (const char* kind : {"frame", "video"})
        for (const char* metric : {"accuracy", "auc", "eer", "average_precision", "log_loss"})
            text += fmt::format(",val_{}_{}", kind, metric);
    text += ",best\n";
    for (const EpochRecord& epoch : epochs) {
        std::vector<std::string> cells{fmt::format("{}", epoch.epoch),
                                       fmt::format("{}", epoch.steps),
                                       cell(epoch.loss.total),
                                       cell(epoch.loss.classification),
                                       cell(epoch.loss.global_information),
                                       cell(epoch.loss.local_information),
                                       cell(epoch.learning_rate),
                                       fmt::format("{:.3f}", epoch.seconds),
                                       fmt::format("{:.2f}", epoch.images_per_second)};
        const EvaluationScores scores = epoch.validation.value_or(EvaluationScores{});
        add_metrics(cells, scores.frame);
        add_metrics(cells, scores.video);
        cells.emplace_back(epoch.best ? "1" : "0");
        text += fmt::format("{}\n", fmt::join(cells, ","));
    }
    return text;
}

std::string run_json(const RunRecord& record, const std::vector<Setting>& settings) {
    Json configuration = Json::object(), build = Json::object(), libraries = Json::object(),
         epochs = Json::array();
    Json seed;
    for (const Setting& setting : settings) {
        configuration[setting.section][setting.name] = json_of(setting.get());
        if (setting.key() == "optimization.seed") seed = json_of(setting.get());
    }
    for (const auto& [name, value] : build_information()) build[name] = value;
    for (const auto& [name, value] : library_versions()) libraries[name] = value;
    for (const EpochRecord& epoch : record.epochs) epochs.push_back(json_of(epoch));
    const Json json{{"program", "unmask"},
                    {"version", version()},
                    {"build", std::move(build)},
                    {"libraries", std::move(libraries)},
                    {"status", record.status},
                    {"seed", std::move(seed)},
                    {"configuration", std::move(configuration)},
                    {"threads", record.threads},
                    {"processes", record.processes},
                    {"device", record.device},
                    {"precision", record.precision},
                    {"schedule", record.schedule},
                    {"deterministic", record.deterministic},
                    {"data",
                     {{"manifest", record.data},
                      {"hash", record.data_hash},
                      {"train_pictures", record.train_pictures},
                      {"val_pictures", record.val_pictures}}},
                    {"parameters", record.parameters},
                    {"results",
                     {{"best_epoch", record.best_epoch == 0 ? Json(nullptr) : Json(record.best_epoch)},
                      {"stopped_early", record.stopped_early},
                      {"seconds", record.seconds},
                      {"epochs", std::move(epochs)}}}};
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

RecordedRun recorded_run(const std::string& run_json) {
    try {
        const Json json = Json::parse(run_json);
        const Json& results = json.at("results");
        RecordedRun run{.data = json.at("data").at("manifest"),
                        .settings = {},
                        .threads = json.at("threads"),
                        .processes = json.value("processes", 1),
                        .device = json.at("device"),
                        .precision = json.value("precision", "f32"),
                        .schedule = json.value("schedule", "separate"),
                        .deterministic = json.value("deterministic", true),
                        .seconds = results.at("seconds"),
                        .epochs = {}};
        for (const auto& [section, values] : json.at("configuration").items())
            for (const auto& [name, value] : values.items())
                run.settings[section + "." + name] = setting_value_of(value);
        for (const Json& epoch : results.at("epochs")) run.epochs.push_back(epoch_of(epoch));
        return run;
    } catch (const Json::exception& error) {
        fail("is not the record of a run: {}", error.what());
    }
}

void take_settings(const RecordedRun& run, const std::vector<Setting>& settings) {
    for (const auto& [key, value] : run.settings) {
        const auto setting =
            std::ranges::find_if(settings, [&key](const Setting& each) { return each.key() == key; });
        if (setting == settings.end()) fail("the run has the setting {}, which this program lacks", key);
        try {
            setting->set(value);
        } catch (const std::bad_variant_access&) {
            fail("the run's setting {}: expected {}, found {}", key, setting->expected, value_text(value));
        }
    }
}

std::string hash_of(const Manifest& manifest) {
    std::string text;
    for (const ManifestRow& row : manifest.rows) {
        text += fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", row.path, row.label, row.video, row.frame,
                            row.split, row.dataset, row.method, picture_bytes(manifest, row));
    }
    return fmt::format("{:016x}", fnv1a64(text));
}

}  // namespace unmask
