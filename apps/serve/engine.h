// SPDX-License-Identifier: Apache-2.0
// The model behind a server: one file at a time, on a thread of its own, in the order in which they came.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "apps/detection/model_options.h"
#include "apps/report/detection_report.h"

namespace unmask {

class DetectionEngine {
  public:
    // Error as open_model and FileDetector.
    DetectionEngine(const ModelOptions& options, const GlobalOptions& global);
    ~DetectionEngine();  // gives up what it is at

    // The answer about the file, with pictures and heat maps where `report` wants them; nothing when it was
    // not there at the deadline. Any number of threads may ask; the file must stay until this returns.
    [[nodiscard]] std::optional<ReportedFile> detect(const std::filesystem::path& path,
                                                     const std::string& name, bool report,
                                                     std::chrono::steady_clock::time_point deadline);

    // Gives up what it is at and what waits; from then on there are no answers.
    void stop();

    [[nodiscard]] const DetectionProtocol& protocol() const { return protocol_; }

  private:
    struct Job;
    void run();
    [[nodiscard]] bool is_over(const Job& job) const;

    OpenModel model_;
    DetectionProtocol protocol_;
    std::unique_ptr<FileDetector> detector_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::shared_ptr<Job>> waiting_;
    std::shared_ptr<Job> current_;
    bool stopped_ = false;
    std::jthread thread_;
};

}  // namespace unmask
