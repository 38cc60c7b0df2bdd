// SPDX-License-Identifier: Apache-2.0
// A headless Chromium that is told what to do: clicks, dropped files, screenshots. It speaks the DevTools
// protocol (https://chromedevtools.github.io/devtools-protocol/) over pipes: messages in JSON, each ended by
// a zero byte.
#pragma once

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/picture.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

class DevTools {
  public:
    using Json = nlohmann::json;

    explicit DevTools(const std::string& program) {
        std::array<int, 2> to_browser{}, from_browser{};
        if (::pipe(to_browser.data()) != 0 || ::pipe(from_browser.data()) != 0)
            throw std::runtime_error("no pipes");
        const std::string profile = "--user-data-dir=" + (folder_ / "profile").string();
        process_ = ::fork();
        if (process_ == 0) {
            // The browser reads from 3 and writes to 4; they may be the pipes' own numbers.
            const int input = ::dup(to_browser[0]), output = ::dup(from_browser[1]);
            const int high_input = ::dup2(input, 100), high_output = ::dup2(output, 101);
            ::dup2(high_input, 3);
            ::dup2(high_output, 4);
            for (int i = 5; i < 128; ++i) ::close(i);
            if (::freopen("/dev/null", "w", stderr) == nullptr) ::_exit(126);
            ::execl(program.c_str(), program.c_str(), "--headless", "--no-sandbox", "--disable-gpu",
                    "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
                    "--disable-background-networking", "--remote-debugging-pipe", profile.c_str(),
                    "about:blank", nullptr);
            ::_exit(127);
        }
        ::close(to_browser[0]);
        ::close(from_browser[1]);
        output_ = to_browser[1];
        input_ = from_browser[0];
        const Json target = call("Target.createTarget", {{"url", "about:blank"}});
        session_ = call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}})
                       .at("sessionId");
        call("Page.enable");
        call("Network.enable");
    }
    DevTools(const DevTools&) = delete;
    DevTools& operator=(const DevTools&) = delete;
    ~DevTools() {
        ::close(output_);
        ::close(input_);
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }

    // The method's result. std::runtime_error with the browser's words when it refuses, or does not answer.
    Json call(const std::string& method, const Json& parameters = Json::object()) {
        Json message{{"id", ++calls_}, {"method", method}, {"params", parameters}};
        if (!session_.empty()) message["sessionId"] = session_;
        const std::string text = message.dump() + '\0';
        for (size_t sent = 0; sent < text.size();) {
            const ssize_t count = ::write(output_, text.data() + sent, text.size() - sent);
            if (count <= 0) throw std::runtime_error("the browser is gone");
            sent += size_t(count);
        }
        while (true) {
            Json answer = receive();
            if (answer.value("id", 0) != calls_) {
                events_.push_back(std::move(answer));
                continue;
            }
            if (answer.contains("error")) throw std::runtime_error(method + ": " + answer["error"].dump());
            return answer.at("result");
        }
    }

    // Waits for an event that came after the last call of forget_events().
    void wait_for(const std::string& event) {
        for (size_t i = 0;; ++i) {
            if (i == events_.size()) events_.push_back(receive());
            if (events_[i].value("method", "") == event) return;
        }
    }
    void forget_events() { events_.clear(); }
    // Addresses that were asked for from a network since then.
    std::vector<std::string> requests() {
        std::vector<std::string> found;
        for (const Json& event : events_)
            if (event.value("method", "") == "Network.requestWillBeSent") {
                const std::string url = event.at("params").at("request").at("url");
                if (!url.starts_with("data:")) found.push_back(url);
            }
        return found;
    }

    void set_screen(int width, int height, bool dark, double scale = 1) {
        call("Emulation.setDeviceMetricsOverride",
             {{"width", width}, {"height", height}, {"deviceScaleFactor", scale}, {"mobile", width < 600}});
        call("Emulation.setEmulatedMedia",
             {{"features", {{{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}}}}});
    }
    void open(const std::string& url) {
        forget_events();
        call("Page.navigate", {{"url", url}});
        wait_for("Page.loadEventFired");
    }
    // The value of an expression of JavaScript; what it throws is thrown here.
    Json evaluate(const std::string& expression) {
        const Json answer =
            call("Runtime.evaluate",
                 {{"expression", expression}, {"returnByValue", true}, {"awaitPromise", true}});
        if (answer.contains("exceptionDetails")) throw std::runtime_error(answer["exceptionDetails"].dump());
        return answer.at("result").value("value", Json());
    }
    // The middle of the first element that the selector finds, scrolled into view.
    std::array<double, 2> place_of(const std::string& selector) {
        const Json place = evaluate(
            fmt::format("(() => {{ const e = document.querySelector({}); e.scrollIntoView({{block: "
                        "'center'}}); const r = "
                        "e.getClientRects()[0]; return [r.x + r.width / 2, r.y + r.height / 2]; }})()",
                        Json(selector).dump()));
        return {place.at(0).get<double>(), place.at(1).get<double>()};
    }
    void click(const std::string& selector) {
        const auto [x, y] = place_of(selector);
        for (const char* type : {"mousePressed", "mouseReleased"})
            call("Input.dispatchMouseEvent",
                 {{"type", type}, {"x", x}, {"y", y}, {"button", "left"}, {"clickCount", 1}});
    }
    void drop_file(const std::string& selector, const std::filesystem::path& file) {
        const auto [x, y] = place_of(selector);
        const Json data{{"items", Json::array()}, {"files", {file.string()}}, {"dragOperationsMask", 1}};
        for (const char* type : {"dragEnter", "dragOver", "drop"})
            call("Input.dispatchDragEvent", {{"type", type}, {"x", x}, {"y", y}, {"data", data}});
    }
    // The whole page as a PNG.
    std::vector<uint8_t> screenshot() {
        const std::string text =
            call("Page.captureScreenshot", {{"captureBeyondViewport", true}, {"format", "png"}}).at("data");
        std::vector<uint8_t> bytes;
        uint32_t bits = 0;
        int count = 0;
        for (const char c : text) {
            const size_t digit =
                std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
            if (digit == std::string_view::npos) break;
            bits = (bits << 6) | uint32_t(digit);
            if ((count += 6) < 8) continue;
            count -= 8;
            bytes.push_back(uint8_t(bits >> count));
        }
        return bytes;
    }

  private:
    Json receive() {
        while (true) {
            if (const size_t end = received_.find('\0'); end != std::string::npos) {
                Json message = Json::parse(received_.substr(0, end));
                received_.erase(0, end + 1);
                return message;
            }
            pollfd waiting{input_, POLLIN, 0};
            std::array<char, 1 << 16> buffer;
            if (::poll(&waiting, 1, 120'000) != 1) throw std::runtime_error("the browser does not answer");
            const ssize_t count = ::read(input_, buffer.data(), buffer.size());
            if (count <= 0) throw std::runtime_error("the browser is gone");
            received_.append(buffer.data(), size_t(count));
        }
    }

    TemporaryFolder folder_;
    pid_t process_ = -1;
    int input_ = -1, output_ = -1, calls_ = 0;
    std::string session_, received_;
    std::vector<Json> events_;
};

}  // namespace unmask
