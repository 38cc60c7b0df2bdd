// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/server.h"

#include <netdb.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <thread>

#include "apps/console.h"
#include "apps/detection/answers.h"
#include "apps/report/detection_report.h"
#include "apps/serve/deadline.h"
#include "apps/serve/guard.h"
#include "apps/serve/http_server.h"
#include "apps/serve/page.h"
#include "apps/serve/reception.h"
#include "engine/error.h"

namespace unmask {
namespace {

const httplib::Headers security_headers{
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; "
     "base-uri 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "same-origin"},  // "no-referrer" would take away the Origin that is checked
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cache-Control", "no-store"},
};

// Why an address was refused, `code` being errno after it; a host that stands for no address leaves none.
std::string reason_of_refusal(const std::string& host, int code) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int unknown = ::getaddrinfo(host.c_str(), nullptr, &hints, &found);
    if (found != nullptr) ::freeaddrinfo(found);
    if (unknown != 0) return ::gai_strerror(unknown);
    return code != 0 ? std::strerror(code) : "another program may use it";
}

class Server {
  public:
    // The threads beyond the clients' say that there is no place.
    Server(const ServeOptions& options, DetectionEngine& engine)
        : options_(options),
          engine_(engine),
          server_(size_t(options.clients) + 16, {.connections = size_t(options.clients) + 256}) {
        server_.set_default_headers(security_headers);
        // Not SO_REUSEPORT, the library's choice: two servers would share a port without knowing of each
        // other.
        server_.set_socket_options([this](socket_t socket) {
            const int yes = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
            socket_ = socket;
        });
        server_.set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
            const std::string refusal = refusal_of({.host = request.get_header_value("Host"),
                                                    .origin = request.get_header_value("Origin"),
                                                    .fetch_site = request.get_header_value("Sec-Fetch-Site")},
                                                   options_.allowed_hosts);
            if (refusal.empty()) return httplib::Server::HandlerResponse::Unhandled;
            answer_problem(request, response, 403, refusal);
            return httplib::Server::HandlerResponse::Handled;
        });
        server_.set_exception_handler(
            [](const httplib::Request& request, httplib::Response& response, std::exception_ptr thrown) {
                std::string problem = "unknown";
                try {
                    std::rethrow_exception(thrown);
                } catch (const std::exception& error) {
                    problem = error.what();
                } catch (...) {  // of another kind: there is nothing more to say
                }
                log_error("{}: {}", request.path, problem);
                answer_problem(request, response, 500, "the request failed; the server's messages say why");
            });
        server_.set_error_handler([](const httplib::Request& request, httplib::Response& response) {
            if (response.body.empty())
                answer_problem(
                    request, response, response.status,
                    response.status == 404 ? "there is nothing here" : "the request is not understood");
        });
        server_.Get("/", [this](const httplib::Request&, httplib::Response& response) {
            response.set_content(drop_page(engine_.protocol().model, options_.most_bytes), html_type);
        });
        server_.Get("/drop.js", [](const httplib::Request&, httplib::Response& response) {
            response.set_content(drop_script(), "text/javascript; charset=utf-8");
        });
        server_.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
            response.set_content("{\"status\": \"ok\"}\n", json_type);
        });
        for (const char* path : {"/report", "/v1/detect"})
            server_.Post(path,
                         [this](const httplib::Request& request, httplib::Response& response,
                                const httplib::ContentReader& content) { take(request, response, content); });
    }

    void run(const std::function<bool()>& stopped, const std::function<void(int)>& ready) {
        int port = options_.port;
        errno = 0;
        if (port == 0)
            port = server_.bind_to_any_port(options_.host);
        else if (!server_.bind_to_port(options_.host, port))
            port = -1;
        if (port < 0)
            fail("serve: {}:{} cannot be listened on: {}", options_.host, options_.port,
                 reason_of_refusal(options_.host, errno));
        // The library lets 5 connections wait to be taken; of more that come at once it would lose some.
        ::listen(socket_, SOMAXCONN);
        std::atomic<bool> ended{false};
        std::jthread listener([this, &ended] {
            server_.listen_after_bind();
            ended = true;
            server_.finish();
        });
        ready(port);
        while (!stopped() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(50));
        const bool is_deaf = ended;  // nobody asked it to end
        stopping_ = true;
        engine_.stop();
        // A server that does not listen yet cannot be stopped, and would listen for ever.
        while (!server_.is_running() && !ended) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        server_.stop();
        listener.join();
        if (is_deaf)
            fail("serve: {}:{}: listening ended: connections can no longer be taken", options_.host, port);
    }

  private:
    static constexpr const char *html_type = "text/html; charset=utf-8", *json_type = "application/json";
    static constexpr const char* stopping_text = "the server is stopping";

    static void answer_problem(const httplib::Request& request, httplib::Response& response, int status,
                               const std::string& problem) {
        response.status = status;
        if (request.path == "/report")
            response.set_content(problem_page(problem), html_type);
        else
            response.set_content(problem_json(problem), json_type);
    }

    // One of the requests that are worked on at once.
    class Place {
      public:
        Place(std::atomic<int>& taken, int most) : taken_(taken), is_free_(++taken <= most) {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { --taken_; }
        [[nodiscard]] bool is_free() const { return is_free_; }

      private:
        std::atomic<int>& taken_;
        bool is_free_;
    };

    void take(const httplib::Request& request, httplib::Response& response,
              const httplib::ContentReader& content) {
        const auto refuse = [&](int status, const std::string& problem) {
            if (status == 503) response.set_header("Retry-After", "5");
            answer_problem(request, response, status, problem);
        };
        const Place place(places_taken_, options_.clients);
        if (!place.is_free() || stopping_) {
            drain(content);
            return refuse(503, stopping_
                                   ? stopping_text
                                   : fmt::format("busy: {} requests are being answered", options_.clients));
        }
        const Reception reception =
            receive_upload(request, content, options_.most_bytes, options_.upload_seconds);
        if (!reception.file) return refuse(reception.refusal, reception.problem);
        answer(request, response, *reception.file, shown_name(reception.name));
    }

    void answer(const httplib::Request& request, httplib::Response& response, const UploadedFile& upload,
                const std::string& name) {
        const bool report = request.path == "/report";
        std::optional<ReportedFile> file =
            engine_.detect(upload.path(), name, report, deadline_in(options_.answer_seconds));
        if (!file) {
            response.set_header("Retry-After", "5");
            return answer_problem(
                request, response, 503,
                stopping_ ? stopping_text
                          : fmt::format("there was no answer within {} s", options_.answer_seconds));
        }
        const DetectionProtocol& protocol = engine_.protocol();
        response.status = verdict_of(file->score, protocol.thresholds) == Verdict::error ? 422 : 200;
        if (report)
            response.set_content(detection_report({std::move(*file)}, protocol), html_type);
        else
            response.set_content(detection_answer({file->score}, protocol.thresholds) + "\n", json_type);
    }

    const ServeOptions& options_;
    DetectionEngine& engine_;
    HttpServer server_;
    socket_t socket_ = -1;  // the one that listens; the library's to close
    std::atomic<int> places_taken_{0};
    std::atomic<bool> stopping_{false};
};

}  // namespace

bool server_available() {
    return true;
}

void serve(const ServeOptions& options, DetectionEngine& engine, const std::function<bool()>& stopped,
           const std::function<void(int port)>& ready) {
    Server server(options, engine);
    server.run(stopped, ready);
}

}  // namespace unmask
