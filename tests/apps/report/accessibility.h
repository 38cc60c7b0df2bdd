// SPDX-License-Identifier: Apache-2.0
// What an open page lacks for readers who see or hear it otherwise, after the Web Content Accessibility
// Guidelines 2.1 (AA).
#pragma once

#include <string>
#include <vector>

#include "tests/apps/report/devtools.h"

namespace unmask {

// A sentence for each fault: headings (one of the first level, none left out), pictures without a text, parts
// that scroll but cannot be reached with the keyboard or have no name, inner links that lead nowhere, a
// missing language or title, text with too little contrast (1.4.3: 4.5, large text 3), a page wider than its
// window.
inline std::vector<std::string> accessibility_faults(DevTools& browser) {
    static constexpr const char* script = R"js((() => {
  const faults = [];
  const say = (what, element) => faults.push(what + ': ' + (element ? element.outerHTML.slice(0, 120) : ''));
  if (!document.documentElement.lang) say('no language');
  if (!document.title) say('no title');
  let level = 0, firsts = 0;
  for (const heading of document.querySelectorAll('h1,h2,h3,h4,h5,h6')) {
    const own = Number(heading.tagName[1]);
    if (own === 1) ++firsts;
    if (own > level + 1) say('heading skips a level', heading);
    if (!heading.textContent.trim()) say('empty heading', heading);
    level = own;
  }
  if (firsts !== 1) say(firsts + ' headings of the first level');
  for (const image of document.querySelectorAll('img'))
    if (!image.alt.trim()) say('picture without a text', image);
  for (const svg of document.querySelectorAll('svg'))
    if (svg.getAttribute('role') !== 'img' || !svg.querySelector('title')?.textContent) say('chart without a text', svg);
  for (const control of document.querySelectorAll('input'))
    if (!control.labels.length) say('input without a label', control);
  for (const element of document.querySelectorAll('*')) {
    const overflow = getComputedStyle(element).overflowX;
    if ((overflow === 'auto' || overflow === 'scroll') && (element.tabIndex < 0 || !element.ariaLabel))
      say('scrolls, but cannot be reached or has no name', element);
  }
  for (const link of document.querySelectorAll('a[href^="#"]'))
    if (!document.getElementById(link.getAttribute('href').slice(1))) say('link that leads nowhere', link);
  const parse = (text) => {
    const n = text.match(/[\d.]+/g).map(Number);
    return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1];
  };
  const over = (a, b) => a.slice(0, 3).map((v, i) => v * a[3] + b[i] * (1 - a[3])).concat(1);
  const background = (element) => {
    const own = element ? parse(getComputedStyle(element).backgroundColor) : [255, 255, 255, 1];
    return own[3] >= 1 ? own : over(own, background(element.parentElement));
  };
  const luminance = (colour) => {
    const [r, g, b] = colour.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const element = node.parentElement;
    if (!node.textContent.trim() || ['SCRIPT', 'STYLE', 'title', 'desc'].includes(element.tagName)) continue;
    const style = getComputedStyle(element), ground = background(element);
    const colour = over(parse(element instanceof SVGElement ? style.fill : style.color), ground);
    const [light, dark] = [luminance(colour), luminance(ground)].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (large ? 3 : 4.5)) say('contrast ' + ratio.toFixed(2), element);
  }
  if (document.documentElement.scrollWidth > innerWidth)
    say('wider than the window: ' + document.documentElement.scrollWidth);
  return faults;
})())js";
    return browser.evaluate(script).get<std::vector<std::string>>();
}

}  // namespace unmask
