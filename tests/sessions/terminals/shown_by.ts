import headless from "@xterm/headless";
import type { TerminalSize } from "../../../src/protocol/terminal.ts";

/** What a terminal shows after some output: every row, scrolled out ones too, and where the cursor is. */
export async function shownBy(size: TerminalSize, ...output: string[]): Promise<unknown> {
  const terminal = new headless.Terminal({ ...size, scrollback: 1000, allowProposedApi: true });
  for (const text of output) {
    await new Promise<void>((resolve) => terminal.write(text, resolve));
  }
  const { active } = terminal.buffer;
  const rows = Array.from({ length: active.length }, (_, row) => {
    const line = active.getLine(row)!;
    return Array.from({ length: size.cols }, (_, col) => {
      const cell = line.getCell(col)!;
      const chars = cell.getChars() || " ";
      const style = [
        cell.getFgColorMode(),
        cell.getFgColor(),
        cell.getBgColorMode(),
        cell.getBgColor(),
        cell.isBold(),
        cell.isInverse(),
      ];
      return chars === " " && cell.isBgDefault() && !cell.isInverse()
        ? " "
        : `${chars}/${style.join()}`;
    }).join("").trimEnd();
  });
  const shown = { rows, cursor: [active.cursorX, active.cursorY], type: active.type };
  terminal.dispose();
  return shown;
}
