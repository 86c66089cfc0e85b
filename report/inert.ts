/**
 * Texts that others wrote - names in a description, messages of providers - made harmless. A pull request may come from a stranger, who
 * chooses them: what Markdown and HTML mean by signs is escaped by the libraries that write them; here is what those do not know of.
 */

/** Control characters, invisible ones, and those that turn the direction of writing, so that a text reads other than it is. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;

/** A text in one line, in which every character is one that is seen. */
export function inert(text: string): string {
  return text.replace(/\s+/g, " ").trim().replace(INVISIBLE, "\uFFFD");
}

/** A zero-width space: it is not seen, and parts what would be read together. */
const PART = "\u200B";

/**
 * A text that GitHub makes nothing of after it has rendered the Markdown: no `@name` that notifies people, no `#1`, `GH-1` or `owner/name#1`
 * that links an issue, no address that becomes a link, no `:sign:` that becomes a picture, no `$...$` that becomes a formula.
 */
export function unlinked(text: string): string {
  return text
    .replace(/@(?=\w)/g, `@${PART}`)
    .replace(/#(?=\d)/g, `#${PART}`)
    .replace(/GH-(?=\d)/gi, (prefix) => prefix + PART)
    .replace(/:(?=\/\/)/g, `:${PART}`)
    .replace(/www\./gi, (prefix) => `${prefix.slice(0, -1)}${PART}.`)
    .replace(/:(?=[\w+-]+:)/g, `:${PART}`)
    .replace(/\$/g, `$${PART}`);
}

/** At most so many characters; three points for the rest. */
export function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest - 3)}...`;
}

/** A text as XML and HTML want it, in an element or in an attribute. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
