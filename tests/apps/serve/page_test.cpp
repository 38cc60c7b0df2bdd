// SPDX-License-Identifier: Apache-2.0
// The page of unmask serve, in a browser.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "engine/atomic_file.h"
#include "tests/apps/report/accessibility.h"
#include "tests/apps/report/browser.h"
#include "tests/apps/serve/serve_fixture.h"

namespace unmask {
namespace {

using nlohmann::json;

// With UNMASK_PAGES=FOLDER the pictures stay there, to be looked at.
TEST_F(Serve, ABrowserDropsAFileAndSeesItsReport) {
    const std::string program = find_browser();
    if (program.empty()) GTEST_SKIP() << "no Chromium here (Debian: chromium): no browser asks";
    start();
    DevTools browser(program);
    browser.set_screen(390, 844, false);
    browser.open(fmt::format("http://127.0.0.1:{}/", port_));
    EXPECT_EQ(accessibility_faults(browser), std::vector<std::string>{});
    const char* const pages = std::getenv("UNMASK_PAGES");
    const auto keep = [&](const std::string& name) {
        const std::vector<uint8_t> png = browser.screenshot();
        if (pages) write_png(std::filesystem::path(pages) / name, read_picture_from_memory(png));
    };
    keep("serve-page.png");
    browser.forget_events();
    browser.drop_file("form", folder_ / "face.png");
    browser.wait_for("Page.loadEventFired");
    EXPECT_EQ(browser.evaluate("document.querySelector('h2').textContent"), "face.png");
    EXPECT_EQ(browser.evaluate("document.querySelectorAll('.telling img').length"), 4);
    EXPECT_EQ(browser.evaluate("[...document.images].every((i) => i.complete && i.naturalWidth > 0)"), true);
    EXPECT_EQ(accessibility_faults(browser), std::vector<std::string>{});
    keep("serve-report.png");
    EXPECT_TRUE(nothing_is_left());
    // The page's own button, and a file that is none.
    write_file_atomically(folder_ / "text.png", "text");
    browser.open(fmt::format("http://127.0.0.1:{}/", port_));
    const json root = browser.call("DOM.getDocument").at("root");
    const json input =
        browser.call("DOM.querySelector", {{"nodeId", root.at("nodeId")}, {"selector", "#file"}});
    browser.call("DOM.setFileInputFiles",
                 {{"nodeId", input.at("nodeId")}, {"files", {(folder_ / "text.png").string()}}});
    browser.forget_events();
    browser.click("button");
    browser.wait_for("Page.loadEventFired");
    EXPECT_EQ(browser.evaluate("document.querySelector('.verdict strong').textContent"), "Not read");
}

}  // namespace
}  // namespace unmask
