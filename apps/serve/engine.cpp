// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/engine.h"

#include "apps/explanation/explain_faces.h"

namespace unmask {

struct DetectionEngine::Job {
    std::filesystem::path path;
    std::string name;
    bool report = false;
    std::chrono::steady_clock::time_point deadline;
    std::promise<std::optional<ReportedFile>> answer;
};

DetectionEngine::DetectionEngine(const ModelOptions& options, const GlobalOptions& global)
    : model_(open_model(options, global)),
      protocol_(protocol_of(model_, std::filesystem::path(options.model).filename().string())) {
    DetectionOptions& detection = model_.detection;
    detection.pictures = true;
    detection.stop = [this] {
        const std::lock_guard lock(mutex_);
        return current_ == nullptr || is_over(*current_);
    };
    detector_ = std::make_unique<FileDetector>(*model_.loaded.detector, detection);
    thread_ = std::jthread([this] { run(); });
}

DetectionEngine::~DetectionEngine() {
    stop();
}

void DetectionEngine::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

bool DetectionEngine::is_over(const Job& job) const {
    return stopped_ || std::chrono::steady_clock::now() > job.deadline;
}

std::optional<ReportedFile> DetectionEngine::detect(const std::filesystem::path& path,
                                                    const std::string& name, bool report,
                                                    std::chrono::steady_clock::time_point deadline) {
    const auto job = std::make_shared<Job>();
    job->path = path;
    job->name = name;
    job->report = report;
    job->deadline = deadline;
    std::future<std::optional<ReportedFile>> answer = job->answer.get_future();
    {
        const std::lock_guard lock(mutex_);
        if (stopped_) return {};
        waiting_.push_back(job);
        changed_.notify_all();
    }
    return answer.get();
}

void DetectionEngine::run() {
    while (true) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [&] { return stopped_ || !waiting_.empty(); });
            if (waiting_.empty()) return;
            current_ = std::move(waiting_.front());
            waiting_.pop_front();
        }
        const auto over = [&] {
            const std::lock_guard lock(mutex_);
            return is_over(*current_);
        };
        std::optional<ReportedFile> result;
        try {
            if (!over()) {
                result.emplace();
                const std::vector<DetectionInput> inputs{
                    {.path = current_->path, .name = current_->name, .problem = ""}};
                detector_->detect(inputs, [&](FileScore&& file) { result->score = std::move(file); });
                if (current_->report && !over())
                    result->maps = explain_faces(model_.loaded, result->score, model_.detection);
            }
            if (over()) result.reset();
            current_->answer.set_value(std::move(result));
        } catch (...) {
            current_->answer.set_exception(std::current_exception());
        }
    }
}

}  // namespace unmask
