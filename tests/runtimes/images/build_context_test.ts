import { assertEquals } from "@std/assert";
import { buildContext } from "../../../runtimes/build/build_context.ts";
import { readTar } from "../../../src/runtimes/tar/tar_reader.ts";

/** The names in a context, with a mark for what can be executed. */
async function namesIn(context: ReadableStream<Uint8Array>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, mode, type } of readTar(context)) {
    names.push(type === "file" && (mode & 0o111) !== 0 ? `${name}*` : name);
  }
  return names;
}

Deno.test("buildContext() packs the image's folder and what all share, and no other folder", async () => {
  const names = await namesIn(buildContext("dotnet"));
  const folders = new Set(names.map((name) => name.split("/")[0]));
  assertEquals([...folders], ["common", "debian", "dotnet"]);
  assertEquals(names.includes("dotnet/dotnet-script*"), true);
  assertEquals(names.includes("dotnet/Dockerfile"), true);
});

Deno.test("buildContext() adds certificates only where there are some", async () => {
  const certificates = new TextEncoder().encode("certificate");
  const without = await namesIn(buildContext("bash"));
  const added = await namesIn(buildContext("bash", { certificates }));
  assertEquals(added, [...without, "debian/trust/extra.pem"]);
});
