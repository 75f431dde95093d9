/**
 * Hand-made containers for tests: sections given as hex text, put behind a valid header.
 *
 * @module
 */

/** The header of a valid container. */
export const HEADER = "4558544150450000 0000 0100";

/** The smallest useful program's payloads by tag, in the reference's order: one `ret r0`. */
export const SMALLEST: readonly (readonly [tag: number, payload: string])[] = [
  [1, "01 00"],
  [2, "00"],
  [3, "00 00 00"],
  [5, "01 03 51 00 00"],
  [6, "01 00"],
  [4, "01 00 00 01 00 00"],
  [7, "01 00 00 00 00"],
  [8, "00"],
];

/** Bytes of hex text, in which blanks mean nothing. */
export function hex(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

/** A container with the given sections; lengths are those of the payloads. */
export function container(
  sections: readonly (readonly [tag: number, payload: string])[],
): Uint8Array<ArrayBuffer> {
  const parts = sections.map(([tag, payload]) => {
    const { length } = hex(payload);
    const size = length < 0x80 ? [length] : [length & 0x7f | 0x80, length >> 7];
    return Uint8Array.of(tag, ...size).toHex() + payload;
  });
  return hex(HEADER + parts.join(""));
}

/** `SMALLEST` with some payloads replaced or, for tags it lacks, added at the end. */
export function variant(payloads: Record<number, string>): Uint8Array<ArrayBuffer> {
  const replaced = SMALLEST.map(([tag, payload]) => [tag, payloads[tag] ?? payload] as const);
  const added = Object.entries(payloads).map(([tag, payload]) => [Number(tag), payload] as const)
    .filter(([tag]) => !SMALLEST.some(([known]) => known === tag));
  return container([...replaced, ...added]);
}

/** Offset of the payload of the first section `tag` in a container with lengths below 128. */
export function payloadStart(bytes: Uint8Array, tag: number): number {
  let at = 12;
  while (bytes[at] !== tag) at += 2 + bytes[at + 1];
  return at + 2;
}
