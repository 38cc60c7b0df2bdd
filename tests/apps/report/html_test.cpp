// SPDX-License-Identifier: Apache-2.0
#include "apps/report/html.h"

#include <gtest/gtest.h>

namespace unmask {
namespace {

TEST(Html, EscapesWhatHasAMeaningInHtml) {
    EXPECT_EQ(html_escaped("<a href=\"x\">'&amp;'</a>"),
              "&lt;a href=&quot;x&quot;&gt;&#39;&amp;amp;&#39;&lt;/a&gt;");
    EXPECT_EQ(html_escaped("Größe 😀\n"), "Größe 😀\n");
}

TEST(Html, WhatIsNotUtf8BecomesTheReplacementCharacter) {
    const std::string replacement = "\xEF\xBF\xBD";
    EXPECT_EQ(html_escaped(std::string("a\0b\x1B", 4)), "a" + replacement + "b" + replacement);
    EXPECT_EQ(html_escaped("\xFF<"), replacement + "&lt;");
    EXPECT_EQ(html_escaped("\xC3"), replacement);                                      // cut off
    EXPECT_EQ(html_escaped("\xC0\xBC"), replacement + replacement);                    // an overlong <
    EXPECT_EQ(html_escaped("\xED\xA0\x80"), replacement + replacement + replacement);  // a surrogate
    EXPECT_EQ(html_escaped("\xF4\x90\x80\x80").find('\xF4'), std::string::npos);       // beyond U+10FFFF
    EXPECT_EQ(html_escaped("\xE2<script>"), replacement + "&lt;script&gt;");           // nothing is swallowed
}

TEST(Html, PagesEscapeAllTheyAreGiven) {
    HtmlPage page("<t>");
    page.section("<s>");
    page.paragraph("<p>");
    page.table("<c>", {{"<h>", "b"}, {"<d>", "1"}});
    page.details("<u>", {{"<n>", "<v>"}});
    page.facts({{"<f>", "<g>"}});
    const std::string text = page.text();
    for (const char* given : {"<t>", "<s>", "<c>", "<h>", "<d>", "<u>", "<n>", "<v>", "<f>", "<g>"})
        EXPECT_EQ(text.find(given), std::string::npos) << given;
    EXPECT_NE(text.find("<p>&lt;p&gt;</p>"), std::string::npos);
    EXPECT_NE(text.find("<th scope=\"col\">&lt;h&gt;</th>"), std::string::npos);
    EXPECT_NE(text.find("<td>&lt;d&gt;</td>"), std::string::npos);
    EXPECT_NE(text.find("prefers-color-scheme:dark"), std::string::npos);
    EXPECT_EQ(text.find("<script"), std::string::npos);
    EXPECT_EQ(text.find("http"), std::string::npos);
}

}  // namespace
}  // namespace unmask
