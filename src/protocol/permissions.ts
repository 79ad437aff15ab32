import { z } from "zod";

const MAX_ENTRIES = 100;

function grant(description: string) {
  return z.union([z.boolean(), z.array(z.string().min(1).max(1024)).max(MAX_ENTRIES)])
    .optional()
    .meta({ description });
}

/**
 * What the code of a Deno session may do. `true` grants all there is, `false` or `[]`
 * nothing, a list just what it names. A key left out takes the session's default: the workspace for
 * reading and writing, nothing else.
 */
export const PermissionsSchema = z.strictObject({
  allowRead: grant("Paths under /workspace that may be read; by default all of it"),
  allowWrite: grant("Paths under /workspace that may be written; by default all of it"),
  allowNet: grant("Hosts, each with an optional port, that may be reached; by default none"),
  allowEnv: grant("Environment variables that may be read; by default none"),
  allowRun: grant("Programs that may be started; by default none"),
});
/** The permissions a client asks for. */
export type Permissions = z.output<typeof PermissionsSchema>;
