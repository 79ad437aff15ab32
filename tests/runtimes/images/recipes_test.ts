import { assert, assertEquals, assertMatch } from "@std/assert";
import { LANGUAGE_IMAGES } from "../../../runtimes/build/language_images.ts";
import { findBase, findNeeds, RUNTIMES } from "../../../runtimes/build/recipe.ts";

const OTHER_FOLDERS = ["build", "common", "debian"];

function read(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, RUNTIMES));
}

Deno.test("runtimes/ has a folder for every image of the table of languages, and no other", async () => {
  const entries = await Array.fromAsync(Deno.readDir(RUNTIMES));
  const folders = entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  const expected = [...OTHER_FOLDERS, ...LANGUAGE_IMAGES.map(({ folder }) => folder)];
  assertEquals(folders.toSorted(), expected.toSorted());
});

for (const { folder, name } of LANGUAGE_IMAGES) {
  Deno.test(`runtimes/${folder}/Dockerfile is pinned, labelled and without root`, async () => {
    const dockerfile = await read(`${folder}/Dockerfile`);
    const base = findBase(dockerfile, folder);
    assertMatch(base, /:[\w.-]*\d[\w.-]*$/, "expected a tag with a version");
    assert(!base.endsWith(":latest"));
    const lines = dockerfile.split("\n");
    assertEquals(lines.filter((line) => line.startsWith("FROM ")), ["FROM ${BASE}"]);
    assertEquals(lines.findLast((line) => line.startsWith("USER ")), "USER 65532:65532");
    assertEquals(lines.findLast((line) => line.startsWith("WORKDIR ")), "WORKDIR /workspace");
    assert(lines.includes(`LABEL codebeaker.language=${folder}`));
    assertMatch(dockerfile, /^ENV HOME=\/home\/codebeaker \\\n {2}LANG=C\.UTF-8 \\\n {2}PATH=/m);
    assertMatch(dockerfile, /^RUN sh \/usr\/local\/lib\/codebeaker\/setup\.sh/m);
  });

  Deno.test(`runtimes/${folder}/README.md names the image and its base`, async () => {
    const readme = await read(`${folder}/README.md`);
    assert(readme.includes(name.replace(":latest", "")));
    assert(readme.includes(findBase(await read(`${folder}/Dockerfile`), folder)));
  });
}

Deno.test("findBase() refuses a Dockerfile without a base", () => {
  let message = "";
  try {
    findBase("FROM x\n", "frob");
  } catch (error) {
    message = String(error);
  }
  assertMatch(message, /Cannot read runtimes\/frob\/Dockerfile: there is no line "ARG BASE=IMAGE"/);
});

Deno.test("findNeeds() finds the stand-ins that stages begin with", () => {
  const dockerfile =
    "FROM codebeaker-debian:${SUITE}-nodejs AS fetch\nFROM codebeaker-debian:${SUITE}\n";
  assertEquals(findNeeds(dockerfile), ["nodejs"]);
});
