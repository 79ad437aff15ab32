import { assertEquals } from "@std/assert";
import { EventBatch } from "../../../src/agent/inside/event_batch.ts";
import type { WatchEvent } from "../../../src/agent/inside/protocol.ts";

/** `+a` created, `~a` modified, `-a` removed, `a>b` renamed; a slash at the end makes it a directory. */
function event(text: string): WatchEvent {
  const kinds = { "+": "created", "~": "modified", "-": "removed" } as const;
  const [from, to] = text.split(">");
  const path = (to ?? text.slice(1)).replace(/\/$/, "");
  const type = text.endsWith("/") ? "directory" : "file";
  if (to !== undefined) return { kind: "renamed", path, type, from: from! };
  return { kind: kinds[text[0] as keyof typeof kinds], path, type };
}

function text({ kind, path, type, from }: WatchEvent): string {
  const signs = { created: "+", modified: "~", removed: "-", renamed: `${from}>` };
  return `${signs[kind]}${path}${type === "directory" ? "/" : ""}`;
}

Deno.test("EventBatch.add() does make one event of several that say no more", () => {
  const cases: [told: string, kept: string][] = [
    ["+a ~a ~a", "+a"],
    ["~a ~a", "~a"],
    ["+a ~a -a", ""],
    ["~a -a", "-a"],
    ["-a +a", "~a"],
    ["-a +a -a", "-a"],
    ["+a -a +a", "+a"],
    ["-a/ +a/", "-a/ +a/"],
    ["-a/ +a", "-a/ +a"],
    ["+a +a", "+a"],
    ["+d/ +d/a ~d/a -d/", ""],
    ["~d/a +da -d/", "+da -d/"],
    ["+a a>b", "+a a>b"],
    ["a>b ~b", "a>b ~b"],
    ["a>b -b", "a>b -b"],
    ["~a a>b +a", "~a a>b +a"],
    ["+d/a d>e/ -d/", "+d/a d>e/ -d/"],
  ];
  for (const [told, kept] of cases) {
    const batch = new EventBatch();
    for (const each of told.split(" ")) batch.add(event(each));
    assertEquals(batch.isEmpty, kept === "", told);
    assertEquals(batch.take().events.map(text).join(" "), kept, told);
    assertEquals(batch.isEmpty, true);
  }
});

Deno.test("EventBatch.add() does not keep more than is told at once", () => {
  const batch = new EventBatch();
  for (let at = 0; at < 2000; at++) batch.add(event(`+${at}`));
  assertEquals(batch.take().events.length, 2000);
  for (const size of [1, 300]) {
    for (let at = 0; at < 2001; at++) batch.add(event(`+${at}${"x".repeat(size)}`));
    assertEquals(batch.take(), { events: [], overflow: true, notWatched: [] });
  }
  batch.addNotWatched("d");
  batch.overflow();
  assertEquals(batch.take(), { events: [], overflow: true, notWatched: ["d"] });
  for (let at = 0; at < 100; at++) batch.addNotWatched(`${at}`);
  const { notWatched, overflow } = batch.take();
  assertEquals([notWatched.length, overflow], [20, true]);
});
