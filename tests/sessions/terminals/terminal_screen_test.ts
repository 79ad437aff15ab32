import { assert, assertEquals, assertRejects } from "@std/assert";
import { SandboxError } from "../../../src/errors.ts";
import type { Screen } from "../../../src/protocol/terminal.ts";
import { OutputCapture } from "../../../src/runtimes/output_capture.ts";
import { systemClock } from "../../../src/sessions/clock.ts";
import { EmulatorTurns } from "../../../src/sessions/terminals/emulator_turns.ts";
import { TerminalScreen } from "../../../src/sessions/terminals/terminal_screen.ts";
import { shownBy } from "./shown_by.ts";

const SIZE = { cols: 40, rows: 10 };
/** Time in which nobody gets tired. */
const restless = { ...systemClock, now: () => 0 };
const encoder = new TextEncoder();

function setUp(size = SIZE, maxBytes = 1024 * 1024) {
  const output = new OutputCapture({ maxBytes, timers: systemClock });
  const screen = new TerminalScreen(output, size, new EmulatorTurns(restless));
  const print = (text: string) => output.write("stdout", encoder.encode(text));
  const end = async () => {
    output.end();
    await screen.end();
  };
  return { output, screen, print, end };
}

/** What is shown by an emulator that is given a screen, and by one that is given all output. */
async function assertShows({ data, cols, rows }: Screen, all: string): Promise<void> {
  assertEquals(await shownBy({ cols, rows }, data), await shownBy({ cols, rows }, all));
}

Deno.test("TerminalScreen.snapshot() does show what an emulator of all output shows", async () => {
  const { screen, print, end } = setUp();
  assertEquals(await screen.snapshot(), { ...SIZE, data: "", seq: 0 });
  const lines = Array.from({ length: 300 }, (_, i) => `\x1b[3${i % 8}mline ${i} äöü🦕\x1b[0m\r\n`);
  let all = "";
  for (const line of lines) {
    all += line;
    print(line);
    if (all.length % 50 === 0) await assertShows(await screen.snapshot(), all);
  }
  for (
    const text of [
      "prompt> \x1b[1mbold\x1b[0m\x1b[3Dx",
      "\x1b[?1049h\x1b[2J\x1b[5;5Hin the other screen\x1b[3;8r\x1b[8;1H\n\n\nscrolled",
      "\x1b]0;title\x07\x1b[2;2H\x1b[7mreverse\x1b[27m\x1b[2M",
      "\x1b[?1049l back",
      "\x1b(0lqqqk\x1b(B a\u0301\x1b[4b",
    ]
  ) {
    all += text;
    print(text);
    await assertShows(await screen.snapshot(), all);
  }
  await end();
  await assertShows(await screen.snapshot(), all);
});

Deno.test("TerminalScreen.snapshot() does say where the output goes on, without gap or duplicate", async () => {
  const { output, screen, print, end } = setUp();
  let all = "";
  for (let round = 0; round < 40; round++) {
    const text = `${round}: ${"x".repeat(round * 100)}\r\n`;
    all += text;
    print(text);
    if (round % 8 !== 7) continue;
    const shown = screen.snapshot();
    // While it is made, more comes.
    all += "more\r\n";
    print("more\r\n");
    await new Promise((resolve) => setTimeout(resolve, 5));
    const { seq, data } = await shown;
    const rest = output.replay(seq).chunks.map((chunk) => chunk.data).join("");
    assertEquals(await shownBy(SIZE, data + rest), await shownBy(SIZE, all));
  }
  await end();
});

Deno.test("TerminalScreen.resize() does give the screen another size", async () => {
  const { screen, print, end } = setUp();
  print("one\r\ntwo");
  screen.resize({ cols: 20, rows: 5 });
  const { cols, rows, data } = await screen.snapshot();
  assertEquals([cols, rows, data], [20, 5, "one\r\ntwo"]);
  await end();
  assertEquals((await screen.snapshot()).data, "one\r\ntwo");
});

Deno.test("TerminalScreen does say what it missed of a flood, and costs the server little", async () => {
  const { screen, print, end } = setUp(SIZE, 64 * 1024);
  print("begin\r\n");
  const flood = "y\r\n".repeat(10_000);
  for (let round = 0; round < 100; round++) {
    print(flood);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  print("\x1b[2J\x1b[Hat last");
  const { data, droppedBytes = 0 } = await screen.snapshot();
  assertEquals(await shownBy(SIZE, data, "\x1b[3J"), await shownBy(SIZE, "at last"));
  assert(droppedBytes > 1_000_000, `${droppedBytes}`);
  await end();
  assertEquals((await screen.snapshot()).droppedBytes, droppedBytes);
});

Deno.test("TerminalScreen.snapshot() does survive what is made to hang an emulator", async () => {
  const { screen, print, end } = setUp({ cols: 200, rows: 100 });
  const mark = "\u0301";
  const hostile = [
    "\x1b[2147483647S".repeat(1000),
    `a${mark.repeat(5000)}` + "\x1b[2147483647b".repeat(1000),
    "\x1b[2147483647L\x1b[2147483647T\x1b[2147483647X\x1b[2147483647I".repeat(500),
    "\x1b]8;;http://x\x1b\\".repeat(10_000) + "\x1b]0;" + "t".repeat(200_000) + "\x07",
    "\x1bP" + "q".repeat(200_000) + "\x1b\\",
    "\x1b#8\x1bc\x1b[?1049h\x1b[?1049l\x1b[2J".repeat(500),
    String.fromCodePoint(...Array.from({ length: 20_000 }, (_, i) => (i * 7919) % 0xd800)),
  ];
  for (const text of hostile) {
    print(text);
    await screen.snapshot();
  }
  print("\x18\x1bcalive");
  assertEquals((await screen.snapshot()).data, "alive");
  await end();
});

Deno.test("TerminalScreen.snapshot() does bound its length", async () => {
  const { screen, print, end } = setUp({ cols: 500, rows: 400 }, 16 * 1024 * 1024);
  for (let row = 1; row <= 400; row++) {
    const cells = Array.from({ length: 500 }, (_, i) => `\x1b[38;2;${i % 256};${row % 256};7mx`);
    print(`\x1b[${row};1H${cells.join("")}`);
  }
  const { data } = await screen.snapshot();
  assert(data.length <= 1024 * 1024, `${data.length}`);
  assertEquals(data.slice(0, 500), "x".repeat(500));
  await end();
  assert((await screen.snapshot()).data.length <= 256 * 1024);
});

Deno.test("TerminalScreen.snapshot() does refuse very large terminals", async () => {
  const large = setUp({ cols: 1000, rows: 1000 });
  assertEquals(large.screen.isKept, false);
  const refused = async (screen: TerminalScreen) =>
    (await assertRejects(() => screen.snapshot(), SandboxError)).code;
  assertEquals(await refused(large.screen), "not_supported");
  await large.end();
  const grown = setUp();
  grown.print("text");
  assertEquals(grown.screen.isKept, true);
  grown.screen.resize({ cols: 1000, rows: 1000 });
  grown.print("more");
  assertEquals(await refused(grown.screen), "not_supported");
  await grown.end();
});
