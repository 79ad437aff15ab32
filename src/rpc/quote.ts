const MAX_LENGTH = 50;

/** Cuts text of the client's to a length that may be sent back or logged. */
export function cut(text: string): string {
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH)}…`;
}

/** Writes text of the client's between quotes, cut to a bounded length. */
export function quote(text: string): string {
  return JSON.stringify(cut(text));
}
