// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_record.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <variant>

#include "apps/evaluation/metrics_json.h"
#include "apps/json_text.h"
#include "engine/error.h"

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

Json json_of(const RunSession& session) {
    return {{"from_step", session.from_step}, {"version", session.version},
            {"build", session.build},         {"libraries", session.libraries},
            {"threads", session.threads},     {"processes", session.processes},
            {"device", session.device},       {"precision", session.precision},
            {"schedule", session.schedule},   {"winograd", session.winograd},
            {"recompute", session.recompute}, {"deterministic", session.deterministic}};
}

// Runs of before wrote whether.
std::string recompute_of(const Json& json) {
    const auto found = json.find("recompute");
    if (found == json.end()) return "none";
    if (found->is_boolean()) return found->get<bool>() ? "all" : "none";
    return *found;
}

RunSession session_of(const Json& json) {
    using Texts = std::map<std::string, std::string>;
    return {.from_step = json.value("from_step", int64_t{0}),
            .version = json.value("version", ""),
            .build = json.value("build", Texts{}),
            .libraries = json.value("libraries", Texts{}),
            .threads = json.at("threads"),
            .processes = json.value("processes", 1),
            .device = json.at("device"),
            .precision = json.value("precision", "f32"),
            .schedule = json.value("schedule", "separate"),
            .winograd = json.value("winograd", "off"),
            .recompute = recompute_of(json),
            .deterministic = json.value("deterministic", true)};
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
    Json configuration = Json::object(), epochs = Json::array(), sessions = Json::array(), seed;
    for (const Setting& setting : settings) {
        configuration[setting.section][setting.name] = json_of(setting.get());
        if (setting.key() == "optimization.seed") seed = json_of(setting.get());
    }
    for (const RunSession& session : record.earlier_sessions) sessions.push_back(json_of(session));
    for (const EpochRecord& epoch : record.epochs) epochs.push_back(json_of(epoch));
    Json json{{"program", "unmask"},
              {"status", record.status},
              {"seed", std::move(seed)},
              {"configuration", std::move(configuration)}};
    json.update(json_of(record.session));  // the last one; what is below is of all
    json.update({{"earlier_sessions", std::move(sessions)},
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
                   {"epochs", std::move(epochs)}}}});
    return json_text(json) + "\n";
}

RecordedRun recorded_run(const std::string& run_json) {
    try {
        const Json json = Json::parse(run_json);
        const Json& results = json.at("results");
        RecordedRun run{.data = json.at("data").at("manifest"),
                        .settings = {},
                        .sessions = {},
                        .status = json.value("status", ""),
                        .seconds = results.at("seconds"),
                        .epochs = {}};
        for (const Json& session : json.value("earlier_sessions", Json::array()))
            run.sessions.push_back(session_of(session));
        run.sessions.push_back(session_of(json));
        for (const auto& [section, values] : json.at("configuration").items())
            for (const auto& [name, value] : values.items())
                run.settings[section + "." + name] = setting_value_of(value);
        for (const Json& epoch : results.at("epochs")) run.epochs.push_back(epoch_of(epoch));
        return run;
    } catch (const Json::exception& error) {
        fail("is not the record of a run: {}", json_damage(error));
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

}  // namespace unmask
