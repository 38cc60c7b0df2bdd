// SPDX-License-Identifier: Apache-2.0
// Which requests a local server answers. A page of another site that a browser shows can send requests to
// this machine too (cross-site request forgery), also by a name that it has pointed at this machine's address
// (DNS rebinding). What such a request cannot choose are its headers Host, Origin and Sec-Fetch-Site.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace unmask {

// The name in a Host header, without its port and in lower case: "localhost", "127.0.0.1", "[::1]"; empty
// when it is none.
[[nodiscard]] std::string host_name(std::string_view host);

// Whether the Host header names this server: localhost, an address in numbers (which no DNS server can point
// elsewhere), or one of the allowed names.
[[nodiscard]] bool is_own_host(std::string_view host, const std::vector<std::string>& allowed);

struct RequestHeaders {
    std::string host, origin, fetch_site;  // empty where there is none
};

// Why the request is refused; empty when it is not. An Origin must be http:// or https:// and the Host; a
// Sec-Fetch-Site must be same-origin, or none (typed in by the user).
[[nodiscard]] std::string refusal_of(const RequestHeaders& headers, const std::vector<std::string>& allowed);

// What answers call an upload: the last part of the name that the client gave, without control characters, at
// most 200 bytes; "upload" without one. It is shown, never opened.
[[nodiscard]] std::string shown_name(std::string_view given);

}  // namespace unmask
