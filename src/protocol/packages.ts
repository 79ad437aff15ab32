import { z } from "zod";
import { PathSchema } from "./path.ts";

/** What installs packages. */
export const PackageManagerSchema = z.enum(["pip", "npm", "go", "deno", "gem"]);
/** What installs packages. */
export type PackageManager = z.output<typeof PackageManagerSchema>;

/** Installs packages for the session's code. */
export const InstallPackagesSchema = z.strictObject({
  type: z.literal("install_packages"),
  packages: z.array(z.string().min(1).max(300)).max(100).default([]).meta({
    description: "Names, each with a version where the manager knows such: requests==2.32, " +
      "@scope/x@^1, golang.org/x/text@v0.3.0, npm:zod@4, rake:13.2.1",
  }),
  manager: PackageManagerSchema.optional()
    .meta({ description: "By default that of the session's language" }),
  requirementsFile: PathSchema.optional().meta({
    description: "A file that lists packages: requirements.txt, package.json or go.mod",
  }),
}).superRefine(({ packages, requirementsFile }, context) => {
  if (packages.length > 0 || requirementsFile !== undefined) return;
  const message = "Expected at least one package, or a requirementsFile";
  context.addIssue({ code: "custom", path: ["packages"], message });
});

/** The result of `install_packages`. */
export const InstallResultSchema = z.strictObject({
  exitCode: z.int().nullable(),
  stdout: z.string(),
  stderr: z.string(),
  durationMs: z.number(),
  packages: z.array(z.string()).meta({ description: "As asked for" }),
});
