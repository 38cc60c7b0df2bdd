// SPDX-License-Identifier: Apache-2.0
#include "apps/training/training_log.h"

#include <fmt/format.h>

#include <optional>

#include "apps/console.h"
#include "apps/evaluation/evaluation_lines.h"
#include "apps/output_files.h"
#include "apps/report/run_report.h"
#include "apps/tensorboard/event_file.h"
#include "engine/atomic_file.h"
#include "engine/error.h"

namespace unmask {
namespace {

// An event file that is begun with its first event, so that a session without steps leaves none.
class LazyEvents {
  public:
    // What was logged from `first_step` on by an earlier session is dropped.
    LazyEvents(std::filesystem::path folder, int64_t first_step)
        : folder_(std::move(folder)), first_step_(first_step) {}

    void add(int64_t step, const std::vector<Scalar>& scalars) {
        if (!file_) {
            make_folder(folder_);
            const bool again = first_step_ > 1 || has_event_files(folder_);
            file_.emplace(folder_, again ? std::optional(first_step_) : std::nullopt);
        }
        file_->add(step, scalars);
    }

  private:
    std::filesystem::path folder_;
    int64_t first_step_;
    std::optional<EventFile> file_;
};

// Steps and validation in files of their own: a run that goes on within an epoch's validation repeats the
// validation of a step whose loss stays.
class TensorBoardLog : public TrainingLog {
  public:
    TensorBoardLog(const std::filesystem::path& run, const RunProgress& progress)
        : steps_(run, progress.steps + 1),
          validation_(run / "validation", progress.steps + (progress.batch == 0 ? 1 : 0)) {}

    void on_step(const StepRecord& record) override {
        std::vector<Scalar> scalars{{"loss/total", record.terms.total}};
        const auto add = [&](const char* tag, const std::optional<double>& value) {
            if (value) scalars.push_back({tag, *value});
        };
        add("loss/classification", record.terms.classification);
        add("loss/global_information", record.terms.global_information);
        add("loss/local_information", record.terms.local_information);
        add("learning_rate", record.learning_rate);
        add("images_per_second", record.images_per_second);
        steps_.add(record.step, scalars);
    }

    void on_epoch(const EpochRecord& record) override {
        std::vector<Scalar> scalars{{"epoch", double(record.epoch)}};
        if (record.validation)
            for (const auto& [level, metrics] : {std::pair("frame", &record.validation->frame),
                                                 std::pair("video", &record.validation->video)})
                for (const MetricColumn& column : metric_columns)
                    if (const std::optional<double>& value = metrics->*column.value)
                        scalars.push_back({fmt::format("{}/{}", level, column.name), *value});
        validation_.add(record.steps, scalars);
    }

  private:
    LazyEvents steps_, validation_;
};

// A report that cannot be written does not make a failure of a run that is complete.
class ReportLog : public TrainingLog {
  public:
    explicit ReportLog(std::filesystem::path run) : run_(std::move(run)) {}
    void on_end() override try {
        write_file_atomically(run_ / "report.html", run_report(run_));
    } catch (const Error& error) {
        log_warning("the report was not written: {}; to try again: unmask report {}", error.what(),
                    run_.string());
    }

  private:
    std::filesystem::path run_;
};

}  // namespace

std::string epoch_line(const EpochRecord& record, int epochs) {
    std::string text = fmt::format("epoch {}/{}: loss {:.4f}, {:.1f} images/s", record.epoch, epochs,
                                   record.loss.total, record.images_per_second);
    if (!record.validation) return text;
    const auto figure = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.4f}", *value) : "n/a";
    };
    const EvaluationScores& scores = *record.validation;
    return text + fmt::format(", validation: frame AUC {}, video AUC {}, frame ACC {}{}",
                              figure(scores.frame.auc), figure(scores.video.auc),
                              figure(scores.frame.accuracy), record.best ? " (best)" : "");
}

std::vector<std::unique_ptr<TrainingLog>> training_logs(const std::filesystem::path& run,
                                                        const RunProgress& progress) {
    std::vector<std::unique_ptr<TrainingLog>> logs;
    logs.push_back(std::make_unique<TensorBoardLog>(run, progress));
    logs.push_back(std::make_unique<ReportLog>(run));
    return logs;
}

}  // namespace unmask
