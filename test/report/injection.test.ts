/** A pull request may come from a stranger, who chooses names, messages and versions. None of them may be more than text. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { micromark } from "micromark";
import { gfm, gfmHtml } from "micromark-extension-gfm";
import { renderHtml } from "../../report/html";
import { withTexts } from "../../report/json";
import { renderMarkdown } from "../../report/markdown";
import { readPreview } from "../../report/preview";
import { type Report, reportOf } from "../../report/report";
import { renderSvg } from "../../report/svg";
import { holds } from "../model/property";
import { events, rebuild, replacement, replacementPreview, type Scene } from "./fixtures";

/** What a stranger may try: HTML, links, pictures, mentions, cross references, tables, code, comments, and text that reads backwards. */
const TRICKS = [
  "<img src=x onerror=alert(1)>",
  "</title><script>alert(1)</script>",
  "[click](https://evil.example)",
  "![x](https://evil.example/pixel.png)",
  "<https://evil.example>",
  "https://evil.example/path",
  "www.evil.example",
  "mail@evil.example",
  "@everyone",
  "#1 GH-2 torvalds/linux#3",
  "a | b | c",
  "`code` ``more``",
  "``` ",
  "**bold** __bold__ ~~gone~~",
  "line\n# heading\n- item\n> quote",
  "<!-- hidden",
  "&lt;b&gt; &#60;",
  "\\",
  "$\\href{x}{y}$",
  ":white_check_mark: PASS",
  "\u202Eevitanretla\u202C",
  "1. one",
  "</details>",
  '" onload="alert(1)',
  "]]>",
  "$& $1 $`",
];

const KEPT = new Set(["kind", "source", "finality", "severity", "op", "type", "level"]);

/** A scene in which every text that is not one of a few words says something else. */
function poisoned(scene: Scene, trick: string): Scene {
  const walk = (value: unknown, key = ""): unknown => {
    if (typeof value === "string") return KEPT.has(key) ? value : trick;
    if (Array.isArray(value)) return value.map((item) => walk(item, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([at, item]) => [at, walk(item, at)]));
  };
  return walk(scene) as Scene;
}

const scene: Scene = {
  ...replacementPreview,
  transition: { ...replacement, approval: { ...rebuild.approval, given: "another" } },
  messages: [{ severity: "warning", message: "words", about: { type: "metal:index:Machine", name: "n5" } }],
  violations: [{ policy: "one-version", level: "advisory", message: "words" }],
};

const reportWith = (trick: string): Report => {
  const { violations = [], ...rest } = poisoned(scene, trick);
  // The engine puts a policy's own description in a line before what it says, whatever that is.
  const described = violations.map((violation) => ({
    ...violation,
    message: `Its purpose.\n${violation.message}`,
  }));
  return reportOf(readPreview(events({ ...rest, violations: described })));
};

/** As GitHub reads Markdown, but without its filter of HTML: what would be filtered must not be there in the first place. */
const asGitHub = (markdown: string): string =>
  micromark(markdown, { extensions: [gfm()], htmlExtensions: [gfmHtml()], allowDangerousHtml: true });

/** Every tag with its attributes, in order. */
const tagsOf = (html: string): string[] =>
  [...html.matchAll(/<(\/?[a-z][^>]*|!--.*?--)>/gis)].map(([, tag]) => tag!);

/** Text between tags. */
const textsOf = (html: string): string =>
  html.replace(/<code[^>]*>.*?<\/code>/gs, "").replace(/<[^>]*>/g, "\n");

describe("what strangers write", () => {
  const harmless = tagsOf(asGitHub(renderMarkdown(reportWith("harmless"))));

  const isOnlyText = (trick: string) => {
    const html = asGitHub(renderMarkdown(reportWith(trick)));
    assert.deepEqual(tagsOf(html), harmless, `${JSON.stringify(trick)} makes other Markdown`);
    const texts = textsOf(html);
    for (const read of [/@\w/, /#\d/, /GH-\d/i, /:\/\//, /www\./i, /:[\w+-]+:/]) {
      assert.doesNotMatch(texts, read, `${JSON.stringify(trick)} means something to GitHub`);
    }
    assert.doesNotMatch(html, /[\u202A-\u202E\u2066-\u2069]/);
  };

  for (const trick of TRICKS)
    it(`stays text in a comment: ${JSON.stringify(trick)}`, () => isOnlyText(trick));

  it("stays text in a comment, put together by chance", () => {
    const words = fc.array(
      fc.oneof(fc.constantFrom(...TRICKS), fc.string({ unit: "grapheme", maxLength: 6 })),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    // An empty name is no text to stay one.
    holds(
      fc.property(
        words.map((all) => `x${all.join("")}x`),
        isOnlyText,
      ),
      50,
    );
  });

  it("stays text in the page and in the picture", () => {
    const plain = reportWith("harmless");
    const shape = (html: string) =>
      tagsOf(html).map((tag) => tag.replace(/(?<= )(x|y|width|height|viewBox|d|cx|cy)="[^"]*"/g, "$1"));
    for (const trick of TRICKS) {
      const report = reportWith(trick);
      assert.deepEqual(shape(renderHtml(report)), shape(renderHtml(plain)), trick);
      assert.deepEqual(shape(renderSvg(report.timeline)), shape(renderSvg(plain.timeline)), trick);
    }
  });

  it("cannot turn the direction of reading, also not in --json", () => {
    withTexts(reportWith("a\u202Eb\u0000c\u200Bd"), (text) => {
      assert.doesNotMatch(text, /[\p{Cc}\p{Cf}]/u);
      return text;
    });
  });

  it("loads nothing from elsewhere and runs nothing", () => {
    const html = renderHtml(reportWith("https://evil.example"));
    assert.match(html, /Content-Security-Policy" content="default-src 'none'/);
    assert.doesNotMatch(html, /<(script|link|iframe|img|object)|\b(src|href)=|@import|url\(/);
  });
});
