import { assert, assertEquals } from "@std/assert";
import headless from "@xterm/headless";
import { TerminalFilter } from "../../../src/sessions/terminals/terminal_filter.ts";
import { Random } from "../../agent/random.ts";
import { shownBy } from "./shown_by.ts";

const SIZE = { cols: 80, rows: 24 };

function filtered(text: string, size = SIZE): string {
  return new TerminalFilter(size).push(text).join("");
}

Deno.test("TerminalFilter.push() does let through what changes the screen", () => {
  for (
    const text of [
      "text ä🦕\r\n\ttab\x07\b",
      "\x1b[1;31;48;2;1;2;3mred\x1b[0m",
      "\x1b[4:3munderlined",
      "\x1b[?1049h\x1b[2J\x1b[H\x1b[5;10r\x1b[10;20H\x1b[3A\x1b[K\x1b[1P\x1b[2@\x1b[?25l\x1b[?2004h",
      "\x1b7\x1b8\x1b(0qqq\x1b(B\x1bM\x1bD\x1bc\x1b#8\x0e\x0f",
      "\x1b[S\x1b[2T\x1b[3L\x1b[4M\x1b[!p",
    ]
  ) assertEquals(filtered(text), text);
});

Deno.test("TerminalFilter.push() does leave out what is not seen", () => {
  assertEquals(filtered("a\x1b]0;title\x07b\x1b]8;;http://x\x1b\\c"), "abc");
  assertEquals(filtered("a\x1bP1$r\x07still\x1b\\b\x1b_app\x9cc\x1b^pm\x18d"), "abcd");
  assertEquals(filtered("a\x1b[6n\x1b[c\x1b[>c\x1b[8;5;5t\x1b[>1u\x1b[?1;2$yb"), "ab");
  assertEquals(filtered(`a\x1b[${"1;".repeat(200)}mb`), "ab");
});

Deno.test("TerminalFilter.push() does bound what a sequence makes an emulator do", () => {
  assertEquals(filtered("\x1b[2147483647S\x1b[999999999999999L"), "\x1b[24S\x1b[24L");
  assertEquals(filtered("\x1b[99999P\x1b[99999;99999H"), "\x1b[80P\x1b[1000;1000H");
  assertEquals(filtered("ab\x1b[3b|\x1b[999999999b"), "abbbb|" + "|".repeat(80));
  assertEquals(filtered("a\x1b[0m\x1b[5b"), "a\x1b[0m");
  assertEquals(filtered("\x9b5A\x9d0;title\x9c."), "\x1b[5A.");
});

Deno.test("TerminalFilter.push() does the same however output is split", () => {
  const text = "a\x1b[31mb\x1b]0;t\x07c\x1b[5\nAd\x1b(0e\x1b[3bf\x1bPq\x1b\\g\x9b2Jh";
  const whole = filtered(text);
  assertEquals(whole.includes("\n"), true);
  const filter = new TerminalFilter(SIZE);
  assertEquals([...text].flatMap((character) => filter.push(character)).join(""), whole);
});

Deno.test("TerminalFilter.push() does bound the marks at a character", () => {
  const mark = "\u0301";
  assertEquals(filtered(`a${mark}b${mark.repeat(1000)}c`), `a${mark}b${mark.repeat(8)}c`);
  const filter = new TerminalFilter(SIZE);
  const parts = ["a", mark.repeat(6), mark.repeat(6), "b", mark].flatMap((part) =>
    filter.push(part)
  );
  assertEquals(parts.join(""), `a${mark.repeat(8)}b${mark}`);
  let length = 0;
  const back = `\x1b[1;2H${mark.repeat(8)}`.repeat(1000);
  for (let round = 0; round < 200; round++) {
    length += filter.push(back).join("").replaceAll(/[^\u0301]/g, "").length;
  }
  assert(length <= 1_000_000, `${length}`);
});

Deno.test("TerminalFilter.push() does leave out what is too much work for its length", () => {
  const clears = "\x1b[2J".repeat(100_000);
  const ordinary = new TerminalFilter(SIZE);
  for (let i = 0; i < 100; i++) ordinary.push(`${"x".repeat(20)}\x1b[2J`.repeat(1000));
  assertEquals(ordinary.omitted, 0);
  const filter = new TerminalFilter({ cols: 500, rows: 500 });
  const { length } = filter.push(clears).join("");
  assert(length > 0 && length < 4 * 1000, `${length}`);
  assertEquals(filter.omitted, clears.length - length);
});

Deno.test("TerminalFilter.push() does cut output into pieces of little work", () => {
  const filter = new TerminalFilter({ cols: 500, rows: 500 });
  assertEquals(filter.push("\x1b[2J".repeat(10)).length, 10);
  assert(filter.push("x".repeat(100_000)).every((piece) => piece.length <= 2048));
});

Deno.test("TerminalFilter does know every character that the emulator adds to the one before", () => {
  const terminal = new headless.Terminal({ allowProposedApi: true });
  const { unicodeService } = (terminal as unknown as {
    _core: { unicodeService: { wcwidth(codepoint: number): number } };
  })._core;
  const unbounded: string[] = [];
  for (let codepoint = 0xa0; codepoint < 0x110000; codepoint++) {
    if (codepoint >= 0xd800 && codepoint < 0xe000) continue;
    if (unicodeService.wcwidth(codepoint) !== 0) continue;
    const character = String.fromCodePoint(codepoint);
    if (filtered(`a${character.repeat(9)}`).length > 1 + 8 * character.length) {
      unbounded.push(codepoint.toString(16));
    }
  }
  terminal.dispose();
  assertEquals(unbounded, []);
});

Deno.test("TerminalFilter.push() does change nothing of what programs show", async () => {
  const size = { cols: 30, rows: 12 };
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    const parts = Array.from({ length: 300 }, () => somePart(random));
    const filter = new TerminalFilter(size);
    const safe = parts.flatMap((part) => filter.push(part));
    assertEquals(
      await shownBy(size, safe.join("")),
      await shownBy(size, parts.join("")),
      `seed ${seed}`,
    );
    assertEquals(filter.omitted, 0);
  }
});

/** Something that a program writes, well-formed or not. */
function somePart(random: Random): string {
  const pick = (options: string) => options[random.below(options.length)]!;
  const number = () => random.below(4) === 0 ? "" : `${random.below(random.below(10) ? 20 : 3000)}`;
  switch (random.below(12)) {
    case 0:
      return `\x1b[${number()}${pick("@ABCDEFGHIJKLMPSTXZ`abdefr")}`;
    case 1:
      return `\x1b[${number()};${number()}${pick("Hfr")}`;
    case 2:
      return `\x1b[${pick("0134579")};3${pick("0123456789")};48;5;${random.below(256)}m`;
    case 3:
      return `\x1b[?${pick("1567")}${pick("hl")}`;
    case 4:
      return pick("\r\n\t\b\v\x0e\x0f");
    case 5:
      return `\x1b${pick("78DEHM=>")}`;
    case 6:
      return `\x1b(${pick("0B")}`;
    case 7:
      return `\x1b[?1049${pick("hl")}`;
    case 8:
      return `\x1b]${random.below(9)};text${pick("\x07\x9c")}`;
    case 9:
      return [
        "漢字",
        "e\u0301",
        "🦕",
        "\x1b[\x18",
        "\x1b[3\n1A",
        "\x1b[>c",
        "\x1b[5n",
      ][random.below(7)]!;
    default:
      return `${pick("abcxyz")}${pick("0123")} `.repeat(1 + random.below(8));
  }
}
