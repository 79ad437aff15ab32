import { assertEquals, assertThrows } from "@std/assert";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import {
  parsePathStat,
  PATH_STAT_HEADER,
} from "../../../../src/runtimes/docker/engine/path_stat.ts";

function parse(value: unknown): ReturnType<typeof parsePathStat> {
  const header = new TextEncoder().encode(JSON.stringify(value)).toBase64();
  return parsePathStat(new Headers({ [PATH_STAT_HEADER]: header }), "look at it");
}

Deno.test("parsePathStat() reads Go's modes", () => {
  const cases = [
    [0o644, "file", 0o644],
    [2 ** 31 + 0o755, "directory", 0o755],
    [2 ** 31 + 2 ** 20 + 0o777, "directory", 0o1777],
    [2 ** 27 + 0o777, "symlink", 0o777],
    [2 ** 23 + 2 ** 22 + 0o755, "file", 0o6755],
    [2 ** 26 + 0o660, "other", 0o660],
    [2 ** 25 + 0o600, "other", 0o600],
    [2 ** 24 + 0o600, "other", 0o600],
  ] as const;
  for (const [mode, type, permissions] of cases) {
    const stat = parse({ name: "ü", size: 1, mode, mtime: "t", linkTarget: "/l" });
    assertEquals([stat.type, stat.mode, stat.name, stat.linkTarget], [
      type,
      permissions,
      "ü",
      "/l",
    ]);
  }
});

Deno.test("parsePathStat() refuses what describes nothing", () => {
  for (const value of [null, {}, { name: "a", size: "1", mode: 1 }, 7]) {
    assertEquals(assertThrows(() => parse(value), EngineError).kind, "protocol");
  }
  for (const text of ["", "%%%", btoa("{")]) {
    const headers = new Headers({ [PATH_STAT_HEADER]: text });
    assertThrows(() => parsePathStat(headers, "look at it"), EngineError, "Cannot look at it: ");
  }
  assertThrows(() => parsePathStat(new Headers(), "look at it"), EngineError);
});
