import { z } from "zod";
import { EntrySchema } from "./entry.ts";
import { PathSchema, WORKSPACE } from "./path.ts";

const MAX_EXPRESSION_LENGTH = 1000;
const noNul = (value: string) => !value.includes("\0");
const expression = z.string().min(1).max(MAX_EXPRESSION_LENGTH)
  .refine(noNul, "Expression contains a NUL character");

/** Finds files by name, or lines in files. */
export const SearchFilesSchema = z.strictObject({
  type: z.literal("search_files"),
  path: PathSchema.default(WORKSPACE),
  glob: expression.optional().meta({
    description: "Which paths to take, with **, *, ?, [] and {}; without a slash it is for the " +
      "name alone, at any depth, else for the path from `path` on",
  }),
  pattern: expression.optional().meta({
    description: "Regular expression in the syntax of RE2, looked for in each line",
  }),
  ignoreCase: z.boolean().default(false).meta({ description: "Of pattern and glob" }),
  contextLines: z.int().min(0).max(20).default(0)
    .meta({ description: "Lines before and after each match" }),
  maxResults: z.int().min(1).max(5000).default(200),
  includeHidden: z.boolean().default(false)
    .meta({ description: "Whether names that begin with a dot are looked at" }),
}).superRefine(({ glob, pattern }, context) => {
  if (glob !== undefined || pattern !== undefined) return;
  context.addIssue({ code: "custom", path: [], message: "Expected glob, pattern or both" });
});

/** A line that matches. */
export const SearchMatchSchema = z.strictObject({
  path: z.string(),
  line: z.int().meta({ description: "Counted from 1" }),
  text: z.string(),
  before: z.array(z.string()).optional(),
  after: z.array(z.string()).optional(),
});
/** A line that matches. */
export type SearchMatch = z.output<typeof SearchMatchSchema>;

/** The result of `search_files`: entries without a pattern, matches with one. */
export const SearchResultSchema = z.strictObject({
  path: z.string(),
  entries: z.array(EntrySchema).optional(),
  matches: z.array(SearchMatchSchema).optional(),
  files: z.int().meta({ description: "How many files or entries were looked at" }),
  truncated: z.literal(true).optional(),
  truncatedBy: z.enum(["results", "entries", "bytes", "time"]).optional(),
});
/** The result of `search_files`. */
export type SearchResult = z.output<typeof SearchResultSchema>;
/** Why a search ended before it had looked at everything. */
export type SearchLimit = NonNullable<SearchResult["truncatedBy"]>;
