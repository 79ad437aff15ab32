import { assertEquals } from "@std/assert";
import { parseEntries } from "../../../src/runtimes/docker/engine_entries.ts";

Deno.test("parseEntries() reads names of any kind, with fractions of a second where there are any", () => {
  const text = "/81a4/12/1577934245/2020-01-02 03:04:05.678901234 +0000/plain\n" +
    "/41ed/4096/1577934245/2020-01-02 03:04:05.000000000/line\nbreak\n\n" +
    "/a1ff/3/-1/1969-12-31 23:59:59.000000000 +0000/link\n" +
    "/11a4/0/0/1970-01-01 00:00:00/pipe\n";
  assertEquals(parseEntries(text, "/workspace/x"), [
    entry("plain", "file", 12, "2020-01-02T03:04:05.678Z"),
    entry("line\nbreak\n", "directory", 4096, "2020-01-02T03:04:05.000Z"),
    entry("link", "symlink", 3, "1969-12-31T23:59:59.000Z"),
    entry("pipe", "other", 0, "1970-01-01T00:00:00.000Z"),
  ]);
  assertEquals(parseEntries("", "/workspace"), []);
});

function entry(
  name: string,
  type: "file" | "directory" | "symlink" | "other",
  size: number,
  modifiedAt: string,
) {
  return { name, path: `/workspace/x/${name}`, type, size, modifiedAt };
}
