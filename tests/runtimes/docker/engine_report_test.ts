import { assertEquals } from "@std/assert";
import { ReportScanner, type ReportWords } from "../../../src/runtimes/docker/engine_report.ts";

const TOKEN = "\x1e0123456789";

function scan(text: string, pieceLength: number) {
  let output = "";
  const words: ReportWords[] = [];
  const scanner = new ReportScanner({
    token: TOKEN,
    onOutput: (bytes) => void (output += new TextDecoder().decode(bytes)),
    onWords: (found) => void words.push(found),
  });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceLength) {
    scanner.write(bytes.subarray(at, at + pieceLength));
  }
  scanner.end();
  return { output, words, strange: scanner.strange, began: scanner.began };
}

Deno.test("ReportScanner tells words from output, split anywhere", () => {
  const near = `a\x1eb${TOKEN.slice(0, 6)}c\x1e\x1e`;
  const text = `${TOKEN}began\n${near}${TOKEN}ended 0 no 1 2 \nleft behind`;
  for (const pieceLength of [1, 2, 3, 7, 13, 1000]) {
    assertEquals(scan(text, pieceLength), {
      output: `${near}left behind`,
      words: [["began"], ["ended", "0", "no", "1", "2"]],
      strange: "",
      began: true,
    });
  }
});

Deno.test("ReportScanner hands on an unfinished token at the end", () => {
  for (const pieceLength of [1, 5, 1000]) {
    const { output } = scan(`${TOKEN}began\nx${TOKEN}ended`, pieceLength);
    assertEquals(output, `x${TOKEN}ended`);
  }
});

Deno.test("ReportScanner keeps what comes before any word apart", () => {
  const { output, strange, began } = scan("OCI runtime exec failed: no sh\r\n", 4);
  assertEquals([output, strange, began], ["", "OCI runtime exec failed: no sh\r\n", false]);
});

Deno.test("ReportScanner takes no endless line for a word", () => {
  const text = `${TOKEN}${"x".repeat(2000)}`;
  assertEquals(scan(`${TOKEN}began\n${text}`, 100).output, text);
});
