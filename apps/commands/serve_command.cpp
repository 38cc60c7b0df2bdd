// SPDX-License-Identifier: Apache-2.0
// unmask serve: detection for a browser and for programs on this machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/interrupt.h"
#include "apps/number_range.h"
#include "apps/serve/guard.h"
#include "apps/serve/server.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* serve_explanation =
    "GET / is a page to drop a picture or video on; it shows the report. POST /v1/detect with the file as "
    "body or "
    "as the\n"
    "field \"file\" of a form answers with the JSON of unmask detect. GET /healthz says whether the server "
    "is "
    "there.\n"
    "An upload lies in a temporary file without a name, which is gone with the answer. There is no password "
    "and no encryption:\n"
    "another --host than 127.0.0.1 lets everybody who reaches this machine ask. Ctrl-C ends it.";

struct ServeArguments {
    ServeOptions options;
    int64_t most_mebibytes = 256;
    ModelOptions model;
};

int run_serve_command(const ServeArguments& arguments, const GlobalOptions& global) {
    if (!server_available())
        fail("serve: this build has no HTTP server: build it with cpp-httplib (Debian: libcpp-httplib-dev)");
    ServeOptions options = arguments.options;
    options.most_bytes = arguments.most_mebibytes << 20;
    const InterruptWatch watch;
    DetectionEngine engine(arguments.model, global);
    if (options.host != "localhost" && !options.host.starts_with("127.") && options.host != "::1")
        log_warning("{} can be reached from other machines, without a password", options.host);
    serve(
        options, engine, [] { return InterruptWatch::received() != 0; },
        [&](int port) {
            const bool six = options.host.find(':') != std::string::npos;
            fmt::print("http://{}:{}/\n", six ? "[" + options.host + "]" : options.host, port);
            std::fflush(stdout);
        });
    log_notice("stopped");
    return exit_done;
}

}  // namespace

CommandRun set_up_serve(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<ServeArguments>();
    ServeOptions& options = arguments->options;
    app.add_option("--port", options.port, "Port to listen on; 0: one that is free")
        ->capture_default_str()
        ->check(CLI::Range(0, 65535));
    app.add_option("--host", options.host, "Address to listen on")->capture_default_str();
    app.add_option("--allow-host", options.allowed_hosts,
                   "Name that browsers may ask for this server by, beside localhost and addresses")
        ->option_text("NAME...");
    app.add_option("--most-mebibytes", arguments->most_mebibytes, "Of an upload")
        ->capture_default_str()
        ->check(CLI::Range(1, 1 << 20));
    app.add_option("--upload-seconds", options.upload_seconds, "For an upload to arrive")
        ->capture_default_str()
        ->check(number_range(0.001, 86400));
    app.add_option("--answer-seconds", options.answer_seconds, "From its arrival to the answer")
        ->capture_default_str()
        ->check(number_range(0.001, 86400));
    app.add_option("--clients", options.clients,
                   "Requests that may wait for an answer at once; others get 503")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    add_model_options(app, arguments->model);
    add_threshold_options(app, arguments->model);
    app.footer(serve_explanation);
    return [arguments, &global] { return run_serve_command(*arguments, global); };
}

}  // namespace unmask
