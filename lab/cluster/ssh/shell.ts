/**
 * As much of a shell as remote commands of this kind need: quotes, `&&`, `||`, `;`, and redirections to nowhere.
 */

/** How a command depends on the one before it. */
export type Link = ";" | "&&" | "||";

/** One command of a line. */
export interface ShellCommand {
  link: Link;
  words: string[];
  /** Output that the line throws away or merges. */
  discard: { stdout: boolean; stderr: boolean };
  mergeStderr: boolean;
}

/** The line uses something this shell does not have. */
export class ShellSyntaxError extends Error {}

/** Splits a line into commands. */
export function parseLine(line: string): ShellCommand[] {
  const commands: ShellCommand[] = [newCommand(";")];
  for (const token of tokenize(line)) {
    const current = commands[commands.length - 1] as ShellCommand;
    if (token.quoted) current.words.push(token.text);
    else if (token.text === ";" || token.text === "&&" || token.text === "||")
      commands.push(newCommand(token.text));
    else if (token.text === "2>&1") current.mergeStderr = true;
    else if (token.text === "2>/dev/null") current.discard.stderr = true;
    else if (token.text === ">/dev/null" || token.text === "1>/dev/null") current.discard.stdout = true;
    else if (/^\d?[<>]|^[|&]/.test(token.text))
      throw new ShellSyntaxError(`'${token.text}' is not supported here`);
    else current.words.push(token.text);
  }
  return commands.filter((command) => command.words.length > 0);
}

function newCommand(link: Link): ShellCommand {
  return { link, words: [], discard: { stdout: false, stderr: false }, mergeStderr: false };
}

interface Token {
  text: string;
  quoted: boolean;
}

function* tokenize(line: string): Generator<Token> {
  const joined = line.replaceAll(/(\d?>>?)\s+(?=\S)/g, "$1");
  let index = 0;
  while (index < joined.length) {
    const rest = joined.slice(index);
    const space = /^[ \t]+/.exec(rest);
    if (space) {
      index += space[0].length;
      continue;
    }
    const operator = /^(&&|\|\||[;\n|]|\d?>&\d|\d?[<>]>?[^\s;&|]*|&)/.exec(rest);
    if (operator) {
      index += operator[0].length;
      yield { text: operator[0] === "\n" ? ";" : operator[0], quoted: false };
      continue;
    }
    const word = readWord(rest);
    index += word.length;
    yield { text: word.text, quoted: true };
  }
}

function readWord(text: string): { text: string; length: number } {
  let out = "";
  let index = 0;
  while (index < text.length && !/[\s;&|<>]/.test(text[index] as string)) {
    const char = text[index] as string;
    if (char === "'" || char === '"') {
      const end = closing(text, index);
      const inner = text.slice(index + 1, end);
      out += char === "'" ? inner : inner.replaceAll(/\\(["\\$`])/g, "$1");
      index = end + 1;
    } else if (char === "\\") {
      out += text[index + 1] ?? "";
      index += 2;
    } else {
      out += char;
      index++;
    }
  }
  return { text: out, length: index };
}

function closing(text: string, start: number): number {
  const quote = text[start];
  for (let index = start + 1; index < text.length; index++) {
    if (quote === '"' && text[index] === "\\") index++;
    else if (text[index] === quote) return index;
  }
  throw new ShellSyntaxError(`unexpected end of line while looking for ${quote}`);
}
