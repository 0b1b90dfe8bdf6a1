/** A program's whole output; it throws where the program fails, or is not done after so many seconds. */
import { spawn } from "node:child_process";

export async function outputOf(program: string, args: readonly string[], seconds: number): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: seconds * 1000 });
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.on("close", (...end) => resolve(end)),
  );
  if (code === 0) return out;
  const end = signal === null ? `ended with ${code}` : `was ended by ${signal} (it has ${seconds} s)`;
  throw new Error(`${program} ${args.join(" ")} ${end}: ${err}${out}`);
}
