// SPDX-License-Identifier: Apache-2.0
// unmask serve as programs meet it: what it answers, and to whom.
#include "apps/serve/server.h"

#include <atomic>
#include <nlohmann/json.hpp>

#include "tests/apps/serve/raw_connection.h"
#include "tests/apps/serve/serve_fixture.h"

namespace unmask {
namespace {

using nlohmann::json;

TEST_F(Serve, AnswersWithTheJsonOfDetect) {
    start();
    const std::string file = (folder_ / "face.png").string();
    const Outcome told =
        run_program("detect " + file + " --faces whole --threads 1 --json - --quiet --model " +
                    (folder_ / "model").string());
    json expected = json::parse(told.output);
    expected[0]["file"] = "upload";
    expected[0]["frames"][0]["name"] = "upload";
    const auto raw = post(picture_);
    ASSERT_TRUE(raw);
    EXPECT_EQ(raw->status, 200);
    EXPECT_EQ(raw->get_header_value("Content-Type"), "application/json");
    EXPECT_EQ(json::parse(raw->body), expected);
    expected[0]["file"] = expected[0]["frames"][0]["name"] = "holiday.png";
    const auto multipart = client().Post("/v1/detect", form(picture_, "holiday.png"));
    ASSERT_TRUE(multipart);
    EXPECT_EQ(json::parse(multipart->body), expected);
    const auto text = post("this is text");
    ASSERT_TRUE(text);
    EXPECT_EQ(text->status, 422);
    EXPECT_EQ(json::parse(text->body)[0]["verdict"], "error");
    for (const char* place : {"temporary", "/proc"})  // where it lay is nobody's business
        EXPECT_EQ(text->body.find(place), std::string::npos) << text->body;
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(Serve, EveryAnswerHasTheHeadersThatProtectABrowser) {
    start();
    for (const auto& [path, status] : {std::pair{"/", 200},
                                       {"/drop.js", 200},
                                       {"/healthz", 200},
                                       {"/nothing", 404},
                                       {"/../../etc/passwd", 404}}) {
        const auto answer = client().Get(path);
        ASSERT_TRUE(answer) << path;
        EXPECT_EQ(answer->status, status) << path;
        EXPECT_EQ(answer->get_header_value("X-Content-Type-Options"), "nosniff") << path;
        const std::string policy = answer->get_header_value("Content-Security-Policy");
        EXPECT_NE(policy.find("default-src 'none'"), std::string::npos) << path;
        EXPECT_NE(policy.find("frame-ancestors 'none'"), std::string::npos) << path;
        EXPECT_EQ(answer->body.find("root:"), std::string::npos);
    }
    EXPECT_EQ(json::parse(client().Get("/healthz")->body)["status"], "ok");
    EXPECT_TRUE(json::parse(client().Get("/nothing")->body)["error"].is_string());
}

TEST_F(Serve, RequestsFromElsewhereAreRefused) {
    start();
    const auto with = [&](const httplib::Headers& headers) {
        const auto answer = client().Post("/v1/detect", headers, picture_, "application/octet-stream");
        return answer ? answer->status : -1;
    };
    const std::string own = fmt::format("127.0.0.1:{}", port_);
    EXPECT_EQ(with({{"Origin", "http://" + own}}), 200);
    EXPECT_EQ(with({{"Origin", "http://evil.example"}}), 403);
    EXPECT_EQ(with({{"Origin", "null"}}), 403);
    EXPECT_EQ(with({{"Sec-Fetch-Site", "cross-site"}}), 403);
    EXPECT_EQ(with({{"Host", "evil.example"}}), 403);
    EXPECT_EQ(with({{"Host", "evil.example"}, {"Origin", "http://evil.example"}}), 403);
    EXPECT_EQ(client().Get("/", {{"Host", "evil.example"}})->status, 403);
}

TEST_F(Serve, NamesLikePathsAreNamesAndNothingElse) {
    start();
    for (const auto& [given, shown] : {std::pair{"../../../../etc/passwd", "passwd"},
                                       {"/etc/shadow", "shadow"},
                                       {"..\\..\\a.png", "a.png"},
                                       {"..", "upload"},
                                       {"<script>alert(1)</script>", "script>"}}) {
        const auto answer = client().Post("/v1/detect", form(picture_, given));
        ASSERT_TRUE(answer) << given;
        EXPECT_EQ(answer->status, 200) << given;
        EXPECT_EQ(json::parse(answer->body)[0]["file"], shown) << given;
    }
    const auto page = client().Post("/report", form(picture_, "<img src=x onerror=alert(1)>.png"));
    ASSERT_TRUE(page);
    EXPECT_NE(page->body.find("&lt;img src=x"), std::string::npos);
    EXPECT_EQ(page->body.find("<img src=x"), std::string::npos);
    EXPECT_EQ(
        client().Post("/report", httplib::MultipartFormDataItems{{"path", "/etc/passwd", "", ""}})->status,
        400);
    EXPECT_TRUE(nothing_is_left());
}

TEST_F(Serve, WhatTakesTooLongToAnswerEndsToo) {
    start({"--answer-seconds", "0.001"});  // no answer takes so little
    const auto answer = post(picture_);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 503);
    EXPECT_NE(answer->body.find("no answer within"), std::string::npos) << answer->body;
    EXPECT_TRUE(nothing_is_left_soon());
}

TEST_F(Serve, FiftyClientsAtOnceAreAnsweredOrToldToComeBack) {
    start({"--clients", "8"});
    std::atomic<int> answered{0}, busy{0}, other{0};
    const double score = json::parse(post(picture_)->body)[0]["score"];
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 50; ++i)
            clients.emplace_back([&] {
                const auto answer = post(picture_);
                if (answer && answer->status == 200 && json::parse(answer->body)[0]["score"] == score)
                    ++answered;
                else if (answer && answer->status == 503 && answer->has_header("Retry-After") &&
                         json::parse(answer->body).contains("error"))
                    ++busy;
                else {
                    ++other;
                    ADD_FAILURE() << (answer ? fmt::format("{}: {}", answer->status, answer->body)
                                             : httplib::to_string(answer.error()));
                }
            });
    }
    EXPECT_EQ(other, 0);
    EXPECT_GE(answered, 8);
    EXPECT_EQ(answered + busy, 50);
    EXPECT_TRUE(nothing_is_left());
    EXPECT_EQ(post(picture_)->status, 200);
}

TEST_F(Serve, WithPlacesForAllFiftyClientsAllAreAnswered) {
    start({"--clients", "50"});
    std::atomic<int> answered{0};
    {
        std::vector<std::jthread> clients;
        for (int i = 0; i < 50; ++i)
            clients.emplace_back([&] {
                const auto answer = post(picture_);
                if (answer && answer->status == 200)
                    ++answered;
                else
                    ADD_FAILURE() << (answer ? answer->body : httplib::to_string(answer.error()));
            });
    }
    EXPECT_EQ(answered, 50);
}

TEST_F(Serve, AnAddressThatIsTakenIsNamed) {
    start();
    const Outcome second = run_program(
        fmt::format("serve --faces whole --port {} --model {}", port_, (folder_ / "model").string()),
        "timeout 60");
    EXPECT_EQ(second.code, 2);
    EXPECT_NE(
        second.errors.find(fmt::format("127.0.0.1:{} cannot be listened on: Address already in use", port_)),
        std::string::npos)
        << second.errors;
    // No address of this machine's (RFC 5737 and 2606).
    for (const auto& [host, reason] : {std::pair{"192.0.2.1", "Cannot assign requested address"},
                                       std::pair{"nowhere.invalid", ":8123 cannot be listened on: "}}) {
        const Outcome elsewhere =
            run_program(fmt::format("serve --faces whole --host {} --port 8123 --model {}", host,
                                    (folder_ / "model").string()),
                        "timeout 60");
        EXPECT_EQ(elsewhere.code, 2);
        EXPECT_NE(elsewhere.errors.find(reason), std::string::npos) << elsewhere.errors;
        EXPECT_EQ(elsewhere.errors.find("another program"), std::string::npos) << elsewhere.errors;
    }
}

TEST_F(Serve, AModelOfPyTorchIsNamedWithTheCommandThatConvertsIt) {
    const std::string torch = (folder_ / "torch.pth").string();
    ASSERT_EQ(run_program(fmt::format("convert --quiet {} {}", (folder_ / "model").string(), torch)).code, 0);
    const Outcome outcome =
        run_program(fmt::format("serve --faces whole --port 0 --model {}", torch), "timeout 60");
    EXPECT_EQ(outcome.code, 2);
    EXPECT_NE(outcome.errors.find(fmt::format("unmask convert '{}'", torch)), std::string::npos)
        << outcome.errors;
}

}  // namespace
}  // namespace unmask
