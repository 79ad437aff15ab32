import { z } from "zod";
import { PathSchema } from "./path.ts";

/** The longest that a signed URL holds, in seconds. */
const MAX_SIGNED_SECONDS = 3600;

/** The methods about files over plain HTTP. */
export const FILE_METHODS = {
  "files.sign": {
    summary: "Returns a URL that reads or writes one file over plain HTTP without a key",
    params: z.strictObject({
      sessionId: z.string().min(1).max(128),
      path: PathSchema,
      method: z.enum(["GET", "PUT"]).default("GET")
        .meta({ description: "What the URL is for; one for GET takes HEAD as well" }),
      expiresInSeconds: z.int().min(1).max(MAX_SIGNED_SECONDS).default(300),
      maxBytes: z.int().min(0).optional()
        .meta({ description: "Bytes that may be written; for PUT only" }),
    }).superRefine(({ method, maxBytes }, context) => {
      if (method === "PUT" || maxBytes === undefined) return;
      const message = "Bounds what is written, expected only with method PUT";
      context.addIssue({ code: "custom", path: ["maxBytes"], message });
    }),
    result: z.strictObject({
      url: z.string().meta({
        description: "Path and query, to be put behind the server's address",
      }),
      method: z.enum(["GET", "PUT"]),
      expiresAt: z.iso.datetime(),
    }),
  },
} as const;

/** The path of a session's file in a URL, from its names below the workspace. */
export function fileUrlPath(sessionId: string, segments: readonly string[]): string {
  const path = ["sessions", sessionId, "files", ...segments].map(encodeURIComponent).join("/");
  return `/${path}`;
}
