import { z } from "zod";

/** What a directory holds, or what `file_info` tells of a path. */
export const EntrySchema = z.strictObject({
  name: z.string(),
  path: z.string(),
  type: z.enum(["file", "directory", "symlink", "other"]),
  size: z.int().meta({ description: "Bytes" }),
  modifiedAt: z.iso.datetime(),
});
/** One entry of a directory. */
export type Entry = z.output<typeof EntrySchema>;
