import { assertEquals } from "@std/assert";
import { boundTo, boundToFirst, boundToPaths, labelBounds } from "../../src/metrics/vocabulary.ts";
import { VOCABULARY } from "./test_metrics.ts";

Deno.test("boundTo() knows its words and nothing else", () => {
  const bound = boundTo(new Set(["a", "b"]));
  assertEquals(["a", "b", "A", "", "constructor"].map(bound), [
    ...["a", "b", "unknown", "unknown", "unknown"],
  ]);
});

Deno.test("boundToFirst() knows the first words that come", () => {
  const bound = boundToFirst(2);
  assertEquals(["b", "a", "b", "c", "a"].map(bound), ["b", "a", "b", "unknown", "a"]);
});

Deno.test("boundToPaths() takes what is under a path for the path", () => {
  const bound = boundToPaths(["/rpc", "/console/*"]);
  assertEquals(["/rpc", "/rpc/", "/console/a/b", "/console/", "/console", "/"].map(bound), [
    ...["/rpc", "unknown", "/console/*", "/console/*", "unknown", "unknown"],
  ]);
});

Deno.test("labelBounds() always knows ok as an outcome", () => {
  const bounds = labelBounds(VOCABULARY);
  assertEquals([bounds.failures("ok"), bounds.engineFailures("ok")], ["ok", "ok"]);
  assertEquals([bounds.failures("invalid_params"), bounds.methods("ok")], [
    ...["invalid_params", "unknown"],
  ]);
});
