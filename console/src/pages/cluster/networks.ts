/** Networks as they are typed: one a line. */
export function networkLines(networks: readonly string[]): string {
  return networks.join("\n");
}

/** Reads lines of networks; what is no network the service says. */
export function parseNetworks(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}
