// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/guard.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace unmask {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return result;
}

bool is_port(std::string_view text) {
    return text.empty() ||
           (text.front() == ':' && text.size() <= 6 &&
            std::ranges::all_of(text.substr(1), [](unsigned char c) { return std::isdigit(c); }));
}

bool is_address(const std::string& name) {
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (name.size() > 2 && name.front() == '[' && name.back() == ']')
        return ::inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), bytes.data()) == 1;
    return ::inet_pton(AF_INET, name.c_str(), bytes.data()) == 1;
}

}  // namespace

std::string host_name(std::string_view host) {
    const size_t bracket = host.starts_with('[') ? host.find(']') : std::string_view::npos;
    size_t end = bracket != std::string_view::npos ? bracket + 1 : host.find(':');
    if (end == std::string_view::npos) end = host.size();
    if (end == 0 || !is_port(host.substr(end))) return "";
    return lower(host.substr(0, end));
}

bool is_own_host(std::string_view host, const std::vector<std::string>& allowed) {
    const std::string name = host_name(host);
    if (name.empty()) return false;
    return name == "localhost" || is_address(name) ||
           std::ranges::any_of(allowed, [&](const std::string& one) { return lower(one) == name; });
}

std::string refusal_of(const RequestHeaders& headers, const std::vector<std::string>& allowed) {
    if (!is_own_host(headers.host, allowed))
        return "this server was asked for by a name that is not its own (--allow-host allows one)";
    if (!headers.origin.empty()) {
        const std::string origin = lower(headers.origin), host = lower(headers.host);
        if (origin != "http://" + host && origin != "https://" + host)
            return "pages of other sites may not use this server";
    }
    if (!headers.fetch_site.empty() && headers.fetch_site != "same-origin" && headers.fetch_site != "none")
        return "pages of other sites may not use this server";
    return "";
}

std::string shown_name(std::string_view given) {
    constexpr size_t most = 200;
    if (const size_t separator = given.find_last_of("/\\"); separator != std::string_view::npos)
        given.remove_prefix(separator + 1);
    std::string name;
    for (const char c : given.substr(0, most))
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F) name += c;
    return name.empty() || name == "." || name == ".." || name == "-" ? "upload" : name;
}

}  // namespace unmask
