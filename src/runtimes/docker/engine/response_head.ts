/** The head of an HTTP answer. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Headers;
}

/** Where a head ends in `bytes`: the offset behind its empty line, or -1. Only what is new is searched. */
export function findHeadEnd(bytes: Uint8Array, searched: number): number {
  for (let at = bytes.indexOf(10, searched); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at - 1] === 13 && bytes[at - 2] === 10 && bytes[at - 3] === 13) return at + 1;
  }
  return -1;
}

/** Reads a head; throws a SyntaxError if it is none. */
export function parseResponseHead(bytes: Uint8Array): ResponseHead {
  const [statusLine = "", ...lines] = new TextDecoder("latin1").decode(bytes).split("\r\n");
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: .*)?$/.exec(statusLine)?.[1];
  if (status === undefined) throw new SyntaxError("the answer is not HTTP");
  const headers = new Headers();
  for (const line of lines) {
    if (line === "") continue;
    const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined || value === undefined) {
      throw new SyntaxError("the head of the answer is malformed");
    }
    headers.append(name, value);
  }
  return { status: Number(status), headers };
}
