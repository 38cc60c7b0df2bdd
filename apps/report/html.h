// SPDX-License-Identifier: Apache-2.0
// Self-contained HTML pages: no scripts, nothing from a network; light and dark as the reader's system is;
// one column on a phone. Every text that is given is escaped here, charts (charts.h) are put in as they are.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace unmask {

// The text for HTML and SVG, in elements and in quoted attributes: & < > " ' become references, what is not
// UTF-8 or is a control character becomes U+FFFD.
[[nodiscard]] std::string html_escaped(std::string_view text);

class HtmlPage {
  public:
    // The title is also the page's first heading.
    explicit HtmlPage(const std::string& title);

    // A heading of the second level; `id`, of letters, digits and dashes, is where links go.
    void section(const std::string& heading, const std::string& id = "");
    // One of the third, below a section.
    void subsection(const std::string& heading);
    void paragraph(const std::string& text);
    // The first row is the head; the cells of later columns are figures, aligned to the right.
    void table(const std::string& caption, const std::vector<std::vector<std::string>>& rows);
    // Names and values, folded away under a line that opens them.
    void details(const std::string& summary, const std::vector<std::pair<std::string, std::string>>& pairs);
    // The same with a table in it.
    void folded_table(const std::string& summary, const std::vector<std::vector<std::string>>& rows);
    // Names and values, in the open.
    void facts(const std::vector<std::pair<std::string, std::string>>& pairs);
    // Charts side by side, as many as fit.
    void charts(const std::vector<std::string>& svgs);
    // HTML that is put in as it is; what it quotes was escaped.
    void block(const std::string& html);

    [[nodiscard]] std::string text() const;

  private:
    std::string title_, body_;
};

}  // namespace unmask
