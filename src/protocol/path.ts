import { z } from "zod";

/** The directory of a session's files, as its code sees it. */
export const WORKSPACE = "/workspace";

/** The longest path a command takes, in characters. */
export const MAX_PATH_LENGTH = 4096;

/** A path of a command. */
export const PathSchema = z.string().min(1, "Path is empty").max(MAX_PATH_LENGTH)
  .refine((value) => !value.includes("\0"), "Path contains a NUL character")
  .meta({ description: `A path inside ${WORKSPACE}; a relative one starts there` });
