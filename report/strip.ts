/** The quorum timeline in plain text: a line for each moment, readable where no picture can be. */
import { shortened } from "./inert";
import { describeQuorum, type Frame } from "./timeline";

/** What the signs mean. */
export const LEGEND = "● a voter that answers   ○ one that does not   ┃ quorum: each ● right of it may fail";

/** Longest title, so that one long name does not push everything out of sight. */
const LONGEST_TITLE = 32;

/** The timeline, one line for each moment; several of them belong to a step that passes through a worse one. */
export function strip(frames: readonly Frame[]): string[] {
  const rows = frames.map((frame, index) => [
    frames[index - 1]?.step === frame.step && index > 0 ? "" : heading(frame),
    passing(frame, frames),
    dots(frame),
    describeQuorum(frame.moment),
    frame.moment.voters.map((name) => shortened(name, LONGEST_TITLE)).join(" "),
    frame.worst ? "◀ lowest" : "",
  ]);
  const columns = [0, 1, 2, 3, 4].filter((column) => rows.some((row) => row[column] !== ""));
  const widths = columns.map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    [...columns.map((column, index) => row[column]!.padEnd(widths[index]!)), row[5]!].join("  ").trimEnd(),
  );
}

/** A moment's voters: those that quorum needs, the bar, and those that may fail. */
export function dots({ moment: { quorum } }: Pick<Frame, "moment">): string {
  if (quorum.members === 0) return "-";
  const all = "●".repeat(quorum.healthy) + "○".repeat(quorum.members - quorum.healthy);
  return `${all.slice(0, quorum.required)}┃${all.slice(quorum.required)}`;
}

function heading({ step, title }: Frame): string {
  return shortened(step === 0 ? title : `${step} ${title}`, LONGEST_TITLE);
}

/** `while` and `then` for a step with two moments. */
function passing({ step, phase }: Frame, frames: readonly Frame[]): string {
  if (phase === "during") return "while";
  return frames.some((other) => other.step === step && other.phase === "during") ? "then" : "";
}
