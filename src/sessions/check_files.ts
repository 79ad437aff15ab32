import { InvalidParamsError, SandboxError } from "../errors.ts";
import { utf8Length } from "./content.ts";
import type { SessionLimits } from "./session_limits.ts";

const MAX_FILES = 1000;

/** Refuses too many or too large files of `session.create`; throws the error for the client. */
export function checkFiles(
  files: Readonly<Record<string, string>>,
  { maxFileBytes }: Pick<SessionLimits, "maxFileBytes">,
): void {
  const entries = Object.entries(files);
  if (entries.length > MAX_FILES) {
    const message = `Expected at most ${MAX_FILES} files, got ${entries.length}`;
    throw new InvalidParamsError([{ path: ["files"], message }]);
  }
  const bytes = entries.reduce((sum, [, content]) => sum + utf8Length(content), 0);
  if (bytes <= maxFileBytes) return;
  throw new SandboxError(
    "too_large",
    `Files are too large: ${bytes} bytes together, at most ${maxFileBytes} (maxFileBytes)`,
    { data: { limit: "maxFileBytes", maxBytes: maxFileBytes, bytes } },
  );
}
