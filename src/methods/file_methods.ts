import { InvalidParamsError } from "../errors.ts";
import { fileUrlPath } from "../protocol/files.ts";
import { workspaceSegments } from "../runtimes/workspace_path.ts";
import { type Handlers, type MethodDeps, userOf } from "./method_deps.ts";

/** The methods about files over plain HTTP. */
export function fileMethods({ sessions, urls }: MethodDeps): Handlers<"files.sign"> {
  return {
    async "files.sign"({ sessionId, path, method, expiresInSeconds, maxBytes }, context) {
      const { id } = sessions.get(sessionId, userOf(context));
      const segments = workspaceSegments(path) ?? [];
      if (segments.length === 0) {
        const message = "Expected a file inside /workspace, such as data/result.csv";
        throw new InvalidParamsError([{ path: ["path"], message }]);
      }
      // A URL counts in whole seconds.
      const expiresAt = Math.floor(Date.now() / 1000 + expiresInSeconds) * 1000;
      const pathname = fileUrlPath(id, segments);
      const url = await urls.sign({ method, pathname, expiresAt, maxBytes });
      return { url, method, expiresAt: new Date(expiresAt).toISOString() };
    },
  };
}
