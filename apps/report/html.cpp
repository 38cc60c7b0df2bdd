// SPDX-License-Identifier: Apache-2.0
#include "apps/report/html.h"

#include <fmt/format.h>

#include <cstdint>

namespace unmask {
namespace {

// Colours by role: ink, quiet ink, paper, card, lines, and two series that differ in lightness as well, so
// that they can be told apart without colours.
constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ink:#1c1e21;--quiet:#5a6067;--paper:#f6f6f4;--card:#fff;--line:#d9dbde;--one:#1f5fbf;--two:#b34e07;--good:#1d6b3c;--bad:#b3261e;--open:#7a5200}
@media (prefers-color-scheme:dark){:root{--ink:#e8e9eb;--quiet:#a0a7af;--paper:#16181b;--card:#1f2226;--line:#3a3f45;--one:#7db1ff;--two:#ffa05c;--good:#7fd3a0;--bad:#ff9c94;--open:#f0c060}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:.5rem 0 1rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2rem 0 .75rem}
h3{font-size:1rem;margin:1.5rem 0 .5rem}
a{color:var(--one)}
p{max-width:45rem;margin:.5rem 0;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,19rem),1fr));gap:.75rem}
figure{margin:0;padding:.75rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
figcaption{font-weight:600;font-size:.95rem}
figure ul{display:flex;flex-wrap:wrap;gap:0 1rem;margin:0;padding:0;list-style:none;font-size:.85rem;color:var(--quiet)}
figure li::before{content:"";display:inline-block;width:1.4em;margin-right:.4em;vertical-align:.25em;border-top:.2em solid var(--one)}
figure li.two::before{border-top-color:var(--two);border-top-style:dashed}
svg{display:block;width:100%;height:auto;margin-top:.25rem}
svg text{font-size:12px;fill:var(--quiet)}
.frame,.grid{stroke:var(--line);stroke-width:1;fill:none}
.guide{stroke:var(--quiet);stroke-width:1;stroke-dasharray:2 4;fill:none}
.one,.two{fill:none;stroke-width:2;stroke-linejoin:round;stroke:var(--one)}
.two{stroke:var(--two);stroke-dasharray:6 3}
.dot.one{fill:var(--one);stroke:none}.dot.two{fill:var(--two);stroke:none}
.area.one{fill:var(--one);stroke:none}.area.two{fill:var(--two);stroke:none}
.band{opacity:.16}.bar{opacity:.75}
svg .count{font-size:22px;font-weight:600;fill:var(--ink)}
.scroll{margin:.75rem 0;overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
caption{text-align:left;padding:.6rem .75rem 0;font-weight:600}
th,td{padding:.4rem .75rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th:first-child,td:first-child{text-align:left}
tr:last-child td{border-bottom:0}
thead th{color:var(--quiet);font-weight:600}
dl{display:grid;grid-template-columns:minmax(6rem,max-content) 1fr;gap:.25rem 1rem;margin:.5rem 0;font-size:.95rem}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
.verdict{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr));gap:1rem;align-items:center;padding:1rem;background:var(--card);border:1px solid var(--line);border-left:.5rem solid var(--quiet);border-radius:.5rem}
.verdict strong{display:block;font-size:1.6rem;line-height:1.2}
.verdict p{margin:.5rem 0 0}
.verdict.fake{border-left-color:var(--bad)}.verdict.fake strong{color:var(--bad)}
.verdict.real{border-left-color:var(--good)}.verdict.real strong{color:var(--good)}
.verdict.undecided{border-left-color:var(--open)}.verdict.undecided strong{color:var(--open)}
.undecided-band{fill:var(--open);opacity:.22}.score-mark{fill:var(--ink)}.scale{fill:var(--line)}
.wide{max-width:34rem}
.strip{display:flex;gap:.5rem;margin:.75rem 0;padding:0 0 .5rem;overflow-x:auto;list-style:none}
.strip li{flex:0 0 auto;width:8rem;font-size:.8rem;line-height:1.3;color:var(--quiet)}
.strip .frame-picture{position:relative;display:block;border-radius:.35rem;overflow:hidden;background:var(--line)}
.strip img{display:block;width:100%;height:auto}
.box{position:absolute;border:2px solid #fff;outline:1px solid #000;border-radius:2px}
.strip b{color:var(--ink)}
.tracks{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:.75rem}
.track{display:flex;gap:.75rem;padding:.6rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem;font-size:.9rem}
.track img{width:5.5rem;height:5.5rem;flex:0 0 auto;border-radius:.35rem}
.track b{display:block;font-size:1.05rem}
.maps{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(11rem,calc(50% - .25rem)),1fr));gap:.5rem;margin:.5rem 0 0}
.maps figure{padding:0;border:0}
.maps img{display:block;width:100%;height:auto;border-radius:.35rem}
.maps figcaption{font-weight:400;font-size:.85rem;margin-top:.25rem}
.telling{margin:.75rem 0;padding:.75rem;background:var(--card);border:1px solid var(--line);border-radius:.5rem}
.telling>p{margin:0;font-weight:600}
.drop{display:grid;gap:.75rem;justify-items:start;padding:2rem 1rem;background:var(--card);border:2px dashed var(--quiet);border-radius:.75rem}
.drop.over{border-color:var(--one)}.drop label{font-size:1.1rem;font-weight:600}.drop input{max-width:100%;font:inherit}
.drop button{font:inherit;font-weight:600;padding:.5rem 1.25rem;color:var(--card);background:var(--one);border:0;border-radius:.35rem}
.legend{display:flex;align-items:center;gap:.5rem;font-size:.85rem;color:var(--quiet)}
.legend span{width:8rem;height:.7rem;border:1px solid var(--line);border-radius:.35rem;background:linear-gradient(90deg,transparent,#6e0a96,#d72d4b,#fa8c1e,#ffe65a)}
details{margin:.75rem 0}summary{cursor:pointer;font-weight:600}
.files td:first-child{white-space:normal;overflow-wrap:anywhere;min-width:6.5rem}
@media (max-width:30rem){svg text{font-size:15px}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.4rem}th,td{padding:.4rem .4rem}th:first-child,td:first-child{padding-left:.75rem}}
)css";

// Bytes of the UTF-8 sequence at the front of the text; 0 when there is none.
size_t sequence_length(std::string_view text) {
    const auto byte = [&](size_t i) { return uint8_t(text[i]); };
    const size_t length = byte(0) < 0x80   ? 1
                          : byte(0) < 0xC2 ? 0
                          : byte(0) < 0xE0 ? 2
                          : byte(0) < 0xF0 ? 3
                          : byte(0) < 0xF5 ? 4
                                           : 0;
    if (length == 0 || text.size() < length) return 0;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    if (length == 3 && ((byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xED && byte(1) >= 0xA0)))
        return 0;
    if (length == 4 && ((byte(0) == 0xF0 && byte(1) < 0x90) || (byte(0) == 0xF4 && byte(1) >= 0x90)))
        return 0;
    return length;
}

std::string list_of(const std::vector<std::pair<std::string, std::string>>& pairs) {
    std::string list = "<dl>\n";
    for (const auto& [name, value] : pairs)
        list += fmt::format("<dt>{}</dt><dd>{}</dd>\n", html_escaped(name), html_escaped(value));
    return list + "</dl>\n";
}

// Wide tables are scrolled, also with the keyboard.
std::string table_of(const std::string& caption, const std::vector<std::vector<std::string>>& rows) {
    std::string table = fmt::format(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
        "aria-label=\"{0}\"><table><caption>{0}</caption>\n",
        html_escaped(caption));
    for (size_t i = 0; i < rows.size(); ++i) {
        table += i == 0 ? "<thead><tr>" : "<tr>";
        for (const std::string& cell : rows[i])
            table +=
                (i == 0 ? "<th scope=\"col\">" : "<td>") + html_escaped(cell) + (i == 0 ? "</th>" : "</td>");
        table += i == 0 ? "</tr></thead>\n<tbody>\n" : "</tr>\n";
    }
    return table + (rows.empty() ? "</table></div>\n" : "</tbody></table></div>\n");
}

}  // namespace

std::string html_escaped(std::string_view text) {
    std::string escaped;
    while (!text.empty()) {
        const size_t length = sequence_length(text);
        const char front = text.front();
        if (length == 0 || (uint8_t(front) < 0x20 && front != '\n' && front != '\t') || front == 0x7F)
            escaped += "\xEF\xBF\xBD";
        else if (front == '&')
            escaped += "&amp;";
        else if (front == '<')
            escaped += "&lt;";
        else if (front == '>')
            escaped += "&gt;";
        else if (front == '"')
            escaped += "&quot;";
        else if (front == '\'')
            escaped += "&#39;";
        else
            escaped += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return escaped;
}

HtmlPage::HtmlPage(const std::string& title) : title_(html_escaped(title)) {}

void HtmlPage::section(const std::string& heading, const std::string& id) {
    body_ += fmt::format("<h2{}>{}</h2>\n", id.empty() ? "" : fmt::format(" id=\"{}\"", html_escaped(id)),
                         html_escaped(heading));
}

void HtmlPage::subsection(const std::string& heading) {
    body_ += fmt::format("<h3>{}</h3>\n", html_escaped(heading));
}

void HtmlPage::block(const std::string& html) {
    body_ += html + "\n";
}

void HtmlPage::paragraph(const std::string& text) {
    body_ += fmt::format("<p>{}</p>\n", html_escaped(text));
}

void HtmlPage::table(const std::string& caption, const std::vector<std::vector<std::string>>& rows) {
    body_ += table_of(caption, rows);
}

void HtmlPage::folded_table(const std::string& summary, const std::vector<std::vector<std::string>>& rows) {
    body_ += fmt::format("<details><summary>{}</summary>\n{}</details>\n", html_escaped(summary),
                         table_of(summary, rows));
}

void HtmlPage::details(const std::string& summary,
                       const std::vector<std::pair<std::string, std::string>>& pairs) {
    body_ +=
        fmt::format("<details><summary>{}</summary>\n{}</details>\n", html_escaped(summary), list_of(pairs));
}

void HtmlPage::facts(const std::vector<std::pair<std::string, std::string>>& pairs) {
    body_ += list_of(pairs);
}

void HtmlPage::charts(const std::vector<std::string>& svgs) {
    body_ += "<div class=\"charts\">\n";
    for (const std::string& svg : svgs) body_ += svg + "\n";
    body_ += "</div>\n";
}

std::string HtmlPage::text() const {
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n</head>\n"
        "<body>\n<main>\n<h1>{}</h1>\n{}</main>\n</body>\n</html>\n",
        title_, style, title_, body_);
}

}  // namespace unmask
