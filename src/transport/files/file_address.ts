/** What a path under `/sessions/` means. */
export type FileAddress =
  | { readonly kind: "file"; readonly sessionId: string; readonly path: string }
  | { readonly kind: "archive"; readonly sessionId: string; readonly path: string }
  | { readonly kind: "unknown" }
  | { readonly kind: "wrong"; readonly message: string };

const MAX_PATH_LENGTH = 4096;
const WORKSPACE = "/workspace";

/** Reads an address: `/sessions/{id}/files/{path}` or `/sessions/{id}/archive?path={path}`. */
export function parseFileAddress(url: URL): FileAddress {
  const match = /^\/sessions\/([^/]+)\/(?:files\/(.+)|(archive))$/s.exec(url.pathname);
  if (match === null) return { kind: "unknown" };
  const [, sessionId = "", encoded] = match;
  if (encoded === undefined) {
    const path = url.searchParams.get("path") || WORKSPACE;
    return checked({ kind: "archive", sessionId, path });
  }
  const segments = decodeSegments(encoded);
  if (segments === undefined) {
    return { kind: "wrong", message: "Cannot read the path: it is not UTF-8 in percent-encoding" };
  }
  // The URL's own way to read a path took out all that are not encoded.
  if (segments.some((segment) => /^\.{1,2}$|[/\0]|^$/.test(segment))) {
    const message = "Cannot take the path: expected names without . and .. between single slashes";
    return { kind: "wrong", message };
  }
  return checked({ kind: "file", sessionId, path: segments.join("/") });
}

function checked(address: FileAddress & { path: string }): FileAddress {
  if (address.path.length <= MAX_PATH_LENGTH && !address.path.includes("\0")) return address;
  const message = `Cannot take the path: expected at most ${MAX_PATH_LENGTH} characters, none NUL`;
  return { kind: "wrong", message };
}

function decodeSegments(path: string): string[] | undefined {
  try {
    return path.split("/").map(decodeURIComponent);
  } catch {
    // Malformed, which is all that it throws for.
    return undefined;
  }
}
