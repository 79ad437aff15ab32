import { assertEquals, assertThrows } from "@std/assert";
import { dirname, join } from "@std/path";
import { mergeModules } from "../../../src/runtimes/deno/merge_modules.ts";

async function inDirectory(test: (root: string) => Promise<void>): Promise<void> {
  const root = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  try {
    await test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(root, name)), { recursive: true });
    await Deno.writeTextFile(join(root, name), text);
  }
}

async function read(root: string, prefix = ""): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(root)) {
    const path = join(root, name);
    if (isDirectory) Object.assign(files, await read(path, `${prefix}${name}/`));
    else files[prefix + name] = await Deno.readTextFile(path);
  }
  return files;
}

function placesIn(root: string) {
  return {
    fresh: join(root, "fresh"),
    target: join(root, "workspace/node_modules"),
    replaced: join(root, "replaced"),
  };
}

Deno.test("mergeModules() replaces packages whole and keeps others", async () => {
  await inDirectory(async (root) => {
    await write(root, {
      "fresh/a/index.js": "new",
      "fresh/@s/a/index.js": "new",
      "workspace/node_modules/a/old.js": "old",
      "workspace/node_modules/b/index.js": "kept",
      "workspace/node_modules/@s/a/old.js": "old",
      "workspace/node_modules/@s/b/index.js": "kept",
      "workspace/node_modules/@t/c/index.js": "kept",
    });
    const places = placesIn(root);
    mergeModules(places);
    assertEquals(await read(places.target), {
      "a/index.js": "new",
      "b/index.js": "kept",
      "@s/a/index.js": "new",
      "@s/b/index.js": "kept",
      "@t/c/index.js": "kept",
    });
  });
});

Deno.test("mergeModules() replaces what is no directory, and looks into no symlink", async () => {
  await inDirectory(async (root) => {
    await write(root, {
      "fresh/a/index.js": "new",
      "fresh/@s/a/index.js": "new",
      "elsewhere/secret": "secret",
      "workspace/file": "",
    });
    const places = placesIn(root);
    await Deno.symlink(join(root, "elsewhere"), places.target);
    mergeModules(places);
    const expected = { "a/index.js": "new", "@s/a/index.js": "new" };
    assertEquals(await read(places.target), expected);
    assertEquals(await read(join(root, "elsewhere")), { secret: "secret" });

    await write(root, { "next/b/index.js": "next" });
    await Deno.remove(join(places.target, "@s"), { recursive: true });
    await Deno.symlink(join(root, "elsewhere"), join(places.target, "@s"));
    await write(root, { "next/@s/b/index.js": "next" });
    mergeModules({ ...places, fresh: join(root, "next"), replaced: join(root, "again") });
    assertEquals(await read(places.target), {
      "a/index.js": "new",
      "b/index.js": "next",
      "@s/b/index.js": "next",
    });
    assertEquals(await read(join(root, "elsewhere")), { secret: "secret" });
  });
});

Deno.test("mergeModules() throws if there is no workspace", async () => {
  await inDirectory(async (root) => {
    await write(root, { "fresh/a/index.js": "new" });
    assertThrows(() => mergeModules(placesIn(root)), Deno.errors.NotFound);
  });
});
