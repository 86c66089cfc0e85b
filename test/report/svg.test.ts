import assert from "node:assert/strict";
import { renderSvg } from "../../report/svg";
import { timelineOf } from "../../report/timeline";
import { moment, rebuild, replacement, step, upgrade } from "./fixtures";

const svg = (transition: typeof replacement): string => renderSvg(timelineOf(transition));

/** Every text with its place. */
function textsOf(picture: string): { x: number; y: number; text: string; strong: boolean }[] {
  return [...picture.matchAll(/<text([^>]*) x="([\d.]+)" y="([\d.]+)">(.*?)<\/text>/g)].map(
    ([, attributes, x, y, inner]) => ({
      x: Number(x),
      y: Number(y),
      text: inner!.replace(/<title>.*?<\/title>|<[^>]*>/g, "").replace(/&#\d+;/g, "?"),
      strong: /strong/.test(attributes! + inner!),
    }),
  );
}

/** Widths of a wide font, DejaVu Sans at 12 and 13 pixels; people mostly see narrower ones. */
const widthOf = ({ text, strong }: { text: string; strong: boolean }) => text.length * (strong ? 7.8 : 6.6);

const long: typeof replacement = {
  ...replacement,
  steps: Array.from({ length: 12 }, (_, index) =>
    step({
      kind: (["join", "leave", "promote", "reinstall"] as const)[index % 4]!,
      node: `rack${index}-row-b-unit-10.datacenter-${"x".repeat(40)}.example`,
      about: "",
      ...(index % 2 === 0
        ? {}
        : { during: moment(["n1-with-quite-a-long-name", "n2", "n3-with-quite-a-long-name"], [], 2) }),
      after: moment(["n1-with-quite-a-long-name", "n2"]),
    }),
  ),
};

describe("the picture of the quorum", () => {
  for (const [name, transition] of Object.entries({
    replacement,
    upgrade,
    rebuild,
    "twelve steps with long names": long,
  })) {
    it(`has no text upon another or beyond the edge: ${name}`, () => {
      const picture = svg(transition);
      const width = Number(/ width="(\d+)"/.exec(picture)![1]);
      const height = Number(/ height="(\d+)"/.exec(picture)![1]);
      const texts = textsOf(picture);
      assert(texts.length > 8);
      for (const a of texts) {
        assert(a.x + widthOf(a) <= width && a.y <= height, `${a.text} goes beyond the edge`);
        for (const b of texts) {
          const sameLine = a !== b && Math.abs(a.y - b.y) < 10 && a.x <= b.x;
          assert(!sameLine || a.x + widthOf(a) <= b.x, `"${a.text}" runs into "${b.text}"`);
        }
      }
      assert(width <= 1060, "a page is no wider");
    });
  }

  it("has a full dot for each voter that answers, a hollow one for each that does not", () => {
    const picture = svg(replacement);
    // 3 now, 3 while n5 joins, 2 when n3 has left, 2 while n5 is promoted, 3 then; one more of each explains it.
    assert.equal(picture.match(/circle class="up"/g)!.length, 13 + 1);
    assert.equal(picture.match(/circle class="down"/g)!.length, 1 + 1);
  });

  it("draws the quorum below each dot that may fail", () => {
    const picture = svg(replacement);
    const line = Number(/<path class="line" d="M[\d.]+ ([\d.]+)/.exec(picture)![1]);
    const dots = [...picture.matchAll(/circle class="up" cx="[\d.]+" cy="([\d.]+)" r="8"/g)].map(([, y]) =>
      Number(y),
    );
    // One may fail now, when n5 has joined, and at the end.
    assert.equal(dots.filter((y) => y < line).length, 3);
  });

  it("marks the worst moment, once", () => {
    assert.equal(svg(replacement).match(/>lowest</g)!.length, 1);
    assert.match(svg(upgrade), />while · lowest</);
  });

  it("names who does not answer where that is known, and nobody where it may be anyone", () => {
    assert.match(svg(replacement), /<text class="small soft"[^>]*><title>n5<\/title>n5<\/text>/);
    assert.match(svg(upgrade), />any one<\/text>/);
    const dead = moment(["n1", "n2", "n3"], [], 2);
    const removal = {
      ...replacement,
      before: dead,
      steps: [step({ kind: "remove", node: "n3", about: "", after: moment(["n1", "n2"]) })],
    };
    assert.match(svg(removal), /<text class="small soft"[^>]*><title>n3<\/title>n3<\/text>/);
  });

  it("can be heard as well as seen, and says so where there is nothing to show", () => {
    assert.match(svg(replacement), /<desc>now: 3 voters, 1 may fail\. after step 1 join n5: 3 voters/);
    assert.match(renderSvg([]), />No step: etcd stays as it is\.</);
  });
});
