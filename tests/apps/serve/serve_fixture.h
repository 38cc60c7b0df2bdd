// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <csignal>
#include <cstdlib>
#include <optional>
#include <thread>

#include "apps/detection/model_options.h"
#include "models/checkpoint.h"
#include "tests/apps/child_process.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/file_bytes.h"

namespace unmask {

// A server of its own for each test, whose temporary files are in a folder of the test.
class Serve : public testing::Test {
  protected:
    void SetUp() override {
        ::signal(SIGPIPE, SIG_IGN);  // a refusal may close the connection while the client still sends
        Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 32});
        detector.initialize(1);
        save_detector(folder_ / "model", detector);
        std::filesystem::create_directory(folder_ / "temporary");
        write_png(folder_ / "face.png", tiny_face(true, 1, 64));
        picture_ = bytes_of(folder_ / "face.png");
    }
    void start(const std::vector<std::string>& more = {}) {
        std::vector<std::string> arguments{"serve",   "--port",  "0",
                                           "--faces", "whole",   "--threads",
                                           "1",       "--model", (folder_ / "model").string()};
        arguments.insert(arguments.end(), more.begin(), more.end());
        ::setenv("TMPDIR", (folder_ / "temporary").c_str(), 1);
        std::filesystem::remove(folder_ / "log");  // of an earlier server, at another port
        server_.emplace(arguments, folder_ / "log");
        ::unsetenv("TMPDIR");
        port_ = 0;
        for (int i = 0; i < 1200 && port_ == 0; ++i) {
            const std::string log = bytes_of(folder_ / "log");
            const size_t at = log.find("http://127.0.0.1:");
            if (at != std::string::npos && log.find('\n', at) != std::string::npos)
                port_ = std::atoi(log.c_str() + at + 17);
            else if (!server_->running())
                FAIL() << log;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        ASSERT_NE(port_, 0);
    }
    // Of an engine in this process.
    ModelOptions model_options() const {
        ModelOptions model;
        model.model = (folder_ / "model").string();
        model.detection.faces = "whole";
        return model;
    }
    httplib::Client client() const {
        httplib::Client made("127.0.0.1", port_);
        made.set_read_timeout(120);
        return made;
    }
    httplib::Result post(const std::string& body, const std::string& path = "/v1/detect") const {
        return client().Post(path, body, "application/octet-stream");
    }
    static httplib::MultipartFormDataItems form(const std::string& content, const std::string& name) {
        return {{"file", content, name, "application/octet-stream"}};
    }
    // Uploads have no names: they are what the server has open in the folder of temporary files.
    bool is_keeping_an_upload() const {
        const pid_t process = server_ ? server_->id() : ::getpid();
        const std::string there = std::filesystem::canonical(folder_ / "temporary").string() + "/";
        std::error_code gone;  // the process, or what was open when the listing began
        for (std::filesystem::directory_iterator entry(fmt::format("/proc/{}/fd", process), gone), end;
             !gone && entry != end; entry.increment(gone)) {
            std::error_code ignored;
            if (std::filesystem::read_symlink(entry->path(), ignored).string().starts_with(there))
                return true;
        }
        return false;
    }
    // What a client sends is there a moment later.
    bool is_keeping_an_upload_soon() const {
        for (int i = 0; i < 200 && !is_keeping_an_upload(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return is_keeping_an_upload();
    }
    bool has_left_a_name() const { return !std::filesystem::is_empty(folder_ / "temporary"); }
    bool nothing_is_left() const { return !has_left_a_name() && !is_keeping_an_upload(); }
    // What was sent when the client went may be found out a moment later.
    bool nothing_is_left_soon() const {
        for (int i = 0; i < 200 && !nothing_is_left(); ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        return nothing_is_left();
    }

    TemporaryFolder folder_;
    std::string picture_;
    std::optional<ChildProcess> server_;
    int port_ = 0;
};

}  // namespace unmask
