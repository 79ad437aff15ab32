import { assertEquals } from "@std/assert";
import { isImageName, matchesImage, withTag } from "../../../src/runtimes/docker/image_name.ts";

Deno.test("matchesImage() matches whole names, with the tag that is meant", () => {
  const table: [image: string, patterns: string[], matches: boolean][] = [
    ["codebeaker-python", ["codebeaker-*"], true],
    ["codebeaker-python:latest", ["codebeaker-*"], true],
    ["evil/codebeaker-python", ["codebeaker-*"], false],
    ["python", ["python:latest"], true],
    ["python:3.14", ["python:latest"], false],
    ["python:3.14", ["python:3.*"], true],
    ["python:3x14", ["python:3.14"], false],
    ["ghcr.example/team/box:1", ["ghcr.example/team/*"], true],
    ["ghcr.example.evil/team/box", ["ghcr.example/team/*"], false],
    ["anything", ["*"], true],
    ["anything", [], false],
  ];
  for (const [image, patterns, matches] of table) {
    assertEquals([image, patterns, matchesImage(image, patterns)], [image, patterns, matches]);
  }
});

Deno.test("withTag() adds the engine's tag only where there is none", () => {
  assertEquals(withTag("python"), "python:latest");
  assertEquals(withTag("host:5000/python"), "host:5000/python:latest");
  assertEquals(withTag("host:5000/python:3"), "host:5000/python:3");
  const digest = `python@sha256:${"a".repeat(64)}`;
  assertEquals(withTag(digest), digest);
});

Deno.test("isImageName() takes references and nothing that means more", () => {
  for (const name of ["python", "a/b:c", "host:5000/a/b", `a@sha256:${"0".repeat(64)}`]) {
    assertEquals([name, isImageName(name)], [name, true]);
  }
  for (
    const name of [
      "",
      "A",
      "x:t:t",

      "codebeaker-",
      "x-:1",
      "-v",
      "a b",
      "../x",
      "a//b",
      "a?b",
      "a@b",
      "A\0b",
      "a/../b",
      "${x}",
    ]
  ) {
    assertEquals([name, isImageName(name)], [name, false]);
  }
});
