// SPDX-License-Identifier: Apache-2.0
#include "apps/serve/page.h"

#include <fmt/format.h>

#include "apps/json_text.h"
#include "apps/progress.h"
#include "apps/report/html.h"
#include "apps/report/verdict_card.h"

namespace unmask {

std::string drop_page(const std::string& model, int64_t most_bytes) {
    HtmlPage page("Real or forged?");
    page.block(
        fmt::format("<form class=\"drop\" method=\"post\" action=\"/report\" enctype=\"multipart/form-data\" "
                    "data-most=\"{}\">\n"
                    "<label for=\"file\">Drop a picture or a video here, or choose one</label>\n"
                    "<input id=\"file\" name=\"file\" type=\"file\" required>\n<button>Look at it</button>\n"
                    "<p id=\"state\" role=\"status\"></p>\n</form>\n<script src=\"/drop.js\" defer></script>",
                    most_bytes));
    page.paragraph(fmt::format(
        "At most {}. The file stays on the machine that runs unmask and is deleted when the answer is there.",
        bytes_text(most_bytes)));
    page.paragraph(limits_of_score());
    page.facts({{"model", model}});
    return page.text();
}

const char* drop_script() {
    return R"js('use strict';
const form = document.querySelector('form'), input = document.querySelector('#file');
const state = document.querySelector('#state'), most = Number(form.dataset.most);
const send = () => {
  if (!input.files.length) return;
  if (input.files[0].size > most) {
    state.textContent = 'This file is too large.';
    return;
  }
  state.textContent = 'Looking at ' + input.files[0].name + ' …';
  form.submit();
};
for (const kind of ['dragover', 'drop'])
  document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener('dragover', () => form.classList.add('over'));
document.addEventListener('dragleave', () => form.classList.remove('over'));
document.addEventListener('drop', (event) => {
  form.classList.remove('over');
  if (!event.dataTransfer.files.length) return;
  input.files = event.dataTransfer.files;
  send();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  send();
});
window.addEventListener('pageshow', () => { state.textContent = ''; });
)js";
}

std::string problem_page(const std::string& problem) {
    HtmlPage page("No answer");
    page.paragraph(problem);
    page.block("<p><a href=\"/\">Back</a></p>");
    return page.text();
}

std::string problem_json(const std::string& problem) {
    return json_text({{"error", problem}}, -1) + "\n";
}

}  // namespace unmask
