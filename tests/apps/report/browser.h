// SPDX-License-Identifier: Apache-2.0
// Pages in a headless Chromium without a network.
#pragma once

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "data/picture.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

// The program of Debian's package chromium, or what UNMASK_CHROMIUM names; empty where there is none.
inline std::string find_browser() {
    if (const char* chosen = std::getenv("UNMASK_CHROMIUM")) return chosen;
    for (const char* name : {"/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"})
        if (std::filesystem::exists(name)) return name;
    return "";
}

class Browser {
  public:
    explicit Browser(std::string program) : program_(std::move(program)) {}

    // The document as the browser has parsed it.
    std::string document(const std::filesystem::path& page) { return run("--dump-dom", page); }
    // What it looks like; nothing when the browser failed.
    std::optional<Image> picture(const std::filesystem::path& page, int width, int height, bool dark) {
        const std::filesystem::path file = folder_ / "page.png";
        std::filesystem::remove(file);
        run(fmt::format("--screenshot='{}' --window-size={},{} --blink-settings=preferredColorScheme={}",
                        file.string(), width, height, dark ? 0 : 1),
            page);
        if (!std::filesystem::exists(file)) return {};
        return read_picture(file);
    }

  private:
    std::string run(const std::string& arguments, const std::filesystem::path& page) {
        const std::filesystem::path output = folder_ / "output";
        const std::string line = fmt::format(
            "timeout 120 '{}' --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
            "--hide-scrollbars "
            "--no-first-run --disable-background-networking --user-data-dir='{}' "
            "--host-resolver-rules='MAP * ~NOTFOUND' {} 'file://{}' >'{}' 2>/dev/null </dev/null",
            program_, (folder_ / "profile").string(), arguments, page.string(), output.string());
        return std::system(line.c_str()) == 0 ? bytes_of(output) : "";
    }
    std::string program_;
    TemporaryFolder folder_;
};

}  // namespace unmask
