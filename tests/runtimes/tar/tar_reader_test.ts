import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodePax } from "../../../src/runtimes/tar/tar_pax.ts";
import { encodeTarHeader } from "../../../src/runtimes/tar/tar_header.ts";
import { readTar, type ReadTarOptions } from "../../../src/runtimes/tar/tar_reader.ts";
import { type TarSource, writeTar } from "../../../src/runtimes/tar/tar_writer.ts";
import { runProgram } from "../../testutil/run_program.ts";
import { bytes, cut, readAll, readText, seeded } from "../docker/engine/streams.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const END = new Uint8Array(1024);

function header(typeFlag: string, name: string, size = 0, linkName = ""): Bytes {
  return encodeTarHeader({ name, typeFlag, size, mode: 0o644, uid: 1, gid: 2, mtime: 3, linkName });
}

function entry(typeFlag: string, name: string, content: Uint8Array): Bytes[] {
  const padded = new Uint8Array(Math.ceil(content.length / 512) * 512);
  padded.set(content);
  return [header(typeFlag, name, content.length), padded];
}

function pax(records: Record<string, string>, typeFlag = "x"): Bytes[] {
  return entry(typeFlag, "pax", encodePax(records));
}

async function read(parts: readonly Bytes[], options?: ReadTarOptions): Promise<string[]> {
  const found: string[] = [];
  for await (const item of readTar(ReadableStream.from(parts), options)) {
    const link = item.linkName === "" ? "" : ` -> ${item.linkName}`;
    found.push(`${item.type} ${item.name}${link} ${await readText(item.readable)}`.trimEnd());
  }
  return found;
}

/** Changes a header and makes its checksum right again. */
function patched(block: Bytes, at: number, values: Uint8Array): Bytes {
  const copy = block.slice();
  copy.set(values, at);
  copy.fill(32, 148, 156);
  const sum = copy.reduce((total, byte) => total + byte, 0);
  copy.set(bytes(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return copy;
}

Deno.test("readTar() reads what tar packs, in every format", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const long = `${"d".repeat(120)}/${"é".repeat(70)}`;
    await Deno.mkdir(`${directory}/in/${"d".repeat(120)}`, { recursive: true });
    await Deno.writeTextFile(`${directory}/in/${long}`, "long");
    await Deno.writeTextFile(`${directory}/in/short`, "short");
    await Deno.symlink(long, `${directory}/in/sym`);
    await Deno.link(`${directory}/in/short`, `${directory}/in/twin`);
    for (const format of ["gnu", "pax"]) {
      const args = ["--sort=name", `--format=${format}`, "-cf", "a.tar", "-C", "in", "."];
      const { code } = await runProgram("tar", args, { cwd: directory });
      assertEquals(code, 0);
      assertEquals(await read([await Deno.readFile(`${directory}/a.tar`)]), [
        "directory ./",
        `directory ./${"d".repeat(120)}/`,
        `file ./${long} long`,
        "file ./short short",
        `symlink ./sym -> ${long}`,
        "hardlink ./twin -> ./short",
      ]);
    }
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("readTar() reads every kind of entry", async () => {
  assertEquals(
    await read([
      ...entry("0", "plain", bytes("a")),
      ...entry("7", "contiguous", bytes("b")),
      ...entry("\0", "old", bytes("c")),
      ...entry("\0", "olddir/", bytes("")),
      header("5", "dir/", 77),
      header("3", "device"),
      header("6", "pipe"),
      ...entry("S", "sparse", bytes("d")),
      ...entry("?", "unknown", bytes("e")),
      ...pax({ "GNU.sparse.major": "1", "GNU.sparse.name": "x" }),
      ...entry("0", "sparse by pax", bytes("f")),
      END,
    ]),
    [
      "file plain a",
      "file contiguous b",
      "file old c",
      "directory olddir/",
      "directory dir/",
      "other device",
      "other pipe",
      "other sparse d",
      "other unknown e",
      "other sparse by pax f",
    ],
  );
});

Deno.test("readTar() applies extended headers to the next entry only", async () => {
  const found = [];
  const parts = [
    ...pax({ comment: "for all" }, "g"),
    ...pax({ path: "päth", size: "3", mtime: "12.5", uid: "5000000", gid: "7" }),
    ...entry("0", "short", bytes("abc")),
    ...entry("L", "././@LongLink", bytes("long name\0")),
    ...entry("K", "././@LongLink", bytes("long target\0")),
    header("2", "link", 0, "short target"),
    ...entry("0", "after", bytes("")),
    END,
  ];
  for await (
    const { name, size, mtime, uid, gid, linkName } of readTar(ReadableStream.from(parts))
  ) {
    found.push([name, size, mtime, uid, gid, linkName]);
  }
  assertEquals(found, [
    ["päth", 3, 12.5, 5000000, 7, ""],
    ["long name", 0, 3, 1, 2, "long target"],
    ["after", 0, 3, 1, 2, ""],
  ]);
});

Deno.test("readTar() reads numbers in base 256 and checksums over signed bytes", async () => {
  const big = patched(header("5", "big"), 108, new Uint8Array([0x80, 0, 0, 0, 0x80, 0, 0, 0]));
  const signed = patched(header("5", "sïgned"), 0, bytes("sïgned"));
  const sum = signed.reduce(
    (total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte << 24 >> 24),
    0,
  );
  signed.set(bytes(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  const uids: unknown[] = [];
  for await (const { name, uid } of readTar(ReadableStream.from([big, signed, END]))) {
    uids.push([name, uid]);
  }
  assertEquals(uids, [["big", 2 ** 31], ["sïgned", 1]]);
});

Deno.test("readTar() passes over content that nobody reads", async () => {
  const parts = [
    ...entry("0", "a", new Uint8Array(2000)),
    ...entry("0", "b", new Uint8Array(2000)),
    ...entry("0", "c", bytes("end")),
    END,
  ];
  const names: string[] = [];
  let kept: ReadableStream<Uint8Array> | undefined;
  for await (
    const { name, readable } of readTar(ReadableStream.from(cut(concat(parts), seeded(1))))
  ) {
    names.push(name);
    if (name === "a") kept = readable;
    if (name === "b") {
      const reader = readable.getReader();
      await reader.read();
      await reader.cancel();
    }
    if (name === "c") assertEquals(await readText(readable), "end");
  }
  assertEquals(names, ["a", "b", "c"]);
  await assertRejects(() => readAll(kept!), TypeError, "once the next one was asked for");
});

Deno.test("readTar() ends at one block of zeroes and passes over what fills a tape", async () => {
  assertEquals(await read([new Uint8Array(512)]), []);
  assertEquals(await read([...entry("0", "a", bytes("")), new Uint8Array(10240)]), ["file a"]);
});

Deno.test("readTar() refuses an archive that is cut off, wherever", async () => {
  const whole = concat([...pax({ path: "long" }), ...entry("0", "a", new Uint8Array(600)), END]);
  const content = whole.length - END.length;
  for (let length = 0; length < content + 512; length += 64) {
    await assertRejects(() => read([whole.slice(0, length)]), SyntaxError, "cut off");
  }
  await read([whole.slice(0, content + 512)]);
});

Deno.test("readTar() refuses what is malformed", async () => {
  const broken = header("0", "a");
  broken[0] = 98;
  const number = patched(header("0", "a"), 124, bytes("9"));
  const huge = patched(header("0", "a"), 124, new Uint8Array(12).fill(0xff));
  const ofPax = (
    text: string,
  ) => [...entry("x", "pax", bytes(text)), ...entry("0", "a", bytes("")), END];
  const cases: [string, Bytes[]][] = [
    ["checksum", [broken, END]],
    ["malformed", [number, END]],
    ["out of range", [huge, END]],
    ["no name", [patched(header("0", "a"), 0, new Uint8Array(1)), END]],
    ["malformed", ofPax("3 a=b\n")],
    ["malformed", ofPax("99 a=b\n")],
    ["malformed", ofPax("6 a=b ")],
    ["malformed", ofPax("5 ab\n")],
    ["malformed", ofPax("0 a=b\n")],
    ["malformed", ofPax("-6 a=b\n")],
    ["malformed", ofPax("x")],
    ["a zero in a value", ofPax("12 path=a\0b\n")],
    ["no name", ofPax("8 path=\n")],
    ["size of an entry", ofPax("11 size=-1\n")],
    ["size of an entry", ofPax("25 size=9999999999999999\n")],
    ["mtime of an entry", ofPax("13 mtime=1e9\n")],
    ['sets "path"', [...pax({ path: "x" }, "g"), ...entry("0", "a", bytes("")), END]],
    ["not followed by an entry", [...pax({ path: "x" }), END]],
    ["more than 8", [...Array(9).fill(pax({ a: "b" })).flat(), ...entry("0", "a", bytes("")), END]],
  ];
  for (const [problem, parts] of cases) {
    await assertRejects(() => read(parts), SyntaxError, problem, problem);
  }
});

Deno.test("readTar() bounds what it keeps in memory", async () => {
  const long = [
    ...entry("L", "x", new Uint8Array(600).fill(97)),
    ...entry("0", "a", bytes("")),
    END,
  ];
  const limit = "600 bytes, at most 599";
  await assertRejects(() => read(long, { maxHeaderBytes: 599 }), SyntaxError, limit);
  assertEquals((await read(long, { maxHeaderBytes: 600 })).length, 1);
  // Refused by what the header states, before any of it is there.
  const stated = header("x", "pax", 0o77777777777);
  await assertRejects(() => read([stated]), SyntaxError, "at most 1048576");
});

Deno.test("readTar() cancels its stream when the reading is given up, and throws what it throws", async () => {
  let cancelled = 0;
  const source = () =>
    new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(concat(entry("0", "a", new Uint8Array(600)))),
      cancel: () => void cancelled++,
    });
  for await (const _ of readTar(source())) break;
  assertEquals(cancelled, 1);
  const failing = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(header("0", "a", 600)),
    pull: () => Promise.reject(new URIError("lost")),
  }, { highWaterMark: 0 });
  await assertRejects(
    async () => {
      for await (const _ of readTar(failing));
    },
    URIError,
    "lost",
  );
});

Deno.test("readTar() reads back random archives in random pieces", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = seeded(seed);
    const sources: (TarSource & { content: Uint8Array; type: "file" })[] = [];
    for (let count = random() * 12; count > 0; count--) {
      const name = "nü/"[Math.floor(random() * 2)]!.repeat(1 + random() ** 2 * 400);
      sources.push({
        type: "file",
        name,
        content: new Uint8Array(random() ** 2 * 5000).fill(random() * 256),
      });
    }
    const whole = concat([await readAll(writeTar(sources)) as Bytes]);
    const found: unknown[] = [];
    for await (const { name, readable } of readTar(ReadableStream.from(cut(whole, random)))) {
      // Now and then, some content is left unread.
      found.push(random() < 0.2 ? name : [name, await readAll(readable)]);
    }
    assertEquals(found.length, sources.length);
    found.forEach((item, index) => {
      const { name, content } = sources[index]!;
      assertEquals(item, typeof item === "string" ? name : [name, content], `seed ${seed}`);
    });
  }
});

Deno.test("readTar() never throws anything but a SyntaxError, whatever it is fed", async () => {
  const whole = concat([
    ...pax({ path: "a/long/path", size: "700", mtime: "1.5" }),
    ...entry("0", "short", new Uint8Array(700).fill(7)),
    ...entry("L", "long", bytes("b/long/name")),
    ...entry("0", "short", bytes("abc")),
    header("5", "dir/"),
    END,
  ]);
  const headers = [0, 1024, 2560, 3584, 4608];
  for (let seed = 1; seed <= 400; seed++) {
    const random = seeded(seed);
    const mutated = whole.slice();
    for (let count = 1 + random() * 4; count > 0; count--) {
      mutated[Math.floor(random() * mutated.length)] = random() * 256;
    }
    // Most mutations would end at the checksum otherwise.
    for (const at of random() < 0.8 ? headers : []) {
      mutated.set(patched(mutated.slice(at, at + 512), 0, new Uint8Array(0)), at);
    }
    try {
      let total = 0;
      for await (const { readable } of readTar(ReadableStream.from(cut(mutated, random)))) {
        total += (await readAll(readable)).length;
      }
      assert(total <= mutated.length);
    } catch (error) {
      assert(error instanceof SyntaxError, `seed ${seed}: ${error}`);
    }
  }
});

function concat(parts: readonly Bytes[]): Bytes {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
