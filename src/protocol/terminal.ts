import { z } from "zod";

/** The size of a terminal that is not given another. */
export const DEFAULT_TERMINAL = { cols: 80, rows: 24 } as const;

const MAX_SIDE = 1000;

/** Characters in a row of a terminal. */
export const ColsSchema = z.int().min(1).max(MAX_SIDE)
  .meta({ description: "Characters in a row of the terminal" });
/** Rows of a terminal. */
export const RowsSchema = z.int().min(1).max(MAX_SIDE)
  .meta({ description: "Rows of the terminal" });

/** How many characters a terminal shows. */
export const TerminalSizeSchema = z.strictObject({ cols: ColsSchema, rows: RowsSchema });
/** How many characters a terminal shows. */
export type TerminalSize = z.output<typeof TerminalSizeSchema>;

/** What a terminal shows, for another to show the same. */
export const ScreenSchema = z.strictObject({
  ...TerminalSizeSchema.shape,
  data: z.string().meta({
    description: "Text and control sequences: written to an empty terminal of that size they " +
      "show what this one shows, and what has been scrolled out of it lately",
  }),
  seq: z.int().meta({ description: "The chunk of output that comes next" }),
  droppedBytes: z.int().optional().meta({
    description: "Bytes of output that came too fast to be shown, where there were any",
  }),
});
/** What a terminal shows. */
export type Screen = z.output<typeof ScreenSchema>;
